#pragma once

// What train_benchmark.cpp measures: training steps by the kernels and by a loop of LibTorch, and
// streaming steps by LibTorch.

#include <torch/types.h>

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "kernels/simd/instruction_set.hpp"
#include "model/stored_network.hpp"
#include "psi_xlstm/ir/network.hpp"

namespace psi_xlstm {

/// Training data and start of the published teacher: T steps of B sequences, float.
struct TrainingProblem {
  kernels::NetworkShape shape;
  std::vector<float> start;  ///< [P]
  torch::Tensor inputs;      ///< (V, t), [T, B, 2].
  torch::Tensor targets;     ///< [T, B]

  int steps() const { return static_cast<int>(inputs.size(0)); }
  int sequences() const { return static_cast<int>(inputs.size(1)); }
};

/// The published drives and a smooth function of them, for the published teacher.
TrainingProblem training_problem(int steps, int sequences);

/// Training that goes on step after step on the same data, with the states carried along.
class TrainingSubject {
 public:
  virtual ~TrainingSubject() = default;

  /// Forward pass, derivative of the mean squared error, reverse, clipping to norm 1, AdamW.
  virtual void step() = 0;

  /// The gradient of the last step, before clipping, [P].
  virtual std::vector<float> gradient() const = 0;
};

/// By the fused kernels.
std::unique_ptr<TrainingSubject> kernel_trainer(const TrainingProblem& problem,
                                                kernels::InstructionSet set);

/// By autograd through a loop over the samples: every step runs the linear maps and the cell
/// (equations/cells.hpp) of one layer after the other.
std::unique_ptr<TrainingSubject> plain_libtorch_trainer(const TrainingProblem& problem);

/// The same by equations::published_network: layer after layer, the linear maps of all samples in
/// one product, so that only what recurs is left in the loop.
std::unique_ptr<TrainingSubject> batched_libtorch_trainer(const TrainingProblem& problem);

/// The largest difference between two gradients of `shape`, over the largest entry of its block.
double gradient_difference(const kernels::NetworkShape& shape,
                           const std::vector<float>& found,
                           const std::vector<float>& wanted);

/// A recurrent network at the start of its training.
StoredNetwork untrained_network(NetworkKind kind, kernels::Convention convention);

/// One streaming step in LibTorch, without derivatives, at a voltage [V].
using LibtorchStep = std::function<float(float voltage)>;

/// Of a recurrent network or the feed-forward baseline.
LibtorchStep libtorch_step(const StoredNetwork& network);

/// Of a compact student.
LibtorchStep libtorch_step(const ir::Network& network);

}  // namespace psi_xlstm
