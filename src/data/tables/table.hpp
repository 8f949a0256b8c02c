#pragma once

/// @file
/// What every reader makes of a file first: columns of numbers, before anything is chosen from
/// them.
///
/// Axes: C columns, N rows.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "data/tables/column_meaning.hpp"

namespace psi_xlstm {

/// A cell in row `row`, counted from 0.
struct TableCell {
  std::size_t row = 0;
  std::string text;
};

/// One column.
struct TableColumn {
  std::string name;  ///< As in the file; empty: none.
  ColumnMeaning meaning;
  std::vector<double> values = {};    ///< In the unit of the column; NaN: no number. [N]
  std::size_t numbers = 0;            ///< Finite ones among them.
  std::optional<TableCell> bad = {};  ///< The first cell that is no finite number up to 1e30.
  std::vector<TableCell> texts = {};  ///< Of a column of records: where its text changes.
  bool has_point = false, has_comma = false;  ///< Decimal marks that were found.
};

/// Where a file itself starts a new part.
struct TableSection {
  std::size_t row = 0;
  std::string label;  ///< Empty: its number.
};

/// One table.
struct DataTable {
  std::string file;
  std::string format;
  std::vector<std::string> details;
  std::size_t header_line = 0;              ///< Line with the names; 0: none.
  std::size_t skipped = 0;                  ///< Lines above it.
  std::vector<TableColumn> columns = {};    ///< [C]
  std::size_t rows = 0;                     ///< N
  std::vector<std::uint32_t> lines = {};    ///< Of every row; empty in a binary file. [N]
  std::vector<TableSection> sections = {};  ///< In order; empty: the file is one part.
  std::vector<std::string> remarks = {};

  /// "file:line" of a row, or "file: point 7" where there are no lines.
  std::string where(std::size_t row) const;
  /// "file:line" of the names, or "file".
  std::string where() const;
  /// The name of a column for messages: as in the file in quotes, or "column 3".
  std::string title(std::size_t column) const;
};

/// Appends rows of text to a table.
class TableRows {
 public:
  /// `record` is the column whose texts are kept because it was asked for; SIZE_MAX: none.
  explicit TableRows(DataTable& table, std::size_t record = SIZE_MAX);

  /// Appends `cells`, [C], of line `line`. Throws DataError beyond 2^29 numbers.
  void add(std::span<const std::string_view> cells, std::size_t line);

 private:
  void add_cell(TableColumn& column, std::string_view cell, bool keeps_text);

  DataTable& table_;
  std::vector<bool> keeps_text_;
};

/// Refuses the cell of `column` that stands in `row` of the file: throws DataError, "<file>:<line>:
/// column <title>: expected <expected>, found <found>".
[[noreturn]] void refuse_cell(const DataTable& table,
                              std::size_t row,
                              std::size_t column,
                              std::string_view expected,
                              std::string_view found);

/// A number with a decimal point or comma; `comma` says which it was. Nothing else counts: no
/// separators of thousands.
std::optional<double> table_number(std::string_view cell, bool& comma);

/// Whether `cell` is such a number.
bool is_table_number(std::string_view cell);

/// The largest number that is taken for a measured one: squares and products of it are finite.
inline constexpr double kLargestNumber = 1e30;

}  // namespace psi_xlstm
