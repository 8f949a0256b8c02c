/// @file
/// The published mLSTM and its low-rank memory: by hand, against the unstabilised recurrence,
/// extremes and gradients.

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <vector>

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

double sigmoid(double x) { return 1 / (1 + std::exp(-x)); }

MlstmInput scalar_input(double q, double k, double v, double i, double f) {
  return {.q = full({1, 1, 1}, q),
          .k = full({1, 1, 1}, k),
          .v = full({1, 1, 1}, v),
          .i = full({1, 1}, i),
          .f = full({1, 1}, f)};
}

MlstmInput random_input(Rng& rng, std::int64_t batch, std::int64_t heads, std::int64_t width) {
  return {.q = normal(rng, {batch, heads, width}),
          .k = scaled_key(normal(rng, {batch, heads, width})),
          .v = normal(rng, {batch, heads, width}),
          .i = normal(rng, {batch, heads}),
          .f = normal(rng, {batch, heads}) + 1};
}

MlstmState empty(std::int64_t batch = 1, std::int64_t heads = 1, std::int64_t width = 1) {
  return empty_mlstm_state(batch, heads, width, in_double());
}

// By hand, D = 1, i = exp(0) = 1, f = sigmoid(0) = 1/2:
//   C: 0 -> 1 -> 1/2 + 2 = 5/2,   n: 0 -> 1 -> 1/2 + 1 = 3/2,   h = (5/2)/(3/2).
TEST(MlstmUpdate, MatchesTwoStepsByHand) {
  auto state = mlstm_update(empty(), scalar_input(1, 1, 1, 0, 0));
  state = mlstm_update(state, scalar_input(1, 1, 2, 0, 0));
  EXPECT_DOUBLE_EQ(mlstm_readout(state, full({1, 1, 1}, 1), 0).item<double>(), 5.0 / 3);
}

// C = v k^T: rows value, columns key. v = (1, 0), k = (0, 3), q = (0, 1): C q = (3, 0), n.q = 3.
TEST(MlstmUpdate, RowsAreValuesAndColumnsKeys) {
  const auto state = mlstm_update(empty(1, 1, 2), {.q = {},
                                                   .k = row({0, 3}).view({1, 1, 2}),
                                                   .v = row({1, 0}).view({1, 1, 2}),
                                                   .i = full({1, 1}, 0),
                                                   .f = full({1, 1}, 0)});
  const auto h = mlstm_readout(state, row({0, 1}).view({1, 1, 2}), 0);
  EXPECT_LE(relative_error(h, row({1, 0}).view({1, 1, 2})), 1e-16);
}

TEST(MlstmUpdate, AgreesWithUnstabilisedRecurrenceOfVaryingSteps) {
  Rng rng(11);
  MlstmState state = empty();
  double C = 0, n = 0;
  for (int t = 0; t < 30; ++t) {
    const double q = rng.normal(), k = rng.normal(), v = rng.normal();
    const double i = rng.normal(), f = rng.normal(), r = rng.uniform(0.1, 3);
    const double f0 = sigmoid(f), decay = std::pow(f0, r);
    const double take = std::exp(i) * (1 - decay) / (1 - f0);
    C = decay * C + take * v * k;
    n = decay * n + take * k;
    const auto input = scalar_input(q, k, v, i, f);
    state = mlstm_update(state, input, full({1}, r));
    EXPECT_NEAR(mlstm_readout(state, input.q, 0).item<double>(),
                C * q / std::max(std::abs(n * q), 1.0), 1e-12)
        << "at step " << t;
  }
}

// h = s exp(i~) v/(max(|s| exp(i~), 1) + eps exp(m)), s = k.q (k scaled), m = max(ln f, i~).
TEST(MlstmReadout, MatchesTheClosedFormOfTheFirstStep) {
  Rng rng(12);
  for (const double offset : {-3.0, 0.0, 3.0, 15.0}) {
    MlstmInput input = random_input(rng, 1, 1, 4);
    input.i = input.i + offset;
    const double s = (input.q * input.k).sum().item<double>(), i = input.i.item<double>();
    const double m = std::max(std::log(sigmoid(input.f.item<double>())), i);
    const double denominator = std::max(std::abs(s) * std::exp(i), 1.0) + kMlstmEps * std::exp(m);
    const auto expected = input.v * (s * std::exp(i) / denominator);
    const auto state = mlstm_update(empty(1, 1, 4), input);
    EXPECT_LE(relative_error(mlstm_readout(state, input.q), expected), 1e-14) << offset;
  }
}

