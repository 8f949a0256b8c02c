/// @file
/// The published sLSTM: by hand, against the unstabilised recurrence, extremes and gradients.

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "equations/cells.hpp"
#include "psi_xlstm/core/error.hpp"
#include "support/tensors.hpp"

namespace psi_xlstm::equations {
namespace {

using testing::all_finite;
using testing::expect_gradient;
using testing::full;
using testing::in_double;
using testing::message_of;
using testing::normal;
using testing::relative_error;
using testing::row;
using torch::Tensor;

double logistic(double x) { return 1 / (1 + std::exp(-x)); }

Tensor unconnected(std::int64_t hidden) { return full({4 * hidden, hidden}, 0); }

// One unit; gates in the order i, f, z, o.
SlstmState one_unit_step(const SlstmState& state, double i, double f, double z, double o) {
  return slstm_step(state, row({i, f, z, o}).view({1, 4}), unconnected(1));
}

// By hand, i = exp(0) = 1, f = logistic(0) = 1/2, o = logistic(0) = 1/2:
//   c: 0 -> tanh 1 -> tanh(1)/2 + tanh 2,   n: 0 -> 1 -> 3/2,   y = c/(2 n).
TEST(SlstmStep, MatchesTwoStepsByHand) {
  auto state = one_unit_step(empty_slstm_state(1, 1, in_double()), 0, 0, 1, 0);
  EXPECT_DOUBLE_EQ(state.y.item<double>(), std::tanh(1.0) / 2);
  state = one_unit_step(state, 0, 0, 2, 0);
  EXPECT_DOUBLE_EQ(state.n.item<double>(), 1.5);
  EXPECT_DOUBLE_EQ(state.y.item<double>(), (std::tanh(1.0) / 2 + std::tanh(2.0)) / 3);
}

// Two units, R only from the output of unit 1 into the candidate of unit 0, weight 3.
TEST(SlstmStep, GatesSeeThePreviousOutputThroughR) {
  auto recurrent = unconnected(2);
  recurrent[4][1] = 3;  // row of z~ of unit 0
  SlstmState state = empty_slstm_state(1, 2, in_double());
  state.y = row({5, 0.25}).view({1, 2});
  const auto next = slstm_step(state, full({1, 8}, 0), recurrent);
  EXPECT_DOUBLE_EQ(next.y[0][0].item<double>(), std::tanh(0.75) / 2);
  EXPECT_DOUBLE_EQ(next.y[0][1].item<double>(), 0);
}

// The stabiliser is a change of variables: it must not change the output.
TEST(SlstmStep, AgreesWithUnstabilisedRecurrenceOfVaryingSteps) {
  Rng rng(1);
  SlstmState state = empty_slstm_state(1, 1, in_double());
  double c = 0, n = 0;
  for (int t = 0; t < 30; ++t) {
    const double a[] = {rng.normal(), rng.normal(), rng.normal(), rng.normal()};
    const double r = rng.uniform(0.1, 3);
    const double f0 = logistic(a[1]), f = std::pow(f0, r);
    const double take = std::exp(a[0]) * (1 - f) / (1 - f0);
    c = f * c + take * std::tanh(a[2]);
    n = f * n + take;
    state =
        slstm_step(state, row({a[0], a[1], a[2], a[3]}).view({1, 4}), unconnected(1), full({1}, r));
    EXPECT_NEAR(state.y.item<double>(), logistic(a[3]) * c / n, 1e-14) << "at step " << t;
  }
}

TEST(SlstmStep, AStepRatioOfOneIsTheCellOfTheLiterature) {
  Rng rng(2);
  const auto recurrent = normal(rng, {12, 3}, 0.3);
  SlstmState plain = empty_slstm_state(2, 3, in_double()), aware = plain;
  for (int t = 0; t < 20; ++t) {
    const auto drive = normal(rng, {2, 12}, 3);
    plain = slstm_step(plain, drive, recurrent);
    aware = slstm_step(aware, drive, recurrent, full({2}, 1));
  }
  EXPECT_LE(relative_error(aware.y, plain.y), 1e-14);
  EXPECT_LE(relative_error(aware.m, plain.m), 1e-14);
}

// tau dc/dt = u - c with constant gates: 0.3 + 0.7 of a step is one step.
TEST(SlstmStep, TwoPartsOfAStepAreTheWhole) {
  Rng rng(3);
  const auto start =
      slstm_step(empty_slstm_state(4, 3, in_double()), normal(rng, {4, 12}), unconnected(3));
  const auto drive = normal(rng, {4, 12}, 2);
  const auto whole = slstm_step(start, drive, unconnected(3));
  const auto part = slstm_step(start, drive, unconnected(3), full({4}, 0.3));
  const auto both = slstm_step(part, drive, unconnected(3), full({4}, 0.7));
  EXPECT_LE(relative_error(both.y, whole.y), 1e-14);
}

TEST(SlstmStep, AStepOfZeroLeavesTheStateAndKeepsGradients) {
  Rng rng(4);
  const auto start =
      slstm_step(empty_slstm_state(2, 3, in_double()), normal(rng, {2, 12}), unconnected(3));
  const auto drive = testing::variable(normal(rng, {2, 12}));
  const auto next = slstm_step(start, drive, unconnected(3), row({0, 1}));
  for (const auto part : {&SlstmState::c, &SlstmState::n, &SlstmState::m, &SlstmState::y}) {
    EXPECT_TRUE(torch::equal((next.*part)[0], (start.*part)[0]));
  }
  EXPECT_FALSE(torch::equal(next.c[1], start.c[1]));
  const auto slope = torch::autograd::grad({next.y.sum()}, {drive})[0];
  EXPECT_TRUE(all_finite(slope));
  EXPECT_EQ(slope[0].abs().max().item<double>(), 0);
  EXPECT_GT(slope[1].abs().min().item<double>(), 0);
}

TEST(SlstmStep, AStepOfZeroOnAnEmptyStateGivesZero) {
  const auto drive = testing::variable(full({1, 4}, 1));
  const auto next =
      slstm_step(empty_slstm_state(1, 1, in_double()), drive, unconnected(1), full({1}, 0));
  EXPECT_EQ(next.y.item<double>(), 0);
  EXPECT_EQ(next.n.item<double>(), 0);
  EXPECT_TRUE(all_finite(torch::autograd::grad({next.y.sum()}, {drive})[0]));
}

TEST(SlstmStep, NormaliserIsAtLeastOneFromAnEmptyState) {
  Rng rng(5);
  SlstmState state = empty_slstm_state(8, 16, in_double());
  double smallest = 1e300;
  for (int t = 0; t < 200; ++t) {
    state = slstm_step(state, normal(rng, {8, 64}, 10), unconnected(16));
    smallest = std::min(smallest, state.n.min().item<double>());
  }
  EXPECT_GE(smallest, 1 - 1e-12);
}

// The official code asks whether the whole batch is empty; a reset row then divides 0 by 0.
TEST(SlstmStep, AResetRowStartsAnewWhileTheOthersGoOn) {
  Rng rng(6);
  const auto recurrent = normal(rng, {12, 3}, 0.3);
  const auto step = [&](const SlstmState& from, const Tensor& drive) {
    return slstm_step(from, drive, recurrent);
  };
  const auto first = normal(rng, {2, 12}), second = normal(rng, {2, 12}) - 100;
  const auto both = step(empty_slstm_state(2, 3, in_double()), first);
  const auto empty = empty_slstm_state(1, 3, in_double());
  const auto mixed = [](const Tensor& kept, const Tensor& fresh) {
    return torch::cat({kept.slice(0, 0, 1), fresh});
  };
  const auto next = step({.c = mixed(both.c, empty.c),
                          .n = mixed(both.n, empty.n),
                          .m = mixed(both.m, empty.m),
                          .y = mixed(both.y, empty.y)},
                         second);
  EXPECT_TRUE(all_finite(next.y));
  EXPECT_LE(relative_error(next.y[0], step(both, second).y[0]), 1e-15);
  EXPECT_LE(relative_error(next.y[1], step(empty, second.slice(0, 1, 2)).y[0]), 1e-15);
}

TEST(SlstmStep, StaysFiniteWhereExpOverflows) {
  for (const double i : {-800.0, 800.0}) {
    auto state = one_unit_step(empty_slstm_state(1, 1, in_double()), i, 0, 1, 0);
    state = one_unit_step(state, i, 0, 1, 0);
    EXPECT_DOUBLE_EQ(state.y.item<double>(), std::tanh(1.0) / 2) << "i~ = " << i;
  }
}

// f~ = 40: nothing decays, y is the mean of the candidates. f~ = -40: only the last one counts.
TEST(SlstmStep, ForgetsAllOrNothing) {
  SlstmState integrator = empty_slstm_state(1, 1, in_double()), memoryless = integrator;
  double sum = 0;
  for (const double z : {0.3, -1.0, 0.8, 2.0}) {
    integrator = one_unit_step(integrator, 0, 40, z, 100);
    memoryless = one_unit_step(memoryless, 0, -40, z, 100);
    sum += std::tanh(z);
  }
  EXPECT_NEAR(integrator.y.item<double>(), sum / 4, 1e-15);
  EXPECT_NEAR(memoryless.y.item<double>(), std::tanh(2.0), 1e-15);
}

// At f~ = 40 a memory of single precision must still take up r times the drive in r steps.
TEST(SlstmStep, TakesUpTheRightShareWhereOneMinusFIsLost) {
  for (const double f : {20.0, 40.0, 150.0}) {
    const auto gates = log_gates(full({1, 1}, 0), full({1, 1}, f), full({1, 1}, 2.5));
    EXPECT_NEAR(gates.input.item<double>(), std::log(2.5), 1e-8) << f;  // + O(exp(-f~))
    const auto single =
        log_gates(full({1, 1}, 0).to(torch::kFloat32), full({1, 1}, f).to(torch::kFloat32),
                  full({1, 1}, 2.5).to(torch::kFloat32));
    EXPECT_NEAR(single.input.item<double>(), std::log(2.5), 1e-6) << f;
  }
}

TEST(SlstmStep, GradientMatchesFiniteDifferences) {
  Rng rng(7);
  const auto drives = normal(rng, {4, 2, 12}), recurrent = normal(rng, {12, 3}, 0.5);
  const auto weight = normal(rng, {2, 3}), ratio = row({0.4, 2});
  const auto loss = [&](const Tensor& d, const Tensor& r) {
    SlstmState state = empty_slstm_state(2, 3, in_double());
    for (int t = 0; t < 4; ++t) state = slstm_step(state, d[t], r, ratio);
    return (weight * state.y).sum();
  };
  expect_gradient([&](const Tensor& d) { return loss(d, recurrent); }, drives);
  expect_gradient([&](const Tensor& r) { return loss(drives, r); }, recurrent);
}

TEST(SlstmStep, NamesWhatDoesNotFit) {
  const auto state = empty_slstm_state(2, 3, in_double());
  const auto message = [&](const Tensor& drive, const Tensor& recurrent, const Tensor& ratio) {
    return message_of<ShapeError>([&] { slstm_step(state, drive, recurrent, ratio); });
  };
  EXPECT_EQ(message(full({2, 3}, 0), unconnected(3), {}),
            "sLSTM drive: expected [2, 12], found [2, 3]");
  EXPECT_EQ(message(full({2, 12}, 0), unconnected(2), {}),
            "sLSTM recurrent weight: expected [12, 3], found [8, 2]");
  EXPECT_EQ(message(full({2, 12}, 0), unconnected(3), full({3}, 1)),
            "step ratio: expected [2], found [3]");
}

}  // namespace
}  // namespace psi_xlstm::equations
