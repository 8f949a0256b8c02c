#pragma once

/// @file
/// The fits of a study: trained, or taken from an earlier run, and judged on the records that they
/// have not seen.

#include <filesystem>
#include <vector>

#include "run/road.hpp"
#include "studies/compact/study.hpp"

namespace psi_xlstm {

/// All fits of all seeds, each in its folder of the run; `data` is that of each seed.
std::vector<FitOutcome> run_fits(const StudyConfig& config,
                                 const std::vector<SourcedData>& data,
                                 Road& road);

/// The folder of one fit, relative to that of the run.
std::filesystem::path fit_folder(int seed, int fit);

/// The trivial predictors on the records that `outcome` is judged on.
std::vector<BaselineResult> baseline_rows(const FitOutcome& outcome, const Dataset& dataset);

/// The row of metrics.json for one fit.
ModelResult model_row(const StudyConfig& config, const FitOutcome& outcome);

}  // namespace psi_xlstm
