#pragma once

/// @file
/// The tables of a compact study.

#include <vector>

#include "metrics/results.hpp"
#include "report/table.hpp"
#include "studies/compact/study.hpp"

namespace psi_xlstm {

/// Every fit on the test records, and the device's own law where it is known.
Table model_table(const StudyResult& result);

/// The predictors without memory. The first fit must be usable.
Table baseline_table(const StudyResult& result);

/// Every comparison of a co-simulation.
Table cosim_table(const std::vector<CosimRow>& rows);

/// One row for each form that was simulated.
Table cosim_summary_table(const std::vector<CosimRow>& rows, const std::vector<NotRun>& not_run);

/// The shapes that were tried. The first fit must be usable.
Table candidate_table(const StudyResult& result);

/// Ranges and rates of the chosen model. The first fit must be usable.
Table fact_table(const StudyResult& result);

}  // namespace psi_xlstm
