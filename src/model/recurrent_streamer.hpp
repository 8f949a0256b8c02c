#pragma once

// Recurrent networks on their way along one sequence, in either precision (streaming.hpp), with the
// states that they carry.

#include <vector>

#include "kernels/continuous/network.hpp"
#include "kernels/xlstm/network.hpp"
#include "model/streaming.hpp"

namespace psi_xlstm {

/// Time that goes back begins a sequence.
class Clock {
 public:
  /// Whether `time` is that of a first sample.
  bool begins(double time) const { return !running_ || time < last_; }
  /// Whether there was a sample.
  bool has_begun() const { return running_; }
  /// Goes to `time`; returns how long that took, 0 at a first sample.
  double advance(double time);

 private:
  bool running_ = false;
  double last_ = 0;
};

/// Inputs (V, t), output the current; every sample is one step.
template <class Real>
class XlstmStreamer : public Streamer {
 public:
  /// Throws ShapeError where the parameters do not fit the shape.
  explicit XlstmStreamer(const StoredNetwork& network);

  double step(double time, double voltage) override;

  std::vector<double> states() override;

  /// After the last sample.
  kernels::XlstmState<Real> state() { return network_.stream_state(); }

 private:
  kernels::XlstmNetwork<Real> network_;
  double scale_, time_scale_;
  Clock clock_;
};

/// Inputs (V, ln(g0/gs)), output the logarithm of the conductance up to what it is at rest.
template <class Real>
class ContinuousStreamer : public Streamer {
 public:
  /// Throws as XlstmStreamer does.
  ContinuousStreamer(const StoredNetwork& network, double g0);

  double step(double time, double voltage) override;

  /// Those of the network that a circuit holds (ir/recurrent.hpp).
  std::vector<double> states() override;

  /// After the last sample.
  const kernels::ContinuousState<Real>& state() const { return state_; }

 private:
  std::vector<kernels::LayerShape> layers_;
  kernels::ContinuousNetwork<Real> network_;
  kernels::ContinuousState<Real> at_rest_, state_;
  double scale_, reference_step_, start_, tie_ = 0;
  Clock clock_;
};

extern template class XlstmStreamer<float>;
extern template class XlstmStreamer<double>;
extern template class ContinuousStreamer<float>;
extern template class ContinuousStreamer<double>;

}  // namespace psi_xlstm
