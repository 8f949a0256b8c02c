#pragma once

/// @file
/// The fused kernels as differentiable functions of LibTorch: a network along a batch of sequences,
/// as a function of its flat parameters. Everything a loss does with outputs and hidden states is
/// left to autograd; the recurrences have their own exact reverse.
///
/// Axes: T steps, B sequences, I inputs, H units of a layer, P parameters. All tensors are float32.

#include <torch/types.h>

#include <vector>

#include "kernels/continuous/network.hpp"
#include "kernels/xlstm/network.hpp"

namespace psi_xlstm::models {

/// A network along its inputs.
struct Trajectory {
  torch::Tensor output;               ///< y, [N, B]; N = T (published) or T + 1 (relaxation).
  std::vector<torch::Tensor> hidden;  ///< Output of each layer, [N, B, H].
};

/// Runs `network` with `parameters` [P] on `inputs` [T, B, I] from `state`, which is left at the
/// last step (truncated back-propagation through time: it is a constant). `network` must live, and
/// not run again, until the backward pass. Throws ShapeError where sizes do not fit.
Trajectory published_trajectory(kernels::XlstmNetwork<float>& network,
                                const torch::Tensor& parameters,
                                const torch::Tensor& inputs,
                                kernels::XlstmState<float>& state);

/// Runs `network` with `parameters` [P] on `inputs` [T + 1, B, I] at the edges of steps of `rho`
/// [T, B] (duration over dt0), from rest under `rest_inputs` [B, I]. As above.
Trajectory relaxation_trajectory(kernels::ContinuousNetwork<float>& network,
                                 const torch::Tensor& parameters,
                                 const torch::Tensor& inputs,
                                 const torch::Tensor& rho,
                                 const torch::Tensor& rest_inputs);

}  // namespace psi_xlstm::models
