#include "model/streaming.hpp"

#include <fmt/format.h>

#include <cmath>
#include <cstddef>
#include <optional>
#include <utility>
#include <vector>

#include "ir/dynamics.hpp"
#include "ir/stepper.hpp"
#include "ir/streaming.hpp"
#include "model/recurrent_streamer.hpp"
#include "model/streaming_loops.hpp"
#include "psi_xlstm/core/error.hpp"

namespace psi_xlstm {
namespace {

int padded(int width) { return (width + kStreamingGroup - 1) / kStreamingGroup * kStreamingGroup; }

// The blocks of a map of two inputs to one output.
std::vector<kernels::ParameterBlock> mlp_blocks(const StoredNetwork& network) {
  std::vector<kernels::ParameterBlock> blocks = stored_blocks(network);
  if (blocks.empty() || blocks.front().columns != 2 || blocks.back().rows != 1 ||
      blocks.back().offset + blocks.back().size() != network.parameters.size()) {
    throw ShapeError(fmt::format(
        "network {}: expected a map of two inputs to one output with as many parameters, found "
        "{} parameters",
        name_of(network.model), network.parameters.size()));
  }
  return blocks;
}

// One linear layer: out = sum_i rows[i] (x, 1)_i, the bias as the last row.
struct LinearLayer {
  std::vector<float> rows;   ///< [I + 1][O, padded].
  std::vector<float> input;  ///< (x, 1), [I, padded + 1].
  int inputs = 0;
  int outputs = 0;  ///< Padded.
};

// The feed-forward baseline in single precision. It has no state: a step is one evaluation.
class MlpStreamer : public Streamer {
 public:
  MlpStreamer(const StoredNetwork& network, double g0)
      : published_(network.is_published()),
        scale_(published_ ? network.current_scale : network.conductance_scale),
        time_scale_(network.time_scale),
        log_conductance_(published_ ? 0 : std::log(g0 / network.conductance_scale)) {
    const std::vector<kernels::ParameterBlock> blocks = mlp_blocks(network);
    for (std::size_t b = 0; b + 1 < blocks.size(); b += 2) add_layer(network, blocks[b]);
    output_.resize(static_cast<std::size_t>(layers_.back().outputs));
  }

  double step(double time, double voltage) override {
    layers_.front().input[0] = static_cast<float>(voltage);
    layers_.front().input[1] =
        static_cast<float>(published_ ? time / time_scale_ : log_conductance_);
    for (std::size_t l = 0; l < layers_.size(); ++l) {
      const LinearLayer& layer = layers_[l];
      const bool last = l + 1 == layers_.size();
      float* const out = last ? output_.data() : layers_[l + 1].input.data();
      weighted_rows(out, layer.rows.data(), layer.input.data(), layer.inputs + 1, layer.outputs);
      if (last) break;
      tanh_in_place(out, layer.outputs);
      out[layers_[l + 1].inputs] = 1;  // of the bias; what is padded behind it meets no weight
    }
    const double y = output_.front();
    return published_ ? scale_ * y : voltage * scale_ * std::exp(y);
  }

 private:
  // `weight` is followed by its bias.
  void add_layer(const StoredNetwork& network, const kernels::ParameterBlock& weight) {
    const double* const values = network.parameters.data() + weight.offset;
    LinearLayer layer{.inputs = weight.columns, .outputs = padded(weight.rows)};
    const auto inputs = static_cast<std::size_t>(layer.inputs);
    const auto rows = static_cast<std::size_t>(weight.rows);
    const auto width = static_cast<std::size_t>(layer.outputs);
    layer.rows.resize((inputs + 1) * width);
    layer.input.assign(static_cast<std::size_t>(padded(layer.inputs)) + 1, 1.0F);
    for (std::size_t o = 0; o < rows; ++o) {
      for (std::size_t i = 0; i < inputs; ++i) {
        layer.rows[i * width + o] = static_cast<float>(values[o * inputs + i]);
      }
      layer.rows[inputs * width + o] = static_cast<float>(values[rows * inputs + o]);
    }
    layers_.push_back(std::move(layer));
  }

