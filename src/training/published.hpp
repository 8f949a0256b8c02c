#pragma once

/// @file
/// Training of a network of the published convention in the published protocol: inputs (V, t),
/// output the current, start hidden. Whole sequences in one batch, truncated back-propagation
/// through time with the states threaded from window to window.

#include <vector>

#include "config/networks.hpp"
#include "kernels/simd/network_shape.hpp"
#include "psi_xlstm/data/record.hpp"
#include "training/loop.hpp"

namespace psi_xlstm::training {

/// Scales of the published protocol: inputs are V [V] and t / time, the output I / current.
struct PublishedScales {
  double current = 1;  ///< [A]
  double time = 2e-3;  ///< [s]
};

/// The trained teacher of a student.
struct PublishedTeacher {
  kernels::NetworkShape shape;
  std::vector<double> parameters;
};

/// Standard deviation of the current of the training records [A].
double current_scale(const Dataset& data);

/// Trains `shape` from `start`: a phase's steps are epochs, its samples those of a window. What is
/// kept is chosen on the validation records; those of the test are not looked at. `teacher` is null
/// where there is none; it is not run where its config has no weight for it.
TrainingOutcome train_published(const TrainingRun& run,
                                const kernels::NetworkShape& shape,
                                const std::vector<double>& start,
                                const Dataset& data,
                                const PublishedScales& scales,
                                const PublishedTeacher* teacher);

}  // namespace psi_xlstm::training
