#pragma once

/// @file
/// What one column of a CSV file means, from its name.

#include <optional>
#include <string>
#include <string_view>

namespace psi_xlstm {

/// What a column holds.
enum class CsvQuantity { kTime, kVoltage, kCurrent, kCleanCurrent, kInitialConductance, kRecord };

/// What a column's name says.
struct CsvColumnMeaning {
  CsvQuantity quantity;
  std::string port = {};  ///< Of a voltage or current; empty for a plain name.
  double scale = 1;       ///< SI value of one unit of the column.
};

/// Reads a column's name (data/csv_header.hpp lists the names and units); nothing if the column is
/// none of ours. Throws DataError, opened by `where`, if a name of ours has an unknown unit.
std::optional<CsvColumnMeaning> csv_column_meaning(std::string_view name, const std::string& where);

}  // namespace psi_xlstm
