#pragma once

/// @file
/// Models that run as a simulator or a controller would run them: one sequence, one sample at a
/// time.

#include <memory>
#include <vector>

#include "model/stored_network.hpp"
#include "psi_xlstm/ir/network.hpp"

namespace psi_xlstm {

/// A model on its way along one sequence.
class Streamer {
 public:
  virtual ~Streamer() = default;

  /// The current [A] at the next sample, at `time` [s] under `voltage` [V]. Samples come in the
  /// order of time; a time before the last one begins another sequence.
  virtual double step(double time, double voltage) = 0;

  /// What it carries from sample to sample, after the last one: in the order of the network that a
  /// circuit holds, in the published protocol layer by layer. Empty where nothing is carried, and
  /// before the first sample.
  virtual std::vector<double> states() { return {}; }
};

/// In what a model is run: as fast as it can be, or as exactly.
enum class Precision { kSingle, kDouble };

/// `network` at the start of a sequence from the conductance `g0` [S] (not used in the published
/// protocol). Throws ShapeError where its parameters do not fit its shape. Does not keep `network`.
std::unique_ptr<Streamer> make_streamer(const StoredNetwork& network,
                                        double g0,
                                        Precision precision = Precision::kSingle);

/// The same of a network with one port. In single precision it is a compact student; throws
/// ShapeError where it is something else.
std::unique_ptr<Streamer> make_streamer(const ir::Network& network,
                                        double g0,
                                        Precision precision = Precision::kSingle);

}  // namespace psi_xlstm
