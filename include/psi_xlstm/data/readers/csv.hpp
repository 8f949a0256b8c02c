#pragma once

/// @file
/// Records as CSV files: a header line with units, one line per sample, decimal points. reading.hpp
/// reads them, and all other files.

#include <string>
#include <vector>

#include "psi_xlstm/data/record.hpp"

namespace psi_xlstm {

/// Returns the text of a CSV file with `records`, shortest numbers that read back as the same
/// doubles: time_s, voltage_V, current_A; before them a record column if there are several records,
/// after them the clean current and the initial conductance if every record has one. Throws
/// DataError unless all records are transient with one port.
std::string csv_text(const std::vector<Record>& records);

}  // namespace psi_xlstm
