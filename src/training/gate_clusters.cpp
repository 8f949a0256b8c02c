#include "training/gate_clusters.hpp"

#include <fmt/format.h>
#include <torch/types.h>

#include "compression/forget_gate_clusters.hpp"
#include "equations/distillation.hpp"

namespace psi_xlstm::training {

using torch::Tensor;

GateClusters::GateClusters(const kernels::NetworkShape& shape)
    : shape_(shape), active_(shape.layers.front().clusters > 0) {}

std::size_t GateClusters::count() const {
  std::size_t sum = 0;
  for (const kernels::LayerShape& layer : shape_.layers) {
    if (layer.clusters > 0) sum += static_cast<std::size_t>(layer.hidden);
  }
  return sum;
}

void GateClusters::regroup(TrainingState& state, bool tie) {
  if (!free(state)) return;
  Rng rng(static_cast<std::uint32_t>(state.step));  // a resumed training finds the same groups
  groups_ = compression::cluster_forget_gates(shape_, state.parameters, rng);
  compression::set_centres(shape_, groups_, state.parameters);
  if (!tie) return;
  state.assignment = groups_;
  this->tie(state);
  if (state.bases.empty()) {  // else the moments are of other directions than the rows
    compression::tie_forget_gates(shape_, state.assignment, state.first_moment);
    compression::tie_forget_gates(shape_, state.assignment, state.second_moment);
  }
  compression::set_centres(shape_, state.assignment, state.parameters);
  compression::set_centres(shape_, state.assignment, state.average);
  state.best_parameters.clear();  // those were another kind of network
}

Tensor GateClusters::structure(const Tensor& flat, const TrainingState& state) const {
  const auto blocks = parameter_blocks(shape_);
  const auto part = [&](const std::string& name) {
    const auto& b = block(blocks, name);
    return flat.narrow(0, static_cast<std::int64_t>(b.offset), static_cast<std::int64_t>(b.size()))
        .view({b.rows, b.columns});
  };
  Tensor sum = torch::zeros({});
  for (int l = 0; l < static_cast<int>(shape_.layers.size()); ++l) {
    const std::string name = fmt::format("layers.{}", l);
    const auto biases = compression::centre_biases(shape_, groups_, state.parameters, l);
    const Tensor bias = torch::tensor(biases, torch::kFloat32).unsqueeze(1);
    const Tensor rows =
        equations::forget_gate_rows(part(name + ".weight"), part(name + ".bias").squeeze(1));
    sum = sum + equations::structure_loss(rows, torch::cat({part(name + ".centres"), bias}, 1));
  }
  return sum;
}

void GateClusters::tie_gradient(const TrainingState& state, std::span<float> gradient) const {
  if (!state.assignment.empty()) {
    compression::tie_forget_gates(shape_, state.assignment, gradient);
  }
}

void GateClusters::tie(TrainingState& state) const {
  if (state.assignment.empty()) return;
  compression::tie_forget_gates(shape_, state.assignment, state.parameters);
  compression::tie_forget_gates(shape_, state.assignment, state.average);
}

}  // namespace psi_xlstm::training
