#pragma once

#include <optional>
#include <string>
#include <vector>

#include "metrics/finding.hpp"
#include "metrics/results.hpp"
#include "psi_xlstm/data/record.hpp"
#include "studies/compact/study.hpp"

namespace psi_xlstm {

/// Whether a model may be called good.
struct Quality {
  Judgement judgement;   ///< Failed where it may not; the reason opens the result.
  std::string headline;  ///< One line: how large the error is beside noise and trivial predictors.
  std::string remark;    ///< What to know about a model that passed; empty: nothing.
};

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

/// What opens a result: why the model is not good, else how good it is.
std::string first_line(const Quality& quality);

}  // namespace psi_xlstm
