#pragma once

/// @file
/// Training of a network of the relaxation convention in the known-start protocol, and running one.
///
/// The network sees (V, ln(g0/gs)) and starts at rest at 0 V; I = V g0 exp(y - y_rest), so that it
/// starts with the conductance g0 whatever was trained. The loss is
///
///     mean chi^2 of windows with starts of their own (all, log-compressed: tau ln(1 + l/tau))
///   + physics x the device's law integrated from the start, on starts nobody measured
///   + the distillation terms (equations/distillation.hpp), which fade out along the schedule.

#include <optional>
#include <vector>

#include "config/networks.hpp"
#include "equations/physics.hpp"
#include "kernels/simd/network_shape.hpp"
#include "psi_xlstm/data/record.hpp"
#include "training/known_start_batch.hpp"
#include "training/loop.hpp"

namespace psi_xlstm::training {

/// A trained network and its scales.
struct KnownStartNetwork {
  kernels::NetworkShape shape;
  std::vector<double> parameters;
  KnownStartScales scales;
};

/// What a training is about.
struct KnownStartProblem {
  const Dataset* data = nullptr;
  double prefix = 20e-6;  ///< First seconds of a record that give its g0 [s].
  std::optional<equations::ThresholdDevice> law;  ///< Of the device, where it is known.
  const KnownStartNetwork* teacher = nullptr;     ///< Of a student.
};

/// gs of `data`: the middle least-squares conductance of its training records [S].
double conductance_scale(const Dataset& data);

/// Trains `shape` from `start` as the config of `run` says.
TrainingOutcome train_known_start(const TrainingRun& run,
                                  const kernels::NetworkShape& shape,
                                  const std::vector<double>& start,
                                  const KnownStartProblem& problem);

}  // namespace psi_xlstm::training
