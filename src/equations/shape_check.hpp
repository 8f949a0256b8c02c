#pragma once

/// @file
/// Checks of what callers hand to the equations, with messages in one form.

#include <torch/types.h>

#include <cstdint>
#include <string>
#include <string_view>

namespace psi_xlstm::equations {

/// A length that an axis may have at will, in expect_shape.
inline constexpr std::int64_t kAny = -1;

/// The sizes of `tensor` as text, "[2, 3]"; "nothing" for an undefined one.
std::string shape_text(const torch::Tensor& tensor);

/// Throws ShapeError unless `tensor` is defined and has these `sizes` (kAny fits every length):
/// "where: expected [B, 4], found [3, 5]", with numbers for the letters.
void expect_shape(std::string_view where, const torch::Tensor& tensor, torch::IntArrayRef sizes);

/// Throws ShapeError unless `tensor` is of the floating-point type of `like`.
void expect_type(std::string_view where, const torch::Tensor& tensor, const torch::Tensor& like);

}  // namespace psi_xlstm::equations
