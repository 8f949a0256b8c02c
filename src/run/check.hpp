#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace psi_xlstm {

/// What a check of a run folder found.
struct CheckResult {
  int values = 0;                        ///< Numbers that were computed again.
  std::vector<std::string> differences;  ///< One sentence each; empty: all agree.
};

/// Compares the files of `run` with its manifest.json; adds to `result`. Throws DataError where
/// that is missing or broken.
void check_manifest(const std::filesystem::path& run, CheckResult& result);

/// Computes the numbers of metrics.json in `run` again, from the stored models (run along the
/// stored voltages), the stored predictions, baselines and co-simulation traces, and compares; also
/// time constants, where the files of the records are still there, and the checksums of
/// manifest.json. Throws DataError or ConfigError where a file is missing or broken.
CheckResult check_run(const std::filesystem::path& run);

}  // namespace psi_xlstm
