#pragma once

/// @file
/// Small recurrent networks of the relaxation convention with drawn numbers.

#include <cstdint>
#include <string>
#include <vector>

#include "core/rng.hpp"
#include "ir/recurrent.hpp"
#include "kernels/simd/network_shape.hpp"

namespace psi_xlstm::testing {

/// Numbers of a recurrent network and the box they would have been trained in.
struct DrawnNetwork {
  kernels::NetworkShape shape;
  std::vector<double> parameters;
  double conductance_scale = 2e-4;
  double reference_step = 1e-6;
  ir::TrainingBox box = {.voltage_min = {-1},
                         .voltage_max = {1},
                         .conductance_min = 1e-4,
                         .conductance_max = 1e-3,
                         .step_max = 1e-7,
                         .duration = 1e-4,
                         .drive_frequency = 1e5,
                         .median_rate = 1e4,
                         .fastest_rate = 1e6};

  ir::Network network(const std::string& name) const {
    return ir::recurrent_network({.shape = shape,
                                  .parameters = parameters,
                                  .conductance_scale = conductance_scale,
                                  .reference_step = reference_step,
                                  .box = box},
                                 name);
  }
  /// The numbers of the block `name`.
  double* block(const std::string& name) {
    return parameters.data() + kernels::block(kernels::parameter_blocks(shape), name).offset;
  }
};

/// `layers` of the relaxation convention, every number from N(0, 0.4^2); forget gates are shifted
/// by 2, and in pairs of sLSTM units alike.
inline DrawnNetwork drawn_network(int width,
                                  std::vector<kernels::LayerShape> layers,
                                  std::uint32_t seed) {
  DrawnNetwork out;
  out.shape = {.inputs = 2,
               .width = width,
               .layers = std::move(layers),
               .convention = kernels::Convention::kContinuous};
  Rng rng(seed);
  for (std::size_t i = 0; i < kernels::parameter_count(out.shape); ++i) {
    out.parameters.push_back(0.4 * rng.normal());
  }
  const auto blocks = kernels::parameter_blocks(out.shape);
  for (std::size_t l = 0; l < out.shape.layers.size(); ++l) {
    const kernels::LayerShape& layer = out.shape.layers[l];
    const std::string name = "layers." + std::to_string(l);
    if (layer.kind == kernels::LayerKind::kMlstm) {
      double* const bias = out.block(name + ".forget_gate.bias");
      for (int i = 0; i < layer.heads; ++i) bias[i] += 2;
      double* const gain = out.block(name + ".norm.weight");
      for (int i = 0; i < layer.hidden; ++i) gain[i] += 1;
      continue;
    }
    const int H = layer.hidden;
    for (const char* part : {".weight", ".bias", ".recurrent"}) {
      const int columns = kernels::block(blocks, name + part).columns;
      double* const forget = out.block(name + part) + H * columns;
      for (int i = 0; i < H; ++i) {
        for (int j = 0; j < columns; ++j) {
          if (std::string(part) == ".bias" && i % 2 == 0) forget[i] += 2;
          if (i % 2 == 1) forget[i * columns + j] = forget[(i - 1) * columns + j];
        }
      }
    }
  }
  return out;
}

/// Two sLSTM layers like the clustering student.
inline DrawnNetwork drawn_clustering(int hidden = 6, std::uint32_t seed = 11) {
  const kernels::LayerShape layer{.kind = kernels::LayerKind::kSlstm, .hidden = hidden};
  return drawn_network(5, {layer, layer}, seed);
}

/// Two mLSTM layers of rank 2 like the low-rank student.
inline DrawnNetwork drawn_low_rank(std::uint32_t seed = 12) {
  const kernels::LayerShape layer{
      .kind = kernels::LayerKind::kMlstm, .hidden = 8, .heads = 2, .rank = 2};
  return drawn_network(5, {layer, layer}, seed);
}

/// An sLSTM layer and a full mLSTM layer like the teacher.
inline DrawnNetwork drawn_teacher(std::uint32_t seed = 13) {
  return drawn_network(5,
                       {{.kind = kernels::LayerKind::kSlstm, .hidden = 6},
                        {.kind = kernels::LayerKind::kMlstm, .hidden = 6, .heads = 2}},
                       seed);
}

}  // namespace psi_xlstm::testing
