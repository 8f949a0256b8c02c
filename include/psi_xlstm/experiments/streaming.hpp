#pragma once

/// @file
/// Models that run as a simulator or a controller would run them: one sequence, one sample at a
/// time; and how long a step takes, by one protocol for all of them.

#include <memory>

#include "psi_xlstm/experiments/stored_network.hpp"
#include "psi_xlstm/ir/network.hpp"

namespace psi_xlstm::experiments {

/// A model on its way along one sequence.
class Streamer {
 public:
  virtual ~Streamer() = default;

  /// The current [A] at the next sample, at `time` [s] under `voltage` [V]. Samples come in the
  /// order of time.
  virtual double step(double time, double voltage) = 0;
};

/// `network` at the start of a sequence from the conductance `g0` [S] (not used in the published
/// protocol); nothing where there is no streaming step for its kind. Throws ShapeError where its
/// parameters do not fit its shape. Does not keep `network`.
std::unique_ptr<Streamer> make_streamer(const StoredNetwork& network, double g0);

/// Nanoseconds per sample of `streamer` along the last published drive: 40,000 samples, one after
/// the other, the best of five passes in one thread.
double nanoseconds_per_step(Streamer& streamer);

/// nanoseconds_per_step of a trained network; NaN where it has no streaming step.
double streaming_nanoseconds(const StoredNetwork& network);

/// The same for a compact student: its step is that of ir::simulate, sample by sample.
double streaming_nanoseconds(const ir::Network& network);

}  // namespace psi_xlstm::experiments
