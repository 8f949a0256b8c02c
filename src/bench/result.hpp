#pragma once

/// @file
/// A benchmark as it is stored: what was measured, on what, with which program. The tables of the
/// README are made from these files (scripts/readme_tables.py).

#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "core/machine.hpp"
#include "psi_xlstm/core/version.hpp"
#include "report/table.hpp"

namespace psi_xlstm {

/// One benchmark.
struct BenchResult {
  std::string name;     ///< Of the file; words of letters, digits and "_".
  std::string command;  ///< That repeats it.
  std::string program_version = version(), git_commit = psi_xlstm::git_commit();
  Machine machine;                 ///< As it was before the measurement.
  nlohmann::ordered_json numbers;  ///< Everything that was measured.
  std::vector<Table> tables;       ///< The same for a reader.
};

inline constexpr int kBenchFormat = 1;

/// Throws DataError where <folder>/<name>.json is somebody else's file or cannot be written.
void check_bench_target(const std::filesystem::path& folder, const std::string& name);

/// Writes <folder>/<name>.json: version of the format, program and commit, machine, command,
/// numbers and tables. Returns the path. Throws as check_bench_target() does.
std::filesystem::path write_bench_result(const std::filesystem::path& folder,
                                         const BenchResult& result);

}  // namespace psi_xlstm
