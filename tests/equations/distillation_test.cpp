#include "equations/distillation.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "psi_xlstm/core/error.hpp"
#include "support/tensors.hpp"

namespace psi_xlstm::equations {
namespace {

using testing::expect_gradient;
using testing::full;
using testing::in_double;
using testing::message_of;
using testing::normal;
using testing::relative_error;
using testing::row;
using torch::Tensor;

// Two samples of one sequence; the teacher has two hidden units, the student one, P = (1, 2).
const Response kStudent{.output = row({1, 2}).view({2, 1}), .hidden = row({1, 3}).view({2, 1, 1})};
const Response kTeacher{.output = row({1, 4}).view({2, 1}),
                        .hidden = row({1, 2, 3, 4}).view({2, 1, 2})};
const Tensor kProjection = row({1, 2}).view({2, 1});

// Outputs: (0 + 4)/2. P h: (1, 2), (3, 6) against (1, 2), (3, 4): (0 + 0 + 0 + 4)/4.
TEST(HiddenLoss, MatchesNumbersByHand) {
  EXPECT_DOUBLE_EQ(hidden_loss(kStudent, kTeacher, kProjection).item<double>(), 2 + 1);
}

TEST(HiddenLoss, IsZeroForAStudentThatIsTheTeacher) {
  Rng rng(1);
  const Response teacher{.output = normal(rng, {5, 2}), .hidden = normal(rng, {5, 2, 3})};
  EXPECT_EQ(hidden_loss(teacher, teacher, torch::eye(3, in_double())).item<double>(), 0);
}

TEST(TotalDerivative, IsTheSlopeInUnitsOfTheTimeScale) {
  const auto t = row({0, 1, 3, 3.5}).unsqueeze(1);
  const auto dt = row({1, 2, 0.5}).unsqueeze(1);
  EXPECT_LE(relative_error(total_derivative(7 * t + 2, dt, 10), full({3, 1}, 70)), 1e-15);
  const auto hidden = torch::stack({7 * t, -t}, 2);  // [4, 1, 2]
  const auto slope = total_derivative(hidden, dt, 1);
  EXPECT_LE(relative_error(slope.select(2, 0), full({3, 1}, 7)), 1e-15);
  EXPECT_LE(relative_error(slope.select(2, 1), full({3, 1}, -1)), 1e-15);
}

// A voltage that moves makes the total derivative differ from the one by an explicit time: for
// I = G V with a constant G the first is G dV/dt, the second 0.
TEST(TotalDerivative, SeesWhatTheDriveDoes) {
  const double w = 2 * M_PI * 1e3, G = 2, dt = 1e-6;
  const auto t = torch::arange(2001, in_double()).unsqueeze(1) * dt;
  const auto slope = total_derivative(G * torch::sin(w * t), full({2000, 1}, dt), 1 / w);
  EXPECT_LE(relative_error(slope, G * torch::cos(w * (t.slice(0, 0, 2000) + dt / 2))), 1e-5);
}

// Differences times 2/0.5 = 4. Output: 4 against 12: 64. P h: (8, 16) against (8, 8): 64/2.
TEST(GradientLoss, MatchesNumbersByHand) {
  EXPECT_DOUBLE_EQ(
      gradient_loss(kStudent, kTeacher, kProjection, full({1, 1}, 0.5), 2).item<double>(), 64 + 32);
}

TEST(GradientLoss, DoesNotSeeAnOffset) {
  Response moved = kTeacher;
  moved.output = kTeacher.output + 5;
  const auto unit = torch::eye(2, in_double());
  EXPECT_EQ(gradient_loss(moved, kTeacher, unit, full({1, 1}, 0.5), 2).item<double>(), 0);
  EXPECT_GT(hidden_loss(moved, kTeacher, unit).item<double>(), 1);
}

TEST(ForgetGateRows, AreTheSecondQuarter) {
  const auto weight = torch::arange(16, in_double()).view({8, 2}),
             bias = row({0, 1, 2, 3, 4, 5, 6, 7});
  EXPECT_TRUE(torch::equal(forget_gate_rows(weight), row({4, 5, 6, 7}).view({2, 2})));
  EXPECT_TRUE(torch::equal(forget_gate_rows(weight, bias), row({4, 5, 2, 6, 7, 3}).view({2, 3})));
}

// Rows (0, 0), (3, 0), (10, 1); centres (1, 0), (10, 0): squared distances 1, 4, 1.
TEST(StructureLoss, MatchesNumbersByHand) {
  const auto rows = row({0, 0, 3, 0, 10, 1}).view({3, 2});
  const auto centres = row({1, 0, 10, 0}).view({2, 2});
  EXPECT_DOUBLE_EQ(structure_loss(rows, centres).item<double>(), (1 + 4 + 1) / 3.0);
  EXPECT_EQ(structure_loss(centres, centres).item<double>(), 0);
}

TEST(DistillationLoss, GradientMatchesFiniteDifferences) {
  Rng rng(2);
  const Response student{.output = normal(rng, {4, 2}), .hidden = normal(rng, {4, 2, 3})};
  const Response teacher{.output = normal(rng, {4, 2}), .hidden = normal(rng, {4, 2, 5})};
  const auto projection = normal(rng, {5, 3}), dt = normal(rng, {3, 2}).abs() + 0.1;
  const auto rows = normal(rng, {6, 2}), centres = normal(rng, {2, 2});
  const auto loss = [&](const Response& s, const Tensor& P, const Tensor& r, const Tensor& c) {
    return mean_squared_error(s.output, teacher.output) + hidden_loss(s, teacher, P) +
           0.5 * gradient_loss(s, teacher, P, dt, 0.5) + 0.1 * structure_loss(r, c);
  };
  expect_gradient(
      [&](const Tensor& y) {
        return loss({.output = y, .hidden = student.hidden}, projection, rows, centres);
      },
      student.output);
  expect_gradient(
      [&](const Tensor& h) {
        return loss({.output = student.output, .hidden = h}, projection, rows, centres);
      },
      student.hidden);
  expect_gradient([&](const Tensor& P) { return loss(student, P, rows, centres); }, projection);
  expect_gradient([&](const Tensor& r) { return loss(student, projection, r, centres); }, rows);
  expect_gradient([&](const Tensor& c) { return loss(student, projection, rows, c); }, centres);
}

TEST(DistillationLoss, NamesWhatDoesNotFit) {
  EXPECT_EQ(message_of<ShapeError>([] {
              hidden_loss(kStudent, kTeacher, full({1, 2}, 0));
            }),
            "projection: expected [2, 1], found [1, 2]");
  EXPECT_EQ(message_of<ShapeError>([] {
              mean_squared_error(full({2, 1}, 0), full({2}, 0));
            }),
            "squared error: expected [2], found [2, 1]");
  EXPECT_EQ(message_of<ShapeError>([] {
              total_derivative(full({1, 1}, 0), full({0, 1}, 1), 1);
            }),
            "time derivative: expected at least two samples [N, B] or [N, B, H], found [1, 1]");
  EXPECT_EQ(message_of<ShapeError>([] {
              total_derivative(full({3, 1}, 0), full({3, 1}, 1), 1);
            }),
            "time derivative, steps: expected [2, 1], found [3, 1]");
  EXPECT_EQ(message_of<ShapeError>([] {
              forget_gate_rows(full({6, 2}, 0));
            }),
            "sLSTM weight: expected rows of four gates, found [6, 2]");
  EXPECT_EQ(message_of<ShapeError>([] {
              structure_loss(full({6, 2}, 0), full({2, 3}, 0));
            }),
            "centres: expected [any, 2], found [2, 3]");
}

}  // namespace
}  // namespace psi_xlstm::equations
