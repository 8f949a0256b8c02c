#include "equations/relaxation.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <functional>

#include "psi_xlstm/core/error.hpp"
#include "support/tensors.hpp"

namespace psi_xlstm::equations {
namespace {

using testing::all_finite;
using testing::full;
using testing::in_double;
using testing::message_of;
using testing::normal;
using testing::relative_error;
using testing::row;
using torch::Tensor;

constexpr double kRelaxationStep = 50e-9;  // dt0 [s]

double softplus(double x) { return std::log1p(std::exp(x)); }

Tensor no_recurrence(std::int64_t hidden) { return full({4 * hidden, hidden}, 0); }

MlstmInput random_input(Rng& rng, std::int64_t batch = 2) {
  return {.q = normal(rng, {batch, 2, 3}),
          .k = scaled_key(normal(rng, {batch, 2, 3})),
          .v = normal(rng, {batch, 2, 3}),
          .i = normal(rng, {batch, 2}),
          .f = normal(rng, {batch, 2}) + 1};
}

TEST(BoundedInputGate, HasSlopeOneAtZeroAndBounds) {
  const auto i = bounded_input_gate(row({-1e6, 0, 1, 1e6}));
  EXPECT_NEAR(i[0].item<double>(), std::exp(-5.0), 1e-16);
  EXPECT_DOUBLE_EQ(i[1].item<double>(), 1);
  EXPECT_DOUBLE_EQ(i[2].item<double>(), std::exp(5 * std::tanh(0.2)));
  EXPECT_NEAR(i[3].item<double>(), std::exp(5.0), 1e-13);
  EXPECT_NEAR(
      testing::gradient([](const Tensor& x) { return bounded_input_gate(x).sum(); }, row({0}))
          .item<double>(),
      1, 1e-15);
}

// By hand: rates 1 and 3 [1/s], drives 4 and 8, dt = ln(2)/2 s: 1 - exp(-2 dt) = 1/2, target
// (1*4 + 3*8)/4 = 7, from 1 half of the way: 4.
TEST(Mix, GoesTheRightPartOfTheWay) {
  const auto one = full({1}, 1);
  const auto found = mix(one, {one, 4 * one}, {3 * one, 8 * one}, one * std::log(2.0) / 2);
  EXPECT_DOUBLE_EQ(found.item<double>(), 4);
}

TEST(Mix, StaysWithoutTimeOrRate) {
  const auto c = row({1, 2}), u = row({5, -5}), none = row({0, 0});
  EXPECT_TRUE(torch::equal(mix(c, {u.abs(), u}, {u.abs(), u}, none), c));
  const auto rate = testing::variable(none);
  const auto found = mix(c, {rate, u}, {rate, u}, full({2}, 1));
  EXPECT_TRUE(torch::equal(found, c));
  EXPECT_TRUE(all_finite(torch::autograd::grad({found.sum()}, {rate})[0]));
}

// --- sLSTM --------------------------------------------------------------------------------------

// Constant gates: c = u + (c0 - u) exp(-lambda dt) exactly, whatever dt.
TEST(SlstmRelax, IsExactForConstantGates) {
  const auto drive = row({0.4, 1.5, -0.7, 0.2}).view({1, 4});  // i~, f~, z~, o~
  const SlstmMemory start{.c = full({1, 1}, 0.3), .n = full({1, 1}, 2)};
  const double lambda = softplus(-1.5) / kRelaxationStep, i = std::exp(5 * std::tanh(0.08));
  for (const double dt : {0.1 * kRelaxationStep, kRelaxationStep, 30 * kRelaxationStep}) {
    const auto next =
        slstm_relax(start, drive, drive, no_recurrence(1), full({1}, dt), kRelaxationStep);
    const double left = std::exp(-lambda * dt), u = i * std::tanh(-0.7);
    EXPECT_NEAR(next.c.item<double>(), u + (0.3 - u) * left, 1e-15);
    EXPECT_NEAR(next.n.item<double>(), i + (2 - i) * left, 1e-15);
  }
}

// One step in scalars, from the equations: gates see h = c/n, first of edge 0, then predicted.
TEST(SlstmRelax, MatchesAStepByHand) {
  const double a0[] = {0.3, 0.5, -0.4, 0.1}, a1[] = {-0.2, 1.1, 0.6, -0.3};  // W x + b
  const double r[] = {0.7, -0.5, 1.2, 0.4};                                  // R
  const double c0 = 0.4, n0 = 1.3, dt = 0.8 * kRelaxationStep;
  struct Gates {
    double l, i, z;
  };
  const auto gates = [&](const double* a, double h) -> Gates {
    return {softplus(-(a[1] + r[1] * h)) / kRelaxationStep,
            std::exp(5 * std::tanh((a[0] + r[0] * h) / 5)), std::tanh(a[2] + r[2] * h)};
  };
  const auto way = [&](double from, double l0, double u0, double l1, double u1) {
    return from + (1 - std::exp(-dt * (l0 + l1) / 2)) * ((l0 * u0 + l1 * u1) / (l0 + l1) - from);
  };
  const Gates g0 = gates(a0, c0 / n0), g1p = gates(a1, c0 / n0);
  const double cp = way(c0, g0.l, g0.i * g0.z, g1p.l, g1p.i * g1p.z);
  const double np = way(n0, g0.l, g0.i, g1p.l, g1p.i);
  const Gates g1 = gates(a1, cp / np);
  const double c1 = way(c0, g0.l, g0.i * g0.z, g1.l, g1.i * g1.z);
  const double n1 = way(n0, g0.l, g0.i, g1.l, g1.i);
  const double o1 = 1 / (1 + std::exp(-(a1[3] + r[3] * c1 / n1)));

  const auto tensor = [](const double* x) { return row({x[0], x[1], x[2], x[3]}); };
  const auto recurrent = tensor(r).view({4, 1}), drive1 = tensor(a1).view({1, 4});
  const auto next =
      slstm_relax({.c = full({1, 1}, c0), .n = full({1, 1}, n0)}, tensor(a0).view({1, 4}), drive1,
                  recurrent, full({1}, dt), kRelaxationStep);
  EXPECT_NEAR(next.c.item<double>(), c1, 1e-15);
  EXPECT_NEAR(next.n.item<double>(), n1, 1e-15);
  const auto at1 = slstm_gates(drive1, recurrent, next.c / next.n, kRelaxationStep);
  EXPECT_NEAR(slstm_output(next, at1).item<double>(), o1 * c1 / n1, 1e-15);
}

// The last memory of a run over `duration` seconds in `steps` steps under a smooth drive.
SlstmMemory smooth_run(const Tensor& recurrent, double duration, std::int64_t steps) {
  const auto drive = [&](std::int64_t k) {
    const double t = static_cast<double>(k) / static_cast<double>(steps);
    return row({std::sin(5 * t), 1 + std::cos(4 * t), 2 * std::sin(3 * t + 1), 0.5,  //
                std::cos(2 * t), std::sin(3 * t), 1.0, std::sin(6 * t)})
        .view({1, 8});
  };
  const auto dt = full({1}, duration / static_cast<double>(steps));
  SlstmMemory memory = slstm_rest(drive(0), recurrent);
  for (std::int64_t k = 0; k < steps; ++k) {
    memory = slstm_relax(memory, drive(k), drive(k + 1), recurrent, dt, kRelaxationStep);
  }
  return memory;
}

TEST(SlstmRelax, IsOfSecondOrder) {
  Rng rng(1);
  const auto recurrent = normal(rng, {8, 2}, 0.8);
  const auto h = [&](std::int64_t steps) {
    const auto memory = smooth_run(recurrent, 10 * kRelaxationStep, steps);
    return (memory.c / memory.n)[0][0].item<double>();
  };
  const double reference = h(4096), coarse = h(64) - reference, fine = h(128) - reference;
  EXPECT_GT(std::abs(coarse), 1e-7);  // far above rounding
  EXPECT_NEAR(coarse / fine, 4, 0.4);
}

// What the steps converge to is the equation at the top of the header, here by classical
// Runge-Kutta with the drive known in between: half the step, a quarter of the distance.
TEST(SlstmRelax, ConvergesToTheDifferentialEquation) {
  Rng rng(2);
  const auto recurrent = normal(rng, {4, 1}, 0.8);
  const auto drive = [](double t) {  // t in units of the duration
    return row({std::sin(5 * t), 1 + std::cos(4 * t), 2 * std::sin(3 * t + 1), 0.5}).view({1, 4});
  };
  const double duration = 10 * kRelaxationStep;
  const auto slope = [&](double t, const SlstmMemory& x) {
    return slstm_derivative(x, slstm_gates(drive(t), recurrent, x.c / x.n, kRelaxationStep));
  };
  const auto along = [](const SlstmMemory& x, const SlstmMemory& d, double dt) -> SlstmMemory {
    return {.c = x.c + dt * d.c, .n = x.n + dt * d.n};
  };
  const SlstmMemory rest = slstm_rest(drive(0), recurrent);
  SlstmMemory exact = rest;
  const int fine = 800;
  for (int k = 0; k < fine; ++k) {
    const double unit = 1.0 / fine, t = k * unit, dt = duration / fine;
    const auto k1 = slope(t, exact), k2 = slope(t + unit / 2, along(exact, k1, dt / 2));
    const auto k3 = slope(t + unit / 2, along(exact, k2, dt / 2));
    const auto k4 = slope(t + unit, along(exact, k3, dt));
    exact = {.c = exact.c + dt / 6 * (k1.c + 2 * k2.c + 2 * k3.c + k4.c),
             .n = exact.n + dt / 6 * (k1.n + 2 * k2.n + 2 * k3.n + k4.n)};
  }
  const auto distance = [&](int steps) {
    SlstmMemory relaxed = rest;
    for (int k = 0; k < steps; ++k) {
      relaxed = slstm_relax(relaxed, drive(1.0 * k / steps), drive((k + 1.0) / steps), recurrent,
                            full({1}, duration / steps), kRelaxationStep);
    }
    return std::hypot((relaxed.c - exact.c).item<double>(), (relaxed.n - exact.n).item<double>());
  };
  const double way =
      std::hypot((exact.c - rest.c).item<double>(), (exact.n - rest.n).item<double>());
  EXPECT_LT(distance(400), 1e-3 * way);
  EXPECT_NEAR(distance(400) / distance(800), 4, 0.4);
}

TEST(SlstmRest, IsAFixedPointWithoutRecurrence) {
  Rng rng(3);
  const auto drive = normal(rng, {3, 8}, 2);
  const auto rest = slstm_rest(drive, no_recurrence(2));
  const auto gates = slstm_gates(drive, no_recurrence(2), rest.c / rest.n, kRelaxationStep);
  const auto slope = slstm_derivative(rest, gates);
  EXPECT_LE((slope.c * kRelaxationStep).abs().max().item<double>(), 1e-14);
  EXPECT_LE((slope.n * kRelaxationStep).abs().max().item<double>(), 1e-14);
}

// With R = 0.3 in z~ the iteration shrinks the distance to the fixed point by 0.3 or better.
TEST(SlstmRest, IsCloseToTheFixedPointWithWeakRecurrence) {
  auto recurrent = no_recurrence(1);
  recurrent[2][0] = 0.3;
  const auto drive = row({0.5, 0.5, 0.8, 0}).view({1, 4});
  const auto rest = slstm_rest(drive, recurrent);
  double h = 0;
  for (int k = 0; k < 200; ++k) h = std::tanh(0.8 + 0.3 * h);
  EXPECT_NEAR((rest.c / rest.n).item<double>(), h, std::pow(0.3, kRestIterations));
  EXPECT_NE((rest.c / rest.n).item<double>(), h);
}

TEST(SlstmRelax, StaysFiniteAtExtremeGates) {
  const auto single = torch::TensorOptions(torch::kFloat32);
  for (const double i : {-1e4, 1e4}) {
    for (const double f : {-1e4, -40.0, 40.0, 1e4}) {
      const auto drive = row({i, f, 3, 1}).view({1, 4}).to(torch::kFloat32).set_requires_grad(true);
      const auto recurrent = torch::full({4, 1}, 0.1, single);
      auto memory = slstm_rest(drive, recurrent);
      for (int k = 0; k < 5; ++k) {
        memory = slstm_relax(memory, drive, drive, recurrent,
                             torch::full({1}, kRelaxationStep, single), kRelaxationStep);
      }
      const auto h = memory.c / memory.n;
      EXPECT_TRUE(all_finite(h)) << i << ", " << f;
      EXPECT_TRUE(all_finite(torch::autograd::grad({h.sum()}, {drive})[0])) << i << ", " << f;
    }
  }
}

TEST(SlstmRelax, GradientMatchesFiniteDifferences) {
  Rng rng(4);
  const auto drives = normal(rng, {3, 2, 8}), recurrent = normal(rng, {8, 2}, 0.5);
  const auto weight = normal(rng, {2, 2}), dt = row({0.5, 2}) * kRelaxationStep;
  const auto loss = [&](const Tensor& d, const Tensor& r) {
    SlstmMemory memory = slstm_rest(d[0], r);
    for (int k = 0; k < 2; ++k)
      memory = slstm_relax(memory, d[k], d[k + 1], r, dt, kRelaxationStep);
    const auto gates = slstm_gates(d[2], r, memory.c / memory.n, kRelaxationStep);
    return (weight * slstm_output(memory, gates)).sum();
  };
  testing::expect_gradient([&](const Tensor& d) { return loss(d, recurrent); }, drives);
  testing::expect_gradient([&](const Tensor& r) { return loss(drives, r); }, recurrent);
}

// --- mLSTM --------------------------------------------------------------------------------------

// D = 1, i = 1, f~ = 0 (lambda = ln 2/dt0, half-life dt0), k = 2, v = 3: from zero, after one dt0
// C = 3, n = 1; with q = 2: h = 6/sqrt(4 + 1).
TEST(MlstmRelax, MatchesAStepByHand) {
  const auto number = [](double x) { return full({1, 1, 1}, x); };
  const MlstmInput input{
      .q = number(2), .k = number(2), .v = number(3), .i = full({1, 1}, 0), .f = full({1, 1}, 0)};
  const auto memory = mlstm_relax({.C = full({1, 1, 1, 1}, 0), .n = number(0)}, input, input,
                                  full({1}, kRelaxationStep), kRelaxationStep);
  EXPECT_DOUBLE_EQ(memory.C.item<double>(), 3);
  EXPECT_DOUBLE_EQ(memory.n.item<double>(), 1);
  EXPECT_DOUBLE_EQ(mlstm_smooth_readout(memory, input.q).item<double>(), 6 / std::sqrt(5.0));
}

TEST(MlstmRelax, TwoPartsOfAStepAreTheWholeForConstantGates) {
  Rng rng(11);
  const auto before = random_input(rng), input = random_input(rng);
  const auto start = mlstm_rest(before);
  const auto whole = mlstm_relax(start, input, input, full({2}, kRelaxationStep), kRelaxationStep);
  const auto part =
      mlstm_relax(start, input, input, full({2}, 0.3 * kRelaxationStep), kRelaxationStep);
  const auto both =
      mlstm_relax(part, input, input, full({2}, 0.7 * kRelaxationStep), kRelaxationStep);
  EXPECT_LE(relative_error(both.C, whole.C), 1e-14);
  EXPECT_LE(relative_error(both.n, whole.n), 1e-14);
}

TEST(MlstmRest, IsAFixedPoint) {
  Rng rng(12);
  const auto input = random_input(rng);
  const auto slope = mlstm_derivative(mlstm_rest(input), input, kRelaxationStep);
  EXPECT_EQ(slope.C.abs().max().item<double>(), 0);
  EXPECT_EQ(slope.n.abs().max().item<double>(), 0);
}

// (C(dt) - C(0))/dt tends to the derivative.
TEST(MlstmRelax, StartsAlongTheDerivative) {
  Rng rng(13);
  const auto start = mlstm_rest(random_input(rng));
  const auto input = random_input(rng);
  const double dt = 1e-6 * kRelaxationStep;
  const auto next = mlstm_relax(start, input, input, full({2}, dt), kRelaxationStep);
  const auto slope = mlstm_derivative(start, input, kRelaxationStep);
  EXPECT_LE(relative_error((next.C - start.C) / dt, slope.C), 1e-5);
  EXPECT_LE(relative_error((next.n - start.n) / dt, slope.n), 1e-5);
}

TEST(MlstmRelax, GradientMatchesFiniteDifferences) {
  Rng rng(14);
  const auto input0 = random_input(rng), input1 = random_input(rng);
  const auto dt = row({0.5, 2}) * kRelaxationStep;
  for (const auto part :
       {&MlstmInput::q, &MlstmInput::k, &MlstmInput::v, &MlstmInput::i, &MlstmInput::f}) {
    testing::expect_gradient(
        [&](const Tensor& x) {
          MlstmInput varied = input1;
          varied.*part = x;
          const auto memory = mlstm_relax(mlstm_rest(input0), input0, varied, dt, kRelaxationStep);
          return mlstm_smooth_readout(memory, varied.q).pow(2).sum();
        },
        input1.*part);
  }
}

TEST(MlstmRelax, NamesWhatDoesNotFit) {
  Rng rng(15);
  const auto input = random_input(rng);
  const auto start = mlstm_rest(input);
  EXPECT_EQ(message_of<ShapeError>([&] {
              mlstm_relax(start, input, input, full({3}, kRelaxationStep), kRelaxationStep);
            }),
            "step: expected [2], found [3]");
  EXPECT_EQ(message_of<ShapeError>([&] {
              mlstm_relax(mlstm_rest(random_input(rng, 1)), input, input, full({2}, 0),
                          kRelaxationStep);
            }),
            "mLSTM memory: expected [2, 2, 3, 3], found [1, 2, 3, 3]");
  EXPECT_EQ(message_of<ShapeError>([&] {
              slstm_rest(full({1, 7}, 0), no_recurrence(2));
            }),
            "sLSTM drive: expected [1, 8], found [1, 7]");
}

}  // namespace
}  // namespace psi_xlstm::equations
