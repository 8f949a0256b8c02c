#pragma once

#include <filesystem>
#include <string>

#include "run/check.hpp"
#include "studies/time_constants/study.hpp"

namespace psi_xlstm {

/// Estimates the time constants of `run`, a folder of run_tau_study(), again from the files they
/// came from, and compares with tau.json; also the checksums of manifest.json and of these files.
/// Throws DataError or ConfigError where a file is missing or broken.
CheckResult check_tau_run(const std::filesystem::path& run);

/// Compares `again` with the tau.json in `folder`: all texts must be the same and all numbers agree
/// to 1e-6, the precision of a search. Adds to `result`. Throws DataError where the file is missing
/// or no JSON.
void compare_tau(const TauStudyResult& again,
                 const std::filesystem::path& folder,
                 CheckResult& result);

/// Repeats the stage of time constants of the study in `run` on its `dataset`, as compare_tau()
/// does; records that allow no estimate must have left no tau.json.
void check_tau_stage(const TauStageConfig& config,
                     const Dataset& dataset,
                     const fit::StartOptions& starts,
                     const std::filesystem::path& run,
                     CheckResult& result);

}  // namespace psi_xlstm
