#include "model/recurrent_streamer.hpp"

#include <cmath>

namespace psi_xlstm {

double Clock::advance(double time) {
  const double duration = begins(time) ? 0 : time - last_;
  running_ = true;
  last_ = time;
  return duration;
}

template <class Real>
XlstmStreamer<Real>::XlstmStreamer(const StoredNetwork& network)
    : network_(network.shape), scale_(network.current_scale), time_scale_(network.time_scale) {
  network_.set_parameters(std::vector<Real>(network.parameters.begin(), network.parameters.end()));
}

template <class Real>
double XlstmStreamer<Real>::step(double time, double voltage) {
  if (clock_.begins(time)) network_.begin_stream(network_.initial_state(1));
  clock_.advance(time);
  const Real input[] = {static_cast<Real>(voltage), static_cast<Real>(time / time_scale_)};
  return scale_ * static_cast<double>(network_.step(input));
}

template <class Real>
ContinuousStreamer<Real>::ContinuousStreamer(const StoredNetwork& network, double g0)
    : network_(network.shape),
      scale_(network.conductance_scale),
      reference_step_(network.reference_step),
      start_(std::log(g0 / network.conductance_scale)) {
  network_.set_parameters(std::vector<Real>(network.parameters.begin(), network.parameters.end()));
  const Real rest[] = {0, static_cast<Real>(start_)};
  tie_ = start_ -
         static_cast<double>(network_.forward({.inputs = rest, .rest_inputs = rest}, at_rest_)[0]);
  state_ = at_rest_;
}

template <class Real>
double ContinuousStreamer<Real>::step(double time, double voltage) {
  if (clock_.begins(time)) state_ = at_rest_;
  const double rho = clock_.advance(time) / reference_step_;
  const Real input[] = {static_cast<Real>(voltage), static_cast<Real>(start_)};
  const Real y = network_.step(input, static_cast<Real>(rho), state_);
  return voltage * scale_ * std::exp(static_cast<double>(y) + tie_);
}

template class XlstmStreamer<float>;
template class XlstmStreamer<double>;
template class ContinuousStreamer<float>;
template class ContinuousStreamer<double>;

}  // namespace psi_xlstm