// C, n times exp(-c) and m + c are the same memory.
TEST(MlstmReadout, DoesNotSeeAShiftOfTheStabiliser) {
  Rng rng(13);
  auto state = mlstm_update(empty(2, 3, 4), random_input(rng, 2, 3, 4));
  const double c = 5;
  MlstmState shifted{.C = state.C * std::exp(-c), .n = state.n * std::exp(-c), .m = state.m + c};
  for (int t = 0; t < 5; ++t) {
    const auto input = random_input(rng, 2, 3, 4);
    state = mlstm_update(state, input);
    shifted = mlstm_update(shifted, input);
    EXPECT_LE(relative_error(mlstm_readout(shifted, input.q, 0), mlstm_readout(state, input.q, 0)),
              1e-13);
  }
}

TEST(MlstmReadout, StaysFiniteAtExtremeGates) {
  const auto single = torch::TensorOptions(torch::kFloat32);
  for (const double i : {-100.0, 80.0, 800.0}) {
    for (const double f : {-40.0, 40.0}) {
      auto state = empty_mlstm_state(1, 1, 2, single);
      const auto gate = torch::full({1, 1}, i, single).set_requires_grad(true);
      Tensor h;
      for (int t = 0; t < 5; ++t) {
        const auto ones = torch::ones({1, 1, 2}, single);
        state = mlstm_update(
            state,
            {.q = ones, .k = ones, .v = ones, .i = gate, .f = torch::full({1, 1}, f, single)});
        h = mlstm_readout(state, ones);
      }
      EXPECT_TRUE(all_finite(h)) << i << ", " << f;
      EXPECT_TRUE(all_finite(torch::autograd::grad({h.sum()}, {gate})[0])) << i << ", " << f;
    }
  }
}

// The input is as large as exp(i~) allows: h = v. Without the stabiliser 800 overflows.
TEST(MlstmReadout, ReturnsTheValueUnderALargeInputGate) {
  const auto state = mlstm_update(empty(), scalar_input(1, 1, 3, /*i=*/800, /*f=*/0));
  EXPECT_NEAR(mlstm_readout(state, full({1, 1, 1}, 1)).item<double>(), 3, 3.1e-6);  // eps
}

// f~ = 40: C = sum of v k, n = sum of k. f~ = -40: the last step alone.
TEST(MlstmUpdate, ForgetsAllOrNothing) {
  MlstmState integrator = empty(), memoryless = empty();
  double C = 0, n = 0;
  for (const double v : {2.0, -1.0, 0.5}) {
    integrator = mlstm_update(integrator, scalar_input(1, 2, v, 0, 40));
    memoryless = mlstm_update(memoryless, scalar_input(1, 2, v, 0, -40));
    C += 2 * v;
    n += 2;
  }
  const auto one = full({1, 1, 1}, 1);
  EXPECT_NEAR(mlstm_readout(integrator, one, 0).item<double>(), C / n, 1e-15);
  EXPECT_NEAR(mlstm_readout(memoryless, one, 0).item<double>(), 0.5, 1e-15);
}

TEST(MlstmUpdate, AStepOfZeroLeavesTheMemoryAndKeepsGradients) {
  Rng rng(14);
  const auto start = mlstm_update(empty(2, 1, 3), random_input(rng, 2, 1, 3));
  auto input = random_input(rng, 2, 1, 3);
  input.i = testing::variable(input.i);
  const auto next = mlstm_update(start, input, row({0, 0.5}));
  EXPECT_TRUE(torch::equal(next.C[0], start.C[0]));
  EXPECT_TRUE(torch::equal(next.n[0], start.n[0]));
  EXPECT_TRUE(torch::equal(next.m[0], start.m[0]));
  EXPECT_FALSE(torch::equal(next.C[1], start.C[1]));
  EXPECT_TRUE(
      all_finite(torch::autograd::grad({mlstm_readout(next, input.q).sum()}, {input.i})[0]));
}

// With eps = 0 the output does not depend on m, and a constant m gives the exact gradient.
TEST(MlstmUpdate, GradientMatchesFiniteDifferences) {
  Rng rng(15);
  std::vector<MlstmInput> inputs;
  for (int t = 0; t < 4; ++t) inputs.push_back(random_input(rng, 2, 2, 3));
  const auto weight = normal(rng, {2, 2, 3}), ratio = row({0.7, 1.6});
  using Part = torch::Tensor MlstmInput::*;
  for (const Part part :
       {&MlstmInput::q, &MlstmInput::k, &MlstmInput::v, &MlstmInput::i, &MlstmInput::f}) {
    const auto loss = [&](const Tensor& x) {
      MlstmState state = empty(2, 2, 3);
      Tensor sum = full({}, 0);
      for (int t = 0; t < 4; ++t) {
        MlstmInput input = inputs[static_cast<std::size_t>(t)];
        if (t == 1) input.*part = x;
        state = mlstm_update(state, input, ratio);
        sum = sum + (weight * mlstm_readout(state, input.q, 0)).sum();
      }
      return sum;
    };
    expect_gradient(loss, inputs[1].*part);
  }
}

