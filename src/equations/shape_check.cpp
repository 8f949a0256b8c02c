#include "equations/shape_check.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <vector>

#include "psi_xlstm/core/error.hpp"

namespace psi_xlstm::equations {
namespace {

bool fits(const torch::Tensor& tensor, torch::IntArrayRef sizes) {
  if (!tensor.defined() || tensor.dim() != static_cast<std::int64_t>(sizes.size())) return false;
  for (std::size_t axis = 0; axis < sizes.size(); ++axis) {
    const std::int64_t length = tensor.size(static_cast<std::int64_t>(axis));
    if (sizes[axis] != kAny && sizes[axis] != length) return false;
  }
  return true;
}

std::string expected_text(torch::IntArrayRef sizes) {
  std::vector<std::string> words;
  for (const std::int64_t size : sizes) {
    words.push_back(size == kAny ? "any" : fmt::format("{}", size));
  }
  return fmt::format("[{}]", fmt::join(words, ", "));
}

}  // namespace

std::string shape_text(const torch::Tensor& tensor) {
  return tensor.defined() ? expected_text(tensor.sizes()) : "nothing";
}

void expect_shape(std::string_view where, const torch::Tensor& tensor, torch::IntArrayRef sizes) {
  if (fits(tensor, sizes)) return;
  throw ShapeError(
      fmt::format("{}: expected {}, found {}", where, expected_text(sizes), shape_text(tensor)));
}

void expect_type(std::string_view where, const torch::Tensor& tensor, const torch::Tensor& like) {
  if (tensor.is_floating_point() && tensor.scalar_type() == like.scalar_type()) return;
  throw ShapeError(fmt::format("{}: expected numbers of type {}, found {}", where,
                               torch::toString(like.scalar_type()),
                               torch::toString(tensor.scalar_type())));
}

}  // namespace psi_xlstm::equations
