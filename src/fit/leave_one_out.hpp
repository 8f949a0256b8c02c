#pragma once

/// @file
/// Fits to records that are too few to be divided (Dataset::leave_one_out): every shape is fitted
/// to all records but one, in turn, and judged on the one that was left out. The simplest shape
/// within one standard error of the best is fitted again to all of them; its errors are those of
/// its fits on the records they have not seen.

#include <string>
#include <vector>

#include "fit/selection.hpp"

namespace psi_xlstm::fit {

/// What a fit to all other records says about one.
struct LeftOut {
  TrainingResult training;
  Prediction prediction;  ///< Of the record that was left out.
};

struct LeaveOneOutResult {
  SelectionResult selection;   ///< The fit to all records, and every shape with its left-out error.
  std::vector<LeftOut> parts;  ///< Of the chosen shape, one per record; empty if it is not usable.
};

/// `dataset` as it is when record `left_out` is judged: that one to test on, the others to train on
/// and to choose with.
Dataset without(const Dataset& dataset, int left_out);

/// Fits the shapes of `request` (those worth_fitting() of more than one) to `dataset`, each once
/// for every record left out, and the chosen one three times to all. Throws DataError where there
/// are fewer than two records.
LeaveOneOutResult leave_one_out(const Dataset& dataset, const SelectionRequest& request);

}  // namespace psi_xlstm::fit
