#pragma once

/// @file
/// What a forget gate means in seconds. A cell that multiplies its memory by f = sigmoid(f~) every
/// reference step dt0 relaxes like tau dc/dt = u - c:
///
///     lambda = softplus(-f~)/dt0  [1/s],   tau = 1/lambda  [s],   f = exp(-lambda dt).
///
/// The published study (S. L. Jurj, IEEE Access 14 (2026) 52272-52289, "Psi") calls
/// 1/exp(mean of a row of weights) a time constant; that number has no unit and is not used here.
///
/// Exact to rounding for every f~: at f~ = 40 a sigmoid in double is 1 and 1 - f is lost, these are
/// not. All functions work element by element, on any shape.

#include <torch/types.h>

namespace psi_xlstm::equations {

/// The relaxation rate lambda [1/s] of the forget-gate pre-activation f~ (dimensionless) of a model
/// with the reference step dt0 [s]. Throws ConfigError unless dt0 is positive.
torch::Tensor relaxation_rate(const torch::Tensor& forget_gate, double dt0);

/// The time constant tau = 1/lambda [s]. Throws as relaxation_rate does.
torch::Tensor time_constant(const torch::Tensor& forget_gate, double dt0);

/// What has gone after dt [s]: 1 - f, with all its digits where f is almost 1.
torch::Tensor relaxed_fraction(const torch::Tensor& rate, const torch::Tensor& dt);

}  // namespace psi_xlstm::equations
