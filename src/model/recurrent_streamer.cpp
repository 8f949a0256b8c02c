#include "model/recurrent_streamer.hpp"

#include <cmath>
#include <span>
#include <vector>

#include "ir/dynamics.hpp"
#include "ir/streaming.hpp"
#include "kernels/continuous/network.hpp"
#include "kernels/xlstm/network.hpp"

namespace psi_xlstm {
namespace {

// Time that goes back begins a sequence.
class Clock {
 public:
  /// Whether `time` is that of a first sample.
  bool begins(double time) const { return !running_ || time < last_; }
  /// Goes to `time`; returns how long that took, 0 at a first sample.
  double advance(double time) {
    const double duration = begins(time) ? 0 : time - last_;
    running_ = true;
    last_ = time;
    return duration;
  }

 private:
  bool running_ = false;
  double last_ = 0;
};

// Inputs (V, t), output the current; every sample is one step.
class PublishedStreamer : public Streamer {
 public:
  explicit PublishedStreamer(const StoredNetwork& network)
      : network_(network.shape), scale_(network.current_scale), time_scale_(network.time_scale) {
    const std::vector<float> parameters(network.parameters.begin(), network.parameters.end());
    network_.set_parameters(parameters);
  }

  double step(double time, double voltage) override {
    if (clock_.begins(time)) network_.begin_stream(network_.initial_state(1));
    clock_.advance(time);
    const float input[] = {static_cast<float>(voltage), static_cast<float>(time / time_scale_)};
    return scale_ * static_cast<double>(network_.step(input));
  }

 private:
  kernels::XlstmNetwork<float> network_;
  double scale_, time_scale_;
  Clock clock_;
};

// Inputs (V, ln(g0/gs)), output the logarithm of the conductance up to what it is at rest.
class RelaxationStreamer : public Streamer {
 public:
  RelaxationStreamer(const StoredNetwork& network, double g0)
      : network_(network.shape),
        scale_(network.conductance_scale),
        reference_step_(network.reference_step),
        start_(std::log(g0 / network.conductance_scale)) {
    const std::vector<float> parameters(network.parameters.begin(), network.parameters.end());
    network_.set_parameters(parameters);
    const float rest[] = {0, static_cast<float>(start_)};
    tie_ = start_ - static_cast<double>(
                        network_.forward({.inputs = rest, .rest_inputs = rest}, at_rest_)[0]);
    state_ = at_rest_;
  }

  double step(double time, double voltage) override {
    if (clock_.begins(time)) state_ = at_rest_;
    const double rho = clock_.advance(time) / reference_step_;
    const float input[] = {static_cast<float>(voltage), static_cast<float>(start_)};
    const float y = network_.step(input, static_cast<float>(rho), state_);
    return voltage * scale_ * std::exp(static_cast<double>(y) + tie_);
  }

 private:
  kernels::ContinuousNetwork<float> network_;
  kernels::ContinuousState<float> at_rest_, state_;
  double scale_, reference_step_, start_, tie_ = 0;
  Clock clock_;
};

class CompactStreamer : public Streamer {
 public:
  CompactStreamer(const ir::Network& network, double g0)
      : stream_(network), start_(ir::initial_state(network, g0)) {}

  double step(double time, double voltage) override {
    const bool first = clock_.begins(time);
    const double duration = clock_.advance(time);
    return first ? stream_.start(start_, voltage) : stream_.step(duration, voltage);
  }

 private:
  ir::CompactStream<float> stream_;
  std::vector<double> start_;
  Clock clock_;
};

}  // namespace

std::unique_ptr<Streamer> recurrent_streamer(const StoredNetwork& network, double g0) {
  if (network.shape.convention == kernels::Convention::kXlstm) {
    return std::make_unique<PublishedStreamer>(network);
  }
  return std::make_unique<RelaxationStreamer>(network, g0);
}

std::unique_ptr<Streamer> compact_streamer(const ir::Network& network, double g0) {
  return std::make_unique<CompactStreamer>(network, g0);
}

}  // namespace psi_xlstm
