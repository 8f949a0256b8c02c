#pragma once

/// @file
/// Whether a model may be called good.

#include <string>
#include <vector>

#include "metrics/finding.hpp"
#include "metrics/results.hpp"
#include "psi_xlstm/data/record.hpp"
#include "studies/compact/study.hpp"

namespace psi_xlstm {

/// Judges `first` on the records of `dataset` it is tested on. It is not good
/// where `findings` hold a refusal; where one of `baselines` is as good, but for an error that the
/// noise explains; and where its error is beyond 10 % of the standard deviation of the current and
/// one and a half times the noise. The noise is what is known (noise-free current, Dataset::noise),
/// else estimated from differences, and at least the half percent that a fit aims for. Of a fit
/// that is not usable only the refusals are told.
Quality judge_quality(const Dataset& dataset,
                      const FitOutcome& first,
                      const std::vector<BaselineResult>& baselines,
                      const std::vector<Finding>& findings);

/// How good it is in a few words: "as good as the noise allows", "3.2 times the noise", "not good:
/// ...".
std::string words_for(const Quality& quality);

/// What opens a result: why the model is not good, else its error beside the noise and the best
/// trivial predictor, with these words. Empty for a fit that is not usable and not refused.
std::string first_line(const Quality& quality);

}  // namespace psi_xlstm
