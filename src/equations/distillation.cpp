#include "equations/distillation.hpp"

#include <fmt/format.h>

#include <tuple>

#include "equations/shape_check.hpp"
#include "psi_xlstm/core/error.hpp"

namespace psi_xlstm::equations {
namespace {

using torch::Tensor;

void expect_fit(const Response& student, const Response& teacher, const Tensor& projection) {
  expect_shape("student output", student.output, {kAny, kAny});
  const auto samples = student.output.size(0), batch = student.output.size(1);
  expect_shape("teacher output", teacher.output, {samples, batch});
  expect_shape("student hidden states", student.hidden, {samples, batch, kAny});
  expect_shape("teacher hidden states", teacher.hidden, {samples, batch, kAny});
  expect_shape("projection", projection, {teacher.hidden.size(2), student.hidden.size(2)});
}

}  // namespace

Tensor mean_squared_error(const Tensor& found, const Tensor& wanted) {
  expect_shape("squared error", found, wanted.sizes());
  return (found - wanted).square().mean();
}

Tensor hidden_loss(const Response& student, const Response& teacher, const Tensor& projection) {
  expect_fit(student, teacher, projection);
  return mean_squared_error(student.output, teacher.output) +
         mean_squared_error(torch::linear(student.hidden, projection), teacher.hidden);
}

Tensor total_derivative(const Tensor& x, const Tensor& dt, double time_scale) {
  if (!x.defined() || x.dim() < 2 || x.dim() > 3 || x.size(0) < 2) {
    throw ShapeError(
        fmt::format("time derivative: expected at least two samples [N, B] or [N, B, H], found {}",
                    shape_text(x)));
  }
  const auto steps = x.size(0) - 1;
  expect_shape("time derivative, steps", dt, {steps, x.size(1)});
  const auto step = x.dim() == 3 ? dt.unsqueeze(-1) : dt;
  return (x.narrow(0, 1, steps) - x.narrow(0, 0, steps)) * (time_scale / step);
}

Tensor gradient_loss(const Response& student,
                     const Response& teacher,
                     const Tensor& projection,
                     const Tensor& dt,
                     double time_scale) {
  expect_fit(student, teacher, projection);
  const auto derivative = [&](const Tensor& x) { return total_derivative(x, dt, time_scale); };
  return mean_squared_error(derivative(student.output), derivative(teacher.output)) +
         mean_squared_error(derivative(torch::linear(student.hidden, projection)),
                            derivative(teacher.hidden));
}

Tensor forget_gate_rows(const Tensor& weight, const Tensor& bias) {
  expect_shape("sLSTM weight", weight, {kAny, kAny});
  if (weight.size(0) % 4 != 0) {
    throw ShapeError(
        fmt::format("sLSTM weight: expected rows of four gates, found {}", shape_text(weight)));
  }
  const auto hidden = weight.size(0) / 4;
  const auto rows = weight.narrow(0, hidden, hidden);
  if (!bias.defined()) return rows;
  expect_shape("sLSTM bias", bias, {4 * hidden});
  return torch::cat({rows, bias.narrow(0, hidden, hidden).unsqueeze(1)}, 1);
}

Tensor structure_loss(const Tensor& rows, const Tensor& centres) {
  expect_shape("forget-gate rows", rows, {kAny, kAny});
  expect_shape("centres", centres, {kAny, rows.size(1)});
  const auto distance = (rows.unsqueeze(1) - centres.unsqueeze(0)).square().sum(-1);  // [J, K]
  return std::get<0>(distance.min(1)).mean();                                         // (5)
}

}  // namespace psi_xlstm::equations