// One step with k.q = 2, v = 3 and m = i~: h = 6 I/(2 I + eps), I = exp(i~ - m) = 1. With m a
// constant dh/di~ = 6 eps/(2 + eps)^2; through m it would be 0.
TEST(MlstmReadout, CountsTheStabiliserAsAConstant) {
  const double eps = 0.5;
  const auto slope = testing::gradient(
      [&](const Tensor& i) {
        MlstmInput input = scalar_input(1, 2, 3, 0, 0);
        input.i = i;
        return mlstm_readout(mlstm_update(empty(), input), input.q, eps).sum();
      },
      full({1, 1}, 4));
  EXPECT_NEAR(slope.item<double>(), 6 * eps / ((2 + eps) * (2 + eps)), 1e-15);
}

TEST(MlstmUpdate, NamesWhatDoesNotFit) {
  Rng rng(17);
  auto input = random_input(rng, 2, 2, 3);
  EXPECT_EQ(message_of<ShapeError>([&] { mlstm_update(empty(2, 2, 4), input); }),
            "mLSTM key: expected [2, 2, 4], found [2, 2, 3]");
  EXPECT_EQ(message_of<ShapeError>([&] { mlstm_readout(empty(2, 2, 4), input.q); }),
            "mLSTM query: expected [2, 2, 4], found [2, 2, 3]");
  input.f = Tensor();
  EXPECT_EQ(message_of<ShapeError>([&] { mlstm_update(empty(2, 2, 3), input); }),
            "mLSTM forget gate: expected [2, 2], found nothing");
}

// With U and V the unit matrix the low-rank memory is the full one.
TEST(LowRank, OfFullRankIsTheFullMemory) {
  Rng rng(21);
  const auto unit = torch::eye(4, in_double()).expand({2, 4, 4}).contiguous();
  MlstmState full_state = empty(3, 2, 4), low_state = full_state;
  for (int t = 0; t < 5; ++t) {
    const auto input = random_input(rng, 3, 2, 4);
    const auto low = low_rank_input(input, unit, unit);
    full_state = mlstm_update(full_state, input);
    low_state = mlstm_update(low_state, low);
    EXPECT_LE(relative_error(low_rank_output(mlstm_readout(low_state, low.q), unit),
                             mlstm_readout(full_state, input.q)),
              1e-15);
  }
}

// C = U C~ V^T with C~ = sum of i (U^T v)(V^T k)^T, so C q = U C~ (V^T q), here by matrices.
TEST(LowRank, MatchesTheFactoredMemory) {
  Rng rng(22);
  const auto U = normal(rng, {1, 4, 2}), V = normal(rng, {1, 4, 2});
  MlstmState state = empty(1, 1, 2);
  Tensor core = full({2, 2}, 0), n = full({2}, 0), q;
  for (int t = 0; t < 4; ++t) {
    auto input = random_input(rng, 1, 1, 4);
    const double i = std::exp(input.i.item<double>()), f = sigmoid(input.f.item<double>());
    const auto k = V[0].t().matmul(input.k[0][0]), v = U[0].t().matmul(input.v[0][0]);
    core = f * core + i * torch::outer(v, k);
    n = f * n + i * k;
    q = input.q;
    state = mlstm_update(state, low_rank_input(input, U, V));
  }
  const auto memory = U[0].matmul(core).matmul(V[0].t());  // [4, 4]
  const auto bound = torch::clamp_min(n.dot(V[0].t().matmul(q[0][0])).abs(), 1);
  const auto low_q = torch::matmul(q.unsqueeze(-2), V).squeeze(-2);
  const auto h = low_rank_output(mlstm_readout(state, low_q, 0), U);
  EXPECT_LE(relative_error(h[0][0], memory.matmul(q[0][0]) / bound), 1e-14);
}

TEST(LowRank, NamesWhatDoesNotFit) {
  Rng rng(23);
  const auto input = random_input(rng, 1, 2, 4);
  EXPECT_EQ(message_of<ShapeError>([&] {
              low_rank_input(input, full({2, 3, 2}, 0), full({2, 4, 2}, 0));
            }),
            "low-rank left factor: expected [2, 4, any], found [2, 3, 2]");
  EXPECT_EQ(message_of<ShapeError>([&] {
              low_rank_input(input, full({2, 4, 2}, 0), full({2, 4, 3}, 0));
            }),
            "low-rank right factor: expected [2, 4, 2], found [2, 4, 3]");
}

TEST(ScaledKey, DividesByTheRootOfTheWidth) {
  EXPECT_DOUBLE_EQ(scaled_key(full({1, 16}, 8))[0][0].item<double>(), 2);
}

}  // namespace
}  // namespace psi_xlstm::equations
