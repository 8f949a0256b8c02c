#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace psi_xlstm {

/// What a check of a run folder found.
struct CheckResult {
  int values = 0;                        ///< Numbers that were computed again.
  std::vector<std::string> differences;  ///< One sentence each; empty: all agree.
  /// Why numbers of the run were not computed again, one sentence each; empty: all were.
  std::vector<std::string> not_verified;
};

/// Compares the files of `run` with its manifest.json; adds to `result`. Throws DataError where
/// that is missing or broken.
void check_manifest(const std::filesystem::path& run, CheckResult& result);

}  // namespace psi_xlstm
