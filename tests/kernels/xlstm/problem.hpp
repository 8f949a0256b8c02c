#pragma once

/// @file
/// Networks of the published xLSTM cells with numbers and batches to try them on.

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "core/rng.hpp"
#include "kernels/xlstm/network.hpp"

namespace psi_xlstm::kernels {

inline LayerShape slstm(int hidden, int clusters = 0) {
  return {.kind = LayerKind::kSlstm, .hidden = hidden, .clusters = clusters};
}
inline LayerShape mlstm(int hidden, int heads, int rank = 0) {
  return {.kind = LayerKind::kMlstm, .hidden = hidden, .heads = heads, .rank = rank};
}
inline NetworkShape network(int width, std::vector<LayerShape> layers, int inputs = 2) {
  return {.inputs = inputs, .width = width, .layers = std::move(layers)};
}

enum class Durations { kNone, kRagged, kVarying };

/// A network, its numbers and two batches in a row, between which the first sequence starts anew.
/// All numbers are exact in float.
struct Problem {
  Problem(NetworkShape network_shape,
          int sequence_count,
          int step_count,
          Durations durations,
          std::uint32_t seed = 1)
      : shape(std::move(network_shape)), sequences(sequence_count), steps(step_count), rng(seed) {
    for (const ParameterBlock& b : parameter_blocks(shape)) {
      for (std::size_t i = 0; i < b.size(); ++i) parameters.push_back(initial(b));
    }
    const std::size_t rows = static_cast<std::size_t>(steps * sequences);
    for (auto& chunk : chunks) {
      for (std::size_t i = 0; i < rows * static_cast<std::size_t>(shape.inputs); ++i) {
        chunk.inputs.push_back(number(1));
      }
      for (std::size_t i = 0; i < rows; ++i) chunk.d_output.push_back(number(1));
      for (const LayerShape& layer : shape.layers) {
        chunk.d_hidden.emplace_back();
        for (std::size_t i = 0; i < rows * static_cast<std::size_t>(layer.hidden); ++i) {
          chunk.d_hidden.back().push_back(number(0.3));
        }
      }
      if (durations != Durations::kNone) add_durations(chunk, durations);
    }
  }

  struct Chunk {
    std::vector<double> inputs, rho, d_output;  // [T][B][I], [T][B] or empty, [T][B]
    std::vector<std::vector<double>> d_hidden;  // [layer][T][B][H]
  };

  NetworkShape shape;
  int sequences, steps;
  std::vector<double> parameters;
  Chunk chunks[2];

 private:
  double number(double size) { return static_cast<float>(size * rng.normal()); }

  double initial(const ParameterBlock& b) {
    const bool gate = b.name.find("forget_gate.bias") != std::string::npos;
    if (gate) return static_cast<float>(rng.uniform(0, 4));
    if (b.name.find("norm.weight") != std::string::npos) return 1 + number(0.2);
    if (b.columns == 1) return number(0.5);
    return number(1 / std::sqrt(static_cast<double>(b.columns)));
  }

  void add_durations(Chunk& chunk, Durations durations) {
    std::vector<int> length;
    for (int b = 0; b < sequences; ++b) {
      length.push_back(1 + static_cast<int>(rng.index(static_cast<std::size_t>(steps))));
    }
    length[0] = steps;
    for (int t = 0; t < steps; ++t) {
      for (int b = 0; b < sequences; ++b) {
        const bool still = t >= length[static_cast<std::size_t>(b)] || rng.index(7) == 0;
        const double lasting =
            durations == Durations::kRagged ? 1 : static_cast<float>(std::exp(rng.normal()));
        chunk.rho.push_back(still ? 0 : lasting);
      }
    }
  }

 public:
  Rng rng;
};

/// Largest difference over the largest size of what is expected.
template <class Real>
double relative_error(const std::vector<Real>& found, const std::vector<double>& expected) {
  double error = 0, size = 0;
  for (std::size_t i = 0; i < expected.size(); ++i) {
    const double difference = std::abs(static_cast<double>(found[i]) - expected[i]);
    if (!(difference <= error)) error = difference;
    size = std::max(size, std::abs(expected[i]));
  }
  return size > 0 ? error / size : error;
}

/// In the type of the network.
template <class Real>
std::vector<Real> converted(const std::vector<double>& numbers) {
  return {numbers.begin(), numbers.end()};
}

/// Of what the equations give, relative.
template <class Real>
constexpr double kTolerance = sizeof(Real) == 8 ? 1e-12 : 5e-5;

}  // namespace psi_xlstm::kernels
