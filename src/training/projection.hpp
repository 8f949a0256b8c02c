#pragma once

/// @file
/// The projection P [G, H] of a student's hidden states into those of its teacher: trained along,
/// behind the student's own numbers in the flat array, and not part of what is stored.

#include <torch/types.h>

#include <cmath>
#include <vector>

#include "core/rng.hpp"

namespace psi_xlstm::training {

/// `start` followed by a random projection from `hidden` to `teacher_hidden` units (0: none).
inline std::vector<double> with_projection(std::vector<double> start,
                                           int hidden,
                                           int teacher_hidden,
                                           int seed) {
  Rng rng(static_cast<std::uint32_t>(seed));
  const double deviation = 1 / std::sqrt(static_cast<double>(hidden));
  for (int i = 0; i < hidden * teacher_hidden; ++i) start.push_back(deviation * rng.normal());
  return start;
}

/// P [G, H] out of the flat array, behind its first `own` numbers.
inline torch::Tensor projection_of(const torch::Tensor& flat, std::int64_t own, std::int64_t G) {
  return flat.narrow(0, own, flat.numel() - own).view({G, -1});
}

}  // namespace psi_xlstm::training
