#include "kernels/simd/network_shape.hpp"

#include <fmt/format.h>

#include "psi_xlstm/core/error.hpp"

namespace psi_xlstm::kernels {
namespace {

void check(const NetworkShape& shape) {
  if (shape.inputs < 1 || shape.width < 1 || shape.layers.empty()) {
    throw ShapeError(fmt::format(
        "network shape: expected at least one input, unit and layer, found {}, {} and {}",
        shape.inputs, shape.width, shape.layers.size()));
  }
  for (std::size_t l = 0; l < shape.layers.size(); ++l) {
    const LayerShape& layer = shape.layers[l];
    if (layer.hidden < 1 || layer.heads < 1 || layer.hidden % layer.heads != 0) {
      throw ShapeError(fmt::format(
          "layer {}: expected heads that divide the hidden units, found {} heads of {} units", l,
          layer.heads, layer.hidden));
    }
    if (layer.rank < 0 || layer.rank > layer.hidden / layer.heads || layer.clusters < 0 ||
        layer.clusters > layer.hidden) {
      throw ShapeError(
          fmt::format("layer {}: expected a rank of 0 to {} and 0 to {} clusters, found {} and {}",
                      l, layer.hidden / layer.heads, layer.hidden, layer.rank, layer.clusters));
    }
  }
}

class Blocks {
 public:
  void add(const std::string& name, int rows, int columns = 1) {
    list_.push_back({name, rows, columns, offset_});
    offset_ += list_.back().size();
  }
  void add_linear(const std::string& name, int rows, int columns) {
    add(name + ".weight", rows, columns);
    add(name + ".bias", rows);
  }
  std::vector<ParameterBlock> list_;
  std::size_t offset_ = 0;
};

}  // namespace

std::vector<ParameterBlock> parameter_blocks(const NetworkShape& shape) {
  check(shape);
  Blocks blocks;
  blocks.add_linear("input", shape.width, shape.inputs);
  int below = shape.width;
  for (std::size_t l = 0; l < shape.layers.size(); ++l) {
    const LayerShape& layer = shape.layers[l];
    const std::string name = fmt::format("layers.{}", l);
    const int h = layer.hidden;
    if (layer.kind == LayerKind::kSlstm) {
      blocks.add_linear(name, 4 * h, below);
      blocks.add(name + ".recurrent", 4 * h, h);
      if (layer.clusters > 0) blocks.add(name + ".centres", layer.clusters, below);
    } else {
      for (const char* part : {".query", ".key", ".value"})
        blocks.add_linear(name + part, h, below);
      for (const char* gate : {".input_gate", ".forget_gate"}) {
        blocks.add_linear(name + gate, layer.heads, below);
      }
      if (layer.rank > 0) {
        for (const char* part : {".left", ".right"}) blocks.add(name + part, h, layer.rank);
      }
      blocks.add(name + ".norm.weight", h);
      blocks.add(name + ".norm.bias", h);
    }
    below = h;
  }
  blocks.add_linear("output", 1, below);
  return blocks.list_;
}

std::size_t parameter_count(const NetworkShape& shape) {
  const ParameterBlock last = parameter_blocks(shape).back();
  return last.offset + last.size();
}

const ParameterBlock& block(const std::vector<ParameterBlock>& blocks, const std::string& name) {
  for (const ParameterBlock& candidate : blocks) {
    if (candidate.name == name) return candidate;
  }
  throw ShapeError(fmt::format("parameters: expected a block \"{}\", found none", name));
}

NetworkShape teacher_shape(Convention convention) {
  return {.width = 64,
          .layers = {{.kind = LayerKind::kSlstm, .hidden = 64},
                     {.kind = LayerKind::kMlstm, .hidden = 64, .heads = 4}},
          .convention = convention};
}

NetworkShape clustering_student_shape(Convention convention, int clusters) {
  const LayerShape layer{.kind = LayerKind::kSlstm, .hidden = 32, .clusters = clusters};
  return {.width = 32, .layers = {layer, layer}, .convention = convention};
}

NetworkShape low_rank_student_shape(Convention convention, int rank) {
  const LayerShape layer{.kind = LayerKind::kMlstm, .hidden = 32, .heads = 4, .rank = rank};
  return {.width = 32, .layers = {layer, layer}, .convention = convention};
}

}  // namespace psi_xlstm::kernels
