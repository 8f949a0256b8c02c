#pragma once

/// @file
/// AdamW (I. Loshchilov, F. Hutter, ICLR 2019) on flat arrays, as torch::optim::AdamW computes it.

#include <span>

#include "kernels/simd/instruction_set.hpp"

namespace psi_xlstm::kernels {

struct AdamWOptions {
  double learning_rate = 1e-3;
  double beta1 = 0.9;
  double beta2 = 0.999;
  double epsilon = 1e-8;
  double weight_decay = 1e-2;
  double gradient_scale = 1;  ///< The gradient is multiplied by it first: clip_factor().
  long step = 1;              ///< 1 for the first step.
};

/// Running averages of the gradient and of its square.
template <class Real>
struct AdamWMoments {
  std::span<Real> first, second;
};

/// One step, in place:
///
///     p <- p (1 - lr decay),  m <- b1 m + (1 - b1) g,  v <- b2 v + (1 - b2) g^2,
///     p <- p - lr m / (1 - b1^step) / (sqrt(v / (1 - b2^step)) + epsilon)
///
/// Throws ShapeError where the lengths differ.
template <class Real>
void adamw_step(std::span<Real> parameters,
                std::span<const Real> gradient,
                AdamWMoments<Real> moments,
                const AdamWOptions& options,
                InstructionSet instruction_set = best_instruction_set());

/// Euclidean norm of `gradient`; NaN or infinite where an entry is.
template <class Real>
double gradient_norm(std::span<const Real> gradient,
                     InstructionSet instruction_set = best_instruction_set());

/// What a gradient of norm `norm` is multiplied by so that its norm is at most `max_norm`:
/// min(1, max_norm / (norm + 1e-6)), as torch::nn::utils::clip_grad_norm_ does.
double clip_factor(double norm, double max_norm);

}  // namespace psi_xlstm::kernels
