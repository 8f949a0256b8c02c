#pragma once

/// @file
/// The optimizer of every training here: AdamW with clipping and a cosine schedule on one flat
/// array.

#include <span>
#include <vector>

#include "config/networks.hpp"
#include "core/rng.hpp"
#include "metrics/training_curve.hpp"

namespace psi_xlstm::training {

/// Everything a training remembers between two steps.
struct TrainingState {
  std::vector<float> parameters, first_moment, second_moment;
  std::vector<float> average;  ///< Of the parameters over about the last 100 steps.
  std::vector<float> bases;    ///< Of Soap: covariances and bases of its matrices; else empty.
  int step = 0;                ///< Optimizer steps done, over all phases.
  int done = 0;                ///< Units of the schedule done (loop.hpp).
  Rng rng{0};
  std::vector<float> best_parameters;  ///< Of the lowest validation loss so far; empty: none yet.
  double best_validation = 0;
  int best_step = 0;            ///< Units after which they were found.
  std::vector<int> assignment;  ///< Cluster of each forget gate, all layers; empty: free.
  std::vector<CurvePoint> curve;
};

/// A state at the start: no moments, no curve.
TrainingState begin_training(const std::vector<double>& parameters, int seed);

/// Learning rate of step `step` (from 0) of `phase`, a cosine from its full value to its final
/// fraction, after a rise over the first 20 steps.
double learning_rate(const PhaseConfig& phase, int step);

/// One AdamW step with the gradient clipped to `clip`; beta2 = 0.999; and of the running average of
/// the parameters (B. Polyak, A. Juditsky, SIAM J. Control Optim. 30 (1992)). Returns the
/// gradient's norm; nothing is changed where that is not finite.
double optimizer_step(TrainingState& state,
                      std::span<const float> gradient,
                      double rate,
                      double clip,
                      double weight_decay);

/// Moves the running average of `state` towards its parameters, by a hundredth.
void update_average(TrainingState& state);

}  // namespace psi_xlstm::training
