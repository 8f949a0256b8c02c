#pragma once

/// @file
/// The structure term of a clustering student along its training: forget-gate rows are pulled to K
/// centres, which are found anew at intervals, and tied to them at a given step.

#include <torch/types.h>

#include <vector>

#include "kernels/simd/network_shape.hpp"
#include "training/optimizer.hpp"

namespace psi_xlstm::training {

class GateClusters {
 public:
  /// Inactive for a shape without clusters.
  explicit GateClusters(const kernels::NetworkShape& shape);

  /// Whether gates are to be clustered and are still free in `state`.
  bool free(const TrainingState& state) const { return active_ && state.assignment.empty(); }

  /// Forget gates in all clustered layers; 0 for an inactive one.
  std::size_t count() const;

  /// While the gates are free: finds the groups of their rows anew and moves the centres there.
  /// With `tie` the rows of a group become one, and so do their moments, from now on.
  void regroup(TrainingState& state, bool tie);

  /// Distance of rows (input weights and bias) to their centres, over all layers, as a function of
  /// the flat parameters: input weights of the centres are trained along, biases are the means of
  /// the groups.
  torch::Tensor structure(const torch::Tensor& flat, const TrainingState& state) const;

  /// Makes `gradient` one for the rows of a tied group; does nothing while they are free.
  void tie_gradient(const TrainingState& state, std::span<float> gradient) const;

  /// Makes the rows of a tied group exactly one after a step of an optimizer that mixes rows.
  void tie(TrainingState& state) const;

 private:
  kernels::NetworkShape shape_;
  bool active_;
  std::vector<int> groups_;
};

}  // namespace psi_xlstm::training
