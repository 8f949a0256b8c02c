#include "equations/time_constant.hpp"

#include <fmt/format.h>

#include "psi_xlstm/core/error.hpp"

namespace psi_xlstm::equations {
namespace {

void expect_positive(double dt0) {
  if (dt0 > 0) return;
  throw ConfigError(fmt::format("reference step: expected a positive time, found {} s", dt0));
}

}  // namespace

torch::Tensor relaxation_rate(const torch::Tensor& forget_gate, double dt0) {
  expect_positive(dt0);
  // softplus(-f~) = -ln sigmoid(f~). torch::softplus returns its argument above 20, 2e-9 too low.
  return torch::log_sigmoid(forget_gate) * (-1 / dt0);
}

torch::Tensor time_constant(const torch::Tensor& forget_gate, double dt0) {
  return relaxation_rate(forget_gate, dt0).reciprocal();
}

torch::Tensor relaxed_fraction(const torch::Tensor& rate, const torch::Tensor& dt) {
  return -torch::expm1(-rate * dt);
}

}  // namespace psi_xlstm::equations
