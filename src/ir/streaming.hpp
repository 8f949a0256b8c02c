#pragma once

/// @file
/// A compact student as a circuit simulator or a controller would run it: one sample at a time,
/// with what ir::simulate computes.

#include <span>
#include <vector>

#include "kernels/compact/step.hpp"
#include "psi_xlstm/ir/network.hpp"

namespace psi_xlstm::ir {

/// The numbers of `network` for kernels::CompactStep; the conductance is in units of its scale, and
/// a step of dt lasts dt / reference_step. Throws ShapeError unless it has the form that
/// fit::build_compact_student gives it: one port, features tanh of voltage and states, rates
/// softplus and targets tanh of the features, head exp, softplus or affine.
kernels::CompactWeights compact_weights(const Network& network);

/// A compact student on its way along one sequence. A step allocates nothing. In double the results
/// are those of simulate() up to rounding; in float they are good to about 1e-6 and cost less. Not
/// for use by two threads at once.
template <class Real>
class CompactStream {
 public:
  /// Does not keep `network`. Throws as compact_weights does, and ConfigError where the instruction
  /// set is not available.
  explicit CompactStream(const Network& network,
                         kernels::InstructionSet instruction_set = kernels::best_instruction_set());

  /// Puts the student at the first sample, in `states` [S] (ir::initial_state) under `voltage` [V];
  /// returns the current [A]. Throws ShapeError for another number of states.
  double start(std::span<const double> states, double voltage) {
    conductance_ = scale_ * static_cast<double>(step_.start(states, voltage));
    return voltage * conductance_;
  }

  /// The current [A] at the next sample, `dt` [s] later, under `voltage` [V].
  double step(double dt, double voltage) {
    conductance_ = scale_ * static_cast<double>(step_.step(dt * per_reference_step_, voltage));
    return voltage * conductance_;
  }

  /// Current over voltage at the last sample, defined at 0 V too [S].
  double conductance() const { return conductance_; }

  /// The states [S] at the last sample.
  std::vector<double> states() const { return step_.states(); }

 private:
  kernels::CompactStep<Real> step_;
  double scale_, per_reference_step_;
  double conductance_ = 0;
};

extern template class CompactStream<float>;
extern template class CompactStream<double>;

}  // namespace psi_xlstm::ir
