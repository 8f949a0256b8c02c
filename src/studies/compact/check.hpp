#pragma once

#include <filesystem>

#include "run/check.hpp"

namespace psi_xlstm {

/// Computes the numbers of metrics.json in `run` again, from the stored models (run along the
/// stored voltages), the stored predictions, baselines and co-simulation traces, and compares; also
/// time constants, where the files of the records are still there, and the checksums of
/// manifest.json. Throws DataError or ConfigError where a file is missing or broken.
CheckResult check_compact_run(const std::filesystem::path& run);

}  // namespace psi_xlstm
