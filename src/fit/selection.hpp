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

/// What a choice among shapes goes by.
struct SelectionRequest {
  std::vector<StudentShape> shapes;
  FitConfig config;  ///< Of every fit, but for its shape and its seed.
  StartOptions starts;
  std::string name;  ///< Of the network.
  int threads = 1;   ///< At most so many; no result depends on them.
  SelectionProgress progress = [](int, int, const CandidateReport&) {};
};

/// What is worth fitting to `records`, the training records of `dataset`.
struct Candidates {
  std::vector<StudentShape> shapes;
  FitConfig config;  ///< With a curriculum, where shapes with states leave it open.
};

/// The shapes without those with states and a static curve where a static curve alone is no better
/// on the validation records than a resistor, and the config with the curriculum that reaches the
/// lower cost.
Candidates worth_fitting(const Dataset& dataset,
                         const std::vector<TrainingRecord>& records,
                         const SelectionRequest& request);

/// The config of fit number `fit` of `shape`.
FitConfig fit_config(const FitConfig& base, const StudentShape& shape, int fit);

/// Whether fits whose current falls with the voltage at a fixed state, which a circuit cannot
/// follow behind a resistor, are left out, by the least errors [A^2] of those that do not fall and
/// of all: yes, unless a device does that, and they are more than four times better.
bool leaves_out_falling(double not_falling, double all);

/// Whether `a` has fewer parameters than `b`, or as many and a smaller validation error.
bool simpler(const CandidateReport& a, const CandidateReport& b);

/// Fits every shape of `request` that is worth_fitting(), and chooses. Throws DataError where there
/// are no training or validation records.
SelectionResult select(const Dataset& dataset, const SelectionRequest& request);

}  // namespace psi_xlstm::fit
