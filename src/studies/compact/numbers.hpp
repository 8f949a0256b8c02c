#pragma once

#include <vector>

#include "studies/compact/study.hpp"

namespace psi_xlstm {

/// The numbers of metrics.json beside its tables: medians over the fits of each seed, errors by
/// test record and by frequency band, and the facts about the emitted model. `dataset` is that of
/// the first seed. Throws EmitError where the first model could not be emitted.
std::vector<NamedNumber> study_numbers(const StudyConfig& config,
                                       const Dataset& dataset,
                                       const std::vector<FitOutcome>& fits);

/// `quality` where that is not good, failed where a fit is not usable, else the verdict of `cosim`
/// where a co-simulation was wanted.
Judgement judge(const StudyConfig& config,
                const std::vector<FitOutcome>& fits,
                const Judgement& quality,
                const CosimReport& cosim);

}  // namespace psi_xlstm
