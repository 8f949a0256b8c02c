#pragma once

/// @file
/// Whole networks, layer by layer and step by step, from one flat array of numbers in the order of
/// kernels/network_shape.hpp: Linear(I, W) without activation, the layers, Linear(H, 1). An mLSTM
/// is followed by its LayerNorm (eps 1e-5, population variance); an sLSTM is not. The networks are
/// those of S. L. Jurj, IEEE Access 14 (2026) 52272-52289 ("Psi"), the cells those of cells.hpp and
/// relaxation.hpp.
///
/// Plain operations of LibTorch, one set per time step: slow, easy to read, and what the fused
/// kernels are compared with. The centres of a clustered layer do not enter here; they act through
/// structure_loss (distillation.hpp).
///
/// Axes: T time steps, B sequences, I inputs, W input units, H hidden units of a layer, N heads.

#include <torch/types.h>

#include <cstdint>
#include <map>
#include <string>
#include <variant>
#include <vector>

#include "equations/cells.hpp"
#include "equations/relaxation.hpp"
#include "kernels/simd/network_shape.hpp"

namespace psi_xlstm::equations {

/// The eps of every LayerNorm.
inline constexpr double kLayerNormEps = 1e-5;

/// Blocks of the flat array by name: weights [rows, columns], biases and LayerNorms [rows].
using NamedParameters = std::map<std::string, torch::Tensor>;

/// Views into `parameters` [P]. Throws ShapeError unless P is kernels::parameter_count(shape) and
/// the type is a floating-point one.
NamedParameters named_parameters(const kernels::NetworkShape& shape,
                                 const torch::Tensor& parameters);

/// State of a published network, one entry per layer.
using XlstmState = std::vector<std::variant<SlstmState, MlstmState>>;

/// The state before the first sample. `options` give type and device.
XlstmState empty_state(const kernels::NetworkShape& shape,
                       std::int64_t batch,
                       const torch::TensorOptions& options = {});

/// What a published network did.
struct PublishedRun {
  torch::Tensor output;               ///< y [T, B].
  std::vector<torch::Tensor> hidden;  ///< Of each layer, after its LayerNorm [T, B, H].
  XlstmState state;                   ///< After the last step.
};

/// Runs a network of the published convention from `state`. `inputs` is [T, B, I], T >= 1;
/// `step_ratio` is dt/dt0 of each step [T, B], or undefined for 1. Throws ShapeError if a size, a
/// type or a state does not fit `shape`, or if its convention is another.
PublishedRun published_network(const kernels::NetworkShape& shape,
                               const torch::Tensor& parameters,
                               const torch::Tensor& inputs,
                               const torch::Tensor& step_ratio,
                               const XlstmState& state);

/// State of a relaxation network, one entry per layer.
using ContinuousState = std::vector<std::variant<SlstmMemory, MlstmMemory>>;

/// The state in which each layer rests while `inputs` [B, I] stand still. Throws as
/// relaxation_network does.
ContinuousState rest_state(const kernels::NetworkShape& shape,
                           const torch::Tensor& parameters,
                           const torch::Tensor& inputs);

/// What a relaxation network did. Edge k lies between steps k - 1 and k.
struct RelaxationRun {
  torch::Tensor output;               ///< y at the edges [T + 1, B].
  std::vector<torch::Tensor> hidden;  ///< Of each layer, after its LayerNorm [T + 1, B, H].
  ContinuousState state;              ///< At the last edge.
};

/// Runs a network of the relaxation convention from `state` at the first edge. `inputs` are those
/// at the edges [T + 1, B, I], T >= 0; `dt` are the steps [T, B] in seconds; dt0 is the reference
/// step [s]. Throws ShapeError if a size, a type or a state does not fit `shape`, or if its
/// convention is another, and ConfigError unless dt0 is positive.
RelaxationRun relaxation_network(const kernels::NetworkShape& shape,
                                 const torch::Tensor& parameters,
                                 const torch::Tensor& inputs,
                                 const torch::Tensor& dt,
                                 double dt0,
                                 const ContinuousState& state);

}  // namespace psi_xlstm::equations
