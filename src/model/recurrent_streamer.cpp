#include "model/recurrent_streamer.hpp"

#include <cmath>

namespace psi_xlstm {
namespace {

// The states of one layer of the kernels as those of the network (ir/recurrent.hpp).
template <class Real>
void append_states(const kernels::LayerShape& layer,
                   const std::vector<Real>& state,
                   std::vector<double>& out) {
  if (layer.kind == kernels::LayerKind::kSlstm) {
    const auto H = static_cast<std::size_t>(layer.hidden), units = state.size() / 2;
    for (std::size_t j = 0; j < H; ++j) out.push_back(state[j]);
    for (std::size_t j = 0; j < H; ++j) out.push_back(std::log(state[units + j]));
    return;
  }
  const auto heads = static_cast<std::size_t>(layer.heads);
  const auto D = static_cast<std::size_t>(layer.rank > 0 ? layer.rank : layer.hidden / layer.heads);
  const std::size_t row = heads * D;
  for (std::size_t head = 0; head < heads; ++head) {
    for (std::size_t x = 0; x < D; ++x) {
      for (std::size_t y = 0; y < D; ++y) out.push_back(state[y * row + head * D + x]);
    }
  }
  for (std::size_t k = 0; k < row; ++k) out.push_back(state[D * row + k]);
}

}  // namespace

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
std::vector<double> XlstmStreamer<Real>::states() {
  std::vector<double> out;
  if (!clock_.has_begun()) return out;
  for (const kernels::XlstmLayerState<Real>& layer : state().layers) {
    out.insert(out.end(), layer.c.begin(), layer.c.end());
    out.insert(out.end(), layer.n.begin(), layer.n.end());
  }
  return out;
}

template <class Real>
ContinuousStreamer<Real>::ContinuousStreamer(const StoredNetwork& network, double g0)
    : layers_(network.shape.layers),
      network_(network.shape),
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

template <class Real>
std::vector<double> ContinuousStreamer<Real>::states() {
  std::vector<double> out;
  for (std::size_t l = 0; l < layers_.size() && clock_.has_begun(); ++l) {
    append_states(layers_[l], state_.layers[l], out);
  }
  return out;
}

template class XlstmStreamer<float>;
template class XlstmStreamer<double>;
template class ContinuousStreamer<float>;
template class ContinuousStreamer<double>;

}  // namespace psi_xlstm