  std::vector<LinearLayer> layers_;
  std::vector<float> output_;
  bool published_;
  double scale_, time_scale_, log_conductance_;
};

// The same in double precision, one number after the other.
class ExactMlpStreamer : public Streamer {
 public:
  ExactMlpStreamer(const StoredNetwork& network, double g0)
      : network_(network),
        blocks_(mlp_blocks(network)),
        log_conductance_(std::log(g0 / network.conductance_scale)) {}

  double step(double time, double voltage) override {
    const bool published = network_.is_published();
    std::vector<double> x = {voltage, published ? time / network_.time_scale : log_conductance_};
    for (std::size_t b = 0; b < blocks_.size(); b += 2) {
      const double* const weights = network_.parameters.data() + blocks_[b].offset;
      const double* const bias = network_.parameters.data() + blocks_[b + 1].offset;
      std::vector<double> y(static_cast<std::size_t>(blocks_[b].rows));
      for (std::size_t o = 0; o < y.size(); ++o) {
        double sum = bias[o];
        for (std::size_t i = 0; i < x.size(); ++i) sum += weights[o * x.size() + i] * x[i];
        y[o] = b + 2 < blocks_.size() ? std::tanh(sum) : sum;
      }
      x = std::move(y);
    }
    return published ? network_.current_scale * x[0]
                     : voltage * network_.conductance_scale * std::exp(x[0]);
  }

 private:
  StoredNetwork network_;
  std::vector<kernels::ParameterBlock> blocks_;
  double log_conductance_;
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

  std::vector<double> states() override {
    return clock_.has_begun() ? stream_.states() : std::vector<double>{};
  }

 private:
  ir::CompactStream<float> stream_;
  std::vector<double> start_;
  Clock clock_;
};

// Any network with one port, as ir::simulate() runs it.
class ExactStreamer : public Streamer {
 public:
  ExactStreamer(const ir::Network& network, double g0)
      : network_(network), start_(ir::initial_state(network, g0)) {}

  double step(double time, double voltage) override {
    if (clock_.begins(time)) stepper_.emplace(network_, start_);
    clock_.advance(time);
    stepper_->step(time, {&voltage, 1});
    return stepper_->currents()[0];
  }

  std::vector<double> states() override {
    if (!stepper_) return {};
    return {stepper_->states().begin(), stepper_->states().end()};
  }

 private:
  ir::Network network_;
  std::vector<double> start_;
  std::optional<ir::Stepper> stepper_;
  Clock clock_;
};

// A recurrent network in the precision of Real.
template <class Real>
std::unique_ptr<Streamer> recurrent_streamer(const StoredNetwork& network, double g0) {
  if (network.shape.convention == kernels::Convention::kXlstm) {
    return std::make_unique<XlstmStreamer<Real>>(network);
  }
  return std::make_unique<ContinuousStreamer<Real>>(network, g0);
}

}  // namespace

std::unique_ptr<Streamer> make_streamer(const StoredNetwork& network,
                                        double g0,
                                        Precision precision) {
  const bool single = precision == Precision::kSingle;
  if (network.layer_widths.empty()) {
    return single ? recurrent_streamer<float>(network, g0)
                  : recurrent_streamer<double>(network, g0);
  }
  if (single) return std::make_unique<MlpStreamer>(network, g0);
  return std::make_unique<ExactMlpStreamer>(network, g0);
}

std::unique_ptr<Streamer> make_streamer(const ir::Network& network,
                                        double g0,
                                        Precision precision) {
  if (precision == Precision::kDouble) return std::make_unique<ExactStreamer>(network, g0);
  return std::make_unique<CompactStreamer>(network, g0);
}

}  // namespace psi_xlstm
