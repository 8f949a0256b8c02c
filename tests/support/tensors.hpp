#pragma once

/// @file
/// Tensors for tests: reproducible numbers, comparison, and derivatives by central differences.

#include <gtest/gtest.h>
#include <torch/csrc/autograd/autograd.h>
#include <torch/types.h>

#include <algorithm>
#include <cstdint>
#include <functional>
#include <limits>
#include <string>
#include <vector>

#include "core/rng.hpp"
#include "support/message_of.hpp"

namespace psi_xlstm::testing {

/// Type of every reference computation.
inline torch::TensorOptions in_double() { return torch::TensorOptions(torch::kFloat64); }

/// The numbers `values` in one row [values.size()].
inline torch::Tensor row(const std::vector<double>& values) {
  return torch::tensor(values, in_double());
}

/// A tensor full of `value`.
inline torch::Tensor full(torch::IntArrayRef sizes, double value) {
  return torch::full(sizes, value, in_double());
}

/// Normal numbers of mean 0 and standard deviation `sd` from `rng`.
inline torch::Tensor normal(Rng& rng, torch::IntArrayRef sizes, double sd = 1) {
  auto numbers = torch::empty(sizes, in_double());
  double* number = numbers.data_ptr<double>();
  for (std::int64_t k = 0; k < numbers.numel(); ++k) number[k] = sd * rng.normal();
  return numbers;
}

/// The largest |found - expected| over the largest |expected|; infinite where one is not finite or
/// the sizes differ. Two empty tensors are equal.
inline double relative_error(const torch::Tensor& found, const torch::Tensor& expected) {
  constexpr double kInfinite = std::numeric_limits<double>::infinity();
  if (found.sizes() != expected.sizes()) return kInfinite;
  if (found.numel() == 0) return 0;
  const auto f = found.detach().to(torch::kFloat64), e = expected.detach().to(torch::kFloat64);
  if (!torch::isfinite(f).all().item<bool>() || !torch::isfinite(e).all().item<bool>()) {
    return kInfinite;
  }
  const double difference = (f - e).abs().max().item<double>();
  return difference == 0 ? 0 : difference / e.abs().max().item<double>();
}

/// True if every number is finite.
inline bool all_finite(const torch::Tensor& tensor) {
  return torch::isfinite(tensor).all().item<bool>();
}

/// A copy of `tensor` that collects gradients.
inline torch::Tensor variable(const torch::Tensor& tensor) {
  return tensor.detach().clone().set_requires_grad(true);
}

/// d loss/d x by LibTorch, for a function of one tensor that returns a scalar.
inline torch::Tensor gradient(const std::function<torch::Tensor(const torch::Tensor&)>& loss,
                              const torch::Tensor& x) {
  const auto at = variable(x);
  return torch::autograd::grad({loss(at)}, {at})[0];
}

/// d loss/d x by central differences of width `step`, element by element.
inline torch::Tensor difference_gradient(
    const std::function<torch::Tensor(const torch::Tensor&)>& loss,
    const torch::Tensor& x,
    double step) {
  torch::NoGradGuard no_graph;
  auto point = x.detach().clone().contiguous();
  auto slope = torch::empty_like(point);
  double* at = point.data_ptr<double>();
  double* result = slope.data_ptr<double>();
  for (std::int64_t k = 0; k < point.numel(); ++k) {
    const double middle = at[k];
    at[k] = middle + step;
    const double high = loss(point).item<double>();
    at[k] = middle - step;
    const double low = loss(point).item<double>();
    at[k] = middle;
    result[k] = (high - low) / (2 * step);
  }
  return slope;
}

/// Expects the gradient of LibTorch to agree with central differences within `tolerance` of its
/// largest element. Central differences of width h err by h^2 and by 1e-16/h.
inline void expect_gradient(const std::function<torch::Tensor(const torch::Tensor&)>& loss,
                            const torch::Tensor& x,
                            double tolerance = 1e-7,
                            double step = 1e-5) {
  EXPECT_LE(relative_error(gradient(loss, x), difference_gradient(loss, x, step)), tolerance);
}

}  // namespace psi_xlstm::testing
