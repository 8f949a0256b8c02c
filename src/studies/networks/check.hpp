#pragma once

#include <filesystem>

#include "run/check.hpp"

namespace psi_xlstm {

/// Computes the numbers of metrics.json in `run`, a finished network study, again: the records are
/// drawn anew, the stored models run anew, the stored currents judged anew. Compares, also the
/// checksums of manifest.json. Throws DataError or ConfigError where a file is missing or broken.
CheckResult check_network_run(const std::filesystem::path& run);

}  // namespace psi_xlstm
