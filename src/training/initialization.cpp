#include "training/initialization.hpp"

#include <algorithm>
#include <cmath>
#include <string>

namespace psi_xlstm::models {
namespace {

using kernels::LayerKind;
using kernels::LayerShape;
using kernels::NetworkShape;

constexpr double kShortest = 1e-6, kLongest = 1e-2;  // time constants at the start [s]

// Forget-gate bias of the time constant `tau`: softplus(-b) = dt0 / tau.
double forget_bias(double tau, double dt0) { return -std::log(std::expm1(dt0 / tau)); }

double spread(double low, double high, double fraction) {
  return low * std::pow(high / low, fraction);
}

class Start {
 public:
  Start(const NetworkShape& shape, double dt0, Rng& rng)
      : shape_(shape),
        dt0_(dt0),
        rng_(rng),
        blocks_(parameter_blocks(shape)),
        values_(parameter_count(shape), 0) {}

  void draw(double recurrent_deviation, double input_deviation) {
    for (const kernels::ParameterBlock& b : blocks_) {
      const bool recurrent = b.name.ends_with(".recurrent");
      const bool matrix = b.name.ends_with(".weight") || b.name.ends_with(".left") ||
                          b.name.ends_with(".right") || b.name.ends_with(".centres");
      if (!recurrent && !matrix) continue;
      double deviation = 1 / std::sqrt(static_cast<double>(b.columns));
      if (recurrent) deviation = recurrent_deviation;
      if (b.name == "input.weight") deviation = input_deviation;
      if (b.name.ends_with(".left") || b.name.ends_with(".right")) deviation = 0.5;
      for (std::size_t i = 0; i < b.size(); ++i) values_[b.offset + i] = deviation * rng_.normal();
      if (b.name.ends_with(".norm.weight")) fill(b.name, 1);
    }
  }

  void fill(const std::string& name, double value) {
    const auto& b = block(blocks_, name);
    std::fill_n(values_.begin() + static_cast<std::ptrdiff_t>(b.offset), b.size(), value);
  }

  double* at(const std::string& name) { return values_.data() + block(blocks_, name).offset; }

  // A row of the first layer with these slopes by voltage and by ln conductance, of least norm,
  // and a little noise.
  void slopes(double* row, double by_voltage, double by_conductance, double noise) {
    const double* in = at("input.weight");
    double vv = 0, vg = 0, gg = 0;
    for (int w = 0; w < shape_.width; ++w) {
      vv += in[2 * w] * in[2 * w];
      vg += in[2 * w] * in[2 * w + 1];
      gg += in[2 * w + 1] * in[2 * w + 1];
    }
    const double determinant = vv * gg - vg * vg;
    const double x = (gg * by_voltage - vg * by_conductance) / determinant;
    const double y = (vv * by_conductance - vg * by_voltage) / determinant;
    for (int w = 0; w < shape_.width; ++w) {
      row[w] = x * in[2 * w] + y * in[2 * w + 1] +
               noise * rng_.normal() / std::sqrt(static_cast<double>(shape_.width));
    }
  }

  void first_slstm(const std::string& name, const LayerShape& layer);
  void upper_slstm(const std::string& name, const LayerShape& layer, int below);
  void memory(const std::string& name, const LayerShape& layer, int below, bool first, bool last);

  std::vector<double> take() { return std::move(values_); }

