#pragma once

/// @file
/// Choosing the size of a student by evidence: many shapes are fitted on the training records,
/// three times each from other starting points, and judged on the validation records. A shape's
/// score is the middle one of its three errors; its standard error holds the scatter along the
/// records and the scatter between the fits. The simplest shape within one standard error of the
/// best score wins; of its fits that are as good as its best, the one with the lowest training
/// cost. Fits whose current falls with the voltage at a fixed state (falling_current.hpp) take part
/// only where without them the best score is more than four times as large.

#include <functional>
#include <string>
#include <vector>

#include "fit/evaluation.hpp"
#include "fit/train.hpp"

namespace psi_xlstm::fit {

/// One shape that was tried.
struct CandidateReport {
  StudentShape shape;
  int parameters = 0;
  double chi2_per_sample = 0;       ///< On the training records.
  double validation_mse = 0;        ///< [A^2]; infinite where the fit failed.
  double shape_score = 0;           ///< Middle validation_mse of the fits of this shape [A^2].
  double shape_standard_error = 0;  ///< Of shape_score [A^2].
  bool chosen = false;
};

struct SelectionResult {
  TrainingResult training;  ///< Of the chosen shape.
  StudentShape shape;
  std::vector<CandidateReport> candidates;  ///< By parameters, ascending.
};

/// Called after each candidate with how many are done and how many there are.
using SelectionProgress = std::function<void(int done, int count, const CandidateReport&)>;

/// The shapes that are tried where `base` leaves them open: static models, one to three states,
/// with and without a curved I(V). `states` and `features` below 0 are open.
std::vector<StudentShape> candidate_shapes(const StudentShape& base, int states, int features);

/// What is worth fitting to `records`, the training records of `dataset`.
struct Candidates {
  std::vector<StudentShape> shapes;
  FitConfig config;  ///< With a curriculum, where shapes with states leave it open.
};

/// `shapes` without those with states and a static curve where a static curve alone is no better on
/// the validation records than a resistor, and `config` with the curriculum that reaches the lower
/// cost.
Candidates worth_fitting(const Dataset& dataset,
                         const std::vector<TrainingRecord>& records,
                         const std::vector<StudentShape>& shapes,
                         const FitConfig& config,
                         const StartOptions& starts,
                         int threads);

/// Whether `a` has fewer parameters than `b`, or as many and a smaller validation error.
bool simpler(const CandidateReport& a, const CandidateReport& b);

/// Fits every one of `shapes` that is worth_fitting() with the other options of `config`, and
/// chooses. The result does not depend on `threads`. Throws DataError where there are no training
/// or validation records.
SelectionResult select(const Dataset& dataset,
                       const std::vector<StudentShape>& shapes,
                       const FitConfig& config,
                       const StartOptions& starts,
                       const std::string& name,
                       int threads,
                       const SelectionProgress& progress);

}  // namespace psi_xlstm::fit
