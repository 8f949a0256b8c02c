#include "data/tables/table.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "data/tables/csv_lines.hpp"
#include "psi_xlstm/core/error.hpp"

namespace psi_xlstm {
namespace {

constexpr std::size_t kMostNumbers = std::size_t{1} << 29;
constexpr std::size_t kLongestNumber = 64;

bool is_digit(char c) { return c >= '0' && c <= '9'; }

}  // namespace

std::string DataTable::where(std::size_t row) const {
  if (row < lines.size()) return fmt::format("{}:{}", file, lines[row]);
  return fmt::format("{}: point {}", file, row + 1);
}

std::string DataTable::where() const {
  return header_line > 0 ? fmt::format("{}:{}", file, header_line) : file;
}

std::string DataTable::title(std::size_t column) const {
  const std::string& name = columns[column].name;
  return name.empty() ? fmt::format("column {}", column + 1) : shown(name);
}

TableRows::TableRows(DataTable& table, std::size_t record) : table_(table) {
  for (std::size_t j = 0; j < table.columns.size(); ++j) {
    keeps_text_.push_back(j == record || table.columns[j].meaning.quantity == Quantity::kRecord);
  }
}

void TableRows::add(std::span<const std::string_view> cells, std::size_t line) {
  if (table_.rows >= kMostNumbers / std::max<std::size_t>(cells.size(), 1)) {
    throw DataError(fmt::format("{}:{}: expected a table of at most {} numbers, found more",
                                table_.file, line, kMostNumbers));
  }
  table_.lines.push_back(static_cast<std::uint32_t>(line));
  for (std::size_t j = 0; j < table_.columns.size(); ++j) {
    add_cell(table_.columns[j], j < cells.size() ? cells[j] : "", keeps_text_[j]);
  }
  ++table_.rows;
}

void TableRows::add_cell(TableColumn& column, std::string_view cell, bool keeps_text) {
  if (keeps_text && (column.texts.empty() || column.texts.back().text != cell)) {
    column.texts.push_back({table_.rows, std::string(cell)});
  }
  bool comma = false;
  const auto value = table_number(cell, comma);
  const bool usable = value && std::abs(*value) <= kLargestNumber;
  if (!usable && !column.bad) column.bad = TableCell{table_.rows, std::string(cell)};
  column.values.push_back(usable ? *value : std::numeric_limits<double>::quiet_NaN());
  if (!usable) return;
  ++column.numbers;
  column.has_comma = column.has_comma || comma;
  if (!column.has_point && cell.find('.') != cell.npos) column.has_point = true;
}

void refuse_cell(const DataTable& table,
                 std::size_t row,
                 std::size_t column,
                 std::string_view expected,
                 std::string_view found) {
  throw DataError(fmt::format("{}: column {}: expected {}, found {}", table.where(row),
                              table.title(column), expected, found));
}

std::optional<double> table_number(std::string_view cell, bool& comma) {
  comma = false;
  if (const auto value = csv_number(cell)) return value;
  const std::size_t at = cell.find(',');
  if (at == cell.npos || cell.size() > kLongestNumber || at + 1 == cell.size() ||
      !is_digit(cell[at + 1]) || cell.find('.') != cell.npos) {
    return std::nullopt;
  }
  std::array<char, kLongestNumber> copy{};
  std::copy(cell.begin(), cell.end(), copy.begin());
  copy[at] = '.';
  const auto value = csv_number({copy.data(), cell.size()});
  comma = value.has_value();
  return value;
}

bool is_table_number(std::string_view cell) {
  bool comma = false;
  return table_number(cell, comma).has_value();
}

}  // namespace psi_xlstm