 private:
  const NetworkShape& shape_;
  double dt0_;
  Rng& rng_;
  std::vector<kernels::ParameterBlock> blocks_;
  std::vector<double> values_;
};

// Of four units, two are features of the voltage (a constant behind an output gate), one carries
// the conductance at the start behind such a gate, one relaxes at a rate that grows with voltage.
void Start::first_slstm(const std::string& name, const LayerShape& layer) {
  const int H = layer.hidden, I = shape_.width;
  double *weight = at(name + ".weight"), *bias = at(name + ".bias");
  for (int j = 0; j < H; ++j) {
    double *input = weight + j * I, *forget = weight + (H + j) * I;
    double *value = weight + (2 * H + j) * I, *output = weight + (3 * H + j) * I;
    const double knot = -1.1 + 2.2 * (j + 0.5) / H;
    const double slope = (j % 2 == 1 ? 1 : -1) * rng_.uniform(4, 8);
    slopes(input, 0, 0, 0.02);
    bias[H + j] = -2;
    if (j % 4 < 2) {
      slopes(forget, 0, 0, 0.02);
      slopes(value, 0, 0, 0.05);
      bias[2 * H + j] = rng_.uniform(0.7, 1.2) * (rng_.uniform() < 0.5 ? -1 : 1);
      slopes(output, slope, 0, 0.05);
      bias[3 * H + j] = -slope * knot;
    } else if (j % 4 == 2) {
      slopes(forget, 0, 0, 0.02);
      slopes(value, 0, rng_.uniform(0.3, 1.0), 0.05);
      bias[2 * H + j] = rng_.uniform(-0.5, 0.5);
      slopes(output, 0.7 * slope, 0, 0.05);
      bias[3 * H + j] = -0.7 * slope * knot;
    } else {
      bias[H + j] = forget_bias(spread(kShortest, kLongest, rng_.uniform()), dt0_);
      slopes(forget, (j % 8 < 4 ? -1 : 1) * rng_.uniform(1, 3), 0, 0.02);
      slopes(value, rng_.uniform(1, 3), 0.3 * rng_.normal(), 0.05);
      slopes(output, 0, 0, 0.1);
      bias[3 * H + j] = 1;
    }
  }
}

// Relaxations with time constants evenly spread over the logarithm.
void Start::upper_slstm(const std::string& name, const LayerShape& layer, int below) {
  const int H = layer.hidden;
  double *weight = at(name + ".weight"), *bias = at(name + ".bias");
  const double scale[4] = {0.1, 0.5, 1, 0.3};  // of input, forget, value and output gates
  for (int gate = 0; gate < 4; ++gate) {
    for (int i = 0; i < H * below; ++i) weight[gate * H * below + i] *= scale[gate];
  }
  for (int j = 0; j < H; ++j) {
    bias[H + j] = forget_bias(spread(kShortest, kLongest, (j + 0.5) / H), dt0_);
    bias[3 * H + j] = 1;
  }
}

// Heads that remember have queries and keys that hardly see the voltage, so that what is read
// moves with the memory alone; below the last layer half of the heads are features of the voltage:
// a memory that hardly moves, read by a query that follows the voltage without delay.
void Start::memory(
    const std::string& name, const LayerShape& layer, int below, bool first, bool last) {
  const int H = layer.hidden, D = H / layer.heads, features = last ? 0 : layer.heads / 2;
  for (const char* part : {".query.bias", ".key.bias", ".value.bias"}) {
    double* bias = at(name + part);
    for (int j = 0; j < H; ++j) bias[j] = 0.5 * rng_.normal();
  }
  const auto scale_rows = [&](const char* part, int first_row, int last_row, double factor) {
    double* weight = at(name + part);
    for (int i = first_row * below; i < last_row * below; ++i) weight[i] *= factor;
  };
  scale_rows(".query.weight", 0, features * D, 2);
  scale_rows(".query.weight", features * D, H, 0.1);
  scale_rows(".key.weight", 0, H, 0.1);
  scale_rows(".value.weight", 0, features * D, 0.1);
  double *input = at(name + ".input_gate.weight"), *forget = at(name + ".forget_gate.weight");
  for (int i = 0; i < layer.heads * below; ++i) {
    input[i] *= 0.1;
    forget[i] *= 0.5;
  }
  for (int head = 0; head < layer.heads; ++head) {
    double* row = forget + head * below;
    double& bias = at(name + ".forget_gate.bias")[head];
    if (head < features) {
      bias = forget_bias(kLongest, dt0_);
      std::fill_n(row, below, 0.0);
      continue;
    }
    if (first) slopes(row, (head % 2 == 1 ? 1 : -1) * rng_.uniform(1, 3), 0, 0.02);
    const double place = (head - features + 0.5) / (layer.heads - features);
    bias = forget_bias(spread(3 * kShortest, kLongest, place), dt0_);
    at(name + ".input_gate.bias")[head] = 0.5 * rng_.normal();
  }
}

void spread_biases(double* bias, int count, double low, double high) {
  for (int j = 0; j < count; ++j) bias[j] = low + (high - low) * j / std::max(1, count - 1);
}

}  // namespace

std::vector<double> published_start(const NetworkShape& shape, Rng& rng) {
  Start start(shape, 1, rng);
  start.draw(0, 1 / std::sqrt(static_cast<double>(shape.inputs)));
  for (std::size_t l = 0; l < shape.layers.size(); ++l) {
    const LayerShape& layer = shape.layers[l];
    const std::string name = "layers." + std::to_string(l);
    if (layer.kind == LayerKind::kSlstm) {
      const bool clustered = layer.clusters > 0;
      spread_biases(start.at(name + ".bias") + layer.hidden, layer.hidden, clustered ? 2 : 3,
                    clustered ? 7 : 6);
    } else {
      spread_biases(start.at(name + ".forget_gate.bias"), layer.heads, 3, 6);
    }
  }
  return start.take();
}

std::vector<double> relaxation_start(const NetworkShape& shape, double dt0, Rng& rng) {
  Start start(shape, dt0, rng);
  start.draw(0.02, 1);
  int below = shape.width;
  for (std::size_t l = 0; l < shape.layers.size(); ++l) {
    const LayerShape& layer = shape.layers[l];
    const std::string name = "layers." + std::to_string(l);
    if (layer.kind == LayerKind::kMlstm) {
      start.memory(name, layer, below, l == 0, l + 1 == shape.layers.size());
    } else if (l == 0) {
      start.first_slstm(name, layer);
    } else {
      start.upper_slstm(name, layer, below);
    }
    below = layer.hidden;
  }
  double* output = start.at("output.weight");
  for (int j = 0; j < below; ++j) output[j] *= 0.3;
  return start.take();
}

}  // namespace psi_xlstm::models
