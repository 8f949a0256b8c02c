#pragma once

/// @file
/// The traces of a co-simulation on disk.

#include <filesystem>
#include <string>

#include "cosimulation/cosimulation.hpp"

namespace psi_xlstm {

/// Writes the traces of one co-simulation to `file`.
void save_traces(const std::filesystem::path& file, const CosimOutcome& outcome);

/// Reads the traces of one co-simulation; everything but the traces stays empty. Throws DataError
/// where the file is missing or holds something else.
CosimOutcome load_traces(const std::filesystem::path& file);

/// The name of the file for the traces of `row`: letters, digits and underscores; the path is part
/// of it unless it is the subcircuit.
std::string trace_file_name(const CosimRow& row);

}  // namespace psi_xlstm
