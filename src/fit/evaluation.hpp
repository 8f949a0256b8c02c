#pragma once

/// @file
/// Running a model along records and saying how good it is: the start of each record, the
/// predictions, the errors, and the trivial baselines on the same samples.

#include <optional>
#include <string>
#include <vector>

#include "fit/train.hpp"
#include "metrics/results.hpp"
#include "psi_xlstm/data/record.hpp"
#include "psi_xlstm/ir/network.hpp"

namespace psi_xlstm::fit {

/// How the start of a record becomes known.
struct StartOptions {
  std::optional<double> conductance;  ///< Given by the user for every record [S].
  bool exact = false;                 ///< Use Record::initial_conductance where there is one.
  double prefix = 0;                  ///< Length of the prefix that gives g0 [s]; 0: automatic.
  double wanted_log_sd = 0.002;       ///< Automatic: the shortest prefix that is as good as this.
  double longest_fraction = 0.02;     ///< Automatic: but no more than this part of the record.
};

/// Standard deviation of the noise on `record`'s current [A]: `noise` times its own standard
/// deviation where that is known, else estimated from differences, at least half a percent of it.
double noise_of(const Record& record, std::optional<double> noise);

/// The start of `record` from its first samples, with at least 8 of them in an automatic prefix.
StartConductance find_start(const Record& record, double noise_sd, const StartOptions& options);

/// The records `indices` of `dataset` ready for training. In a continuous data set neighbours
/// become one record.
std::vector<TrainingRecord> training_records(const Dataset& dataset,
                                             const std::vector<int>& indices,
                                             const StartOptions& options);

/// One record as a model sees it.
struct Prediction {
  int record = 0;  ///< Index into Dataset::records.
  StartConductance start;
  int scored_from = 0;              ///< Samples before it gave the start and are not scored.
  std::vector<double> current;      ///< [A], [N].
  std::vector<double> conductance;  ///< [S], [N].
  std::vector<std::vector<double>> states;  ///< [S][N].
};

/// Runs `network` freely along the records `indices`, each from its own start; in a continuous data
/// set from the start of its first record without a break, whatever is asked for.
/// `refine_starts`: the g0 of the prefix is adjusted through the model (curved I(V), moving state).
/// Throws ShapeError where `network` is not one conductance (ir::require_one_conductance).
std::vector<Prediction> predict(const ir::Network& network,
                                const Dataset& dataset,
                                const std::vector<int>& indices,
                                const StartOptions& options,
                                bool refine_starts);

/// Errors pooled over `predictions`, scored samples only.
ErrorMetrics score(const Dataset& dataset, const std::vector<Prediction>& predictions);

/// Mean squared error of consecutive pieces of the scored samples [A^2], about `pieces` of them.
std::vector<double> piecewise_mse(const Dataset& dataset,
                                  const std::vector<Prediction>& predictions,
                                  int pieces);

/// Predictors without memory, as numbers that can be stored.
struct Baselines {
  double mean = 0;                          ///< Of the training current [A].
  double resistor = 0;                      ///< [S]
  std::vector<double> polynomial;           ///< [A], by power of V / polynomial_scale.
  double polynomial_scale = 1;              ///< [V]
  std::vector<double> record_conductances;  ///< One per scored record, from its prefix [S].
};

/// Fits the baselines on the training records; `scored` are the predictions they are compared with.
Baselines fit_baselines(const Dataset& dataset, const std::vector<Prediction>& scored);

/// Errors of the baselines on the scored samples, in the order mean, resistor, static polynomial,
/// one conductance per record.
std::vector<BaselineResult> score_baselines(const Baselines& baselines,
                                            const Dataset& dataset,
                                            const std::vector<Prediction>& scored);

/// The same with baselines for each of `scored` alone, fitted on other records each.
std::vector<BaselineResult> score_baselines(const std::vector<Baselines>& of_each,
                                            const Dataset& dataset,
                                            const std::vector<Prediction>& scored);

}  // namespace psi_xlstm::fit
