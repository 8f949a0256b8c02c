#pragma once

/// @file
/// The fused kernels as differentiable functions of LibTorch: a network along a batch of sequences,
/// as a function of its flat parameters. Everything a loss does with outputs and hidden states is
/// left to autograd; the recurrences have their own exact reverse.
///
/// Axes: T steps, B sequences, I inputs, H units of a layer, P parameters. All tensors are float32.

#include <torch/types.h>

#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "kernels/continuous/network.hpp"
#include "kernels/xlstm/network.hpp"

namespace psi_xlstm::models {

/// A network that autograd may need later: it lives as long as a backward pass that it belongs to
/// may come, and a backward pass of any but its last use is refused.
template <class Network>
class TapedNetwork {
 public:
  /// Throws as Network does.
  explicit TapedNetwork(const kernels::NetworkShape& shape)
      : tape_(std::make_shared<Tape>(Network(shape))) {}

  const Network& operator*() const { return tape_->network; }
  const Network* operator->() const { return &tape_->network; }

  /// For another use: what was recorded has no backward pass from now on.
  Network& use() {
    ++tape_->uses;
    return tape_->network;
  }

  /// What a backward pass holds.
  struct Tape {
    explicit Tape(Network own) : network(std::move(own)) {}
    Network network;
    std::int64_t uses = 0;
  };
  const std::shared_ptr<Tape>& tape() const { return tape_; }

 private:
  std::shared_ptr<Tape> tape_;
};

using TapedPublished = TapedNetwork<kernels::XlstmNetwork<float>>;
using TapedRelaxation = TapedNetwork<kernels::ContinuousNetwork<float>>;

/// A network along its inputs.
struct Trajectory {
  torch::Tensor output;               ///< y, [N, B]; N = T (published) or T + 1 (relaxation).
  std::vector<torch::Tensor> hidden;  ///< Output of each layer, [N, B, H].
};

/// Runs `network` with `parameters` [P] on `inputs` [T, B, I] from `state`, which is left at the
/// last step (truncated back-propagation through time: it is a constant). The backward pass throws
/// ShapeError where `network` was used again before it. Throws ShapeError where sizes do not fit.
Trajectory published_trajectory(TapedPublished& network,
                                const torch::Tensor& parameters,
                                const torch::Tensor& inputs,
                                kernels::XlstmState<float>& state);

/// Runs `network` with `parameters` [P] on `inputs` [T + 1, B, I] at the edges of steps of `rho`
/// [T, B] (duration over dt0), from rest under `rest_inputs` [B, I]. As above.
Trajectory relaxation_trajectory(TapedRelaxation& network,
                                 const torch::Tensor& parameters,
                                 const torch::Tensor& inputs,
                                 const torch::Tensor& rho,
                                 const torch::Tensor& rest_inputs);

}  // namespace psi_xlstm::models
