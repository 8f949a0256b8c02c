#pragma once

/// @file
/// Which rows of a table belong to which record.

#include <cstddef>
#include <string>
#include <vector>

#include "data/readers/column_choice.hpp"
#include "data/tables/table.hpp"

namespace psi_xlstm {

/// Rows [first, last) of one record.
struct TablePart {
  std::size_t first = 0, last = 0;
  std::string label;  ///< Of the record; empty: it is the only one.
};

/// The parts of `table`, by a record column, the file's own sections or a time that starts again;
/// what decided is appended to `remarks`. Throws DataError for a record in two places and a text
/// that cannot name a record.
std::vector<TablePart> table_parts(const DataTable& table,
                                   const ColumnChoice& choice,
                                   std::vector<std::string>& remarks);

}  // namespace psi_xlstm
