#include "equations/mlstm_chunkwise.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "psi_xlstm/core/error.hpp"
#include "support/tensors.hpp"

namespace psi_xlstm::equations {
namespace {

using testing::full;
using testing::in_double;
using testing::message_of;
using testing::normal;
using testing::relative_error;
using testing::row;
using torch::Tensor;

constexpr std::int64_t kBatch = 2, kHeads = 2, kWidth = 4;

MlstmState no_memory() { return empty_mlstm_state(kBatch, kHeads, kWidth, in_double()); }

// A sequence whose gates lie around `offset`.
MlstmInput sequence(Rng& rng, std::int64_t steps, double offset = 0) {
  return {.q = normal(rng, {kBatch, kHeads, steps, kWidth}),
          .k = scaled_key(normal(rng, {kBatch, kHeads, steps, kWidth})),
          .v = normal(rng, {kBatch, kHeads, steps, kWidth}),
          .i = normal(rng, {kBatch, kHeads, steps}) + offset,
          .f = normal(rng, {kBatch, kHeads, steps}) + offset};
}

MlstmInput part_of(const MlstmInput& x, std::int64_t from, std::int64_t to) {
  const auto cut = [&](const Tensor& y) { return y.slice(2, from, to); };
  return {.q = cut(x.q), .k = cut(x.k), .v = cut(x.v), .i = cut(x.i), .f = cut(x.f)};
}

// The same by single steps.
MlstmSequence by_steps(const MlstmInput& x, MlstmState state, const Tensor& ratio, double eps) {
  std::vector<Tensor> h;
  for (std::int64_t t = 0; t < x.q.size(2); ++t) {
    const auto at = [&](const Tensor& y) { return y.select(2, t); };
    const auto r = ratio.defined() ? ratio.select(1, t) : ratio;
    const MlstmInput now{.q = at(x.q), .k = at(x.k), .v = at(x.v), .i = at(x.i), .f = at(x.f)};
    state = mlstm_update(state, now, r);
    h.push_back(mlstm_readout(state, now.q, eps));
  }
  return {.h = torch::stack(h, 2), .state = state};
}

void expect_equal(const MlstmSequence& found, const MlstmSequence& expected, double tolerance) {
  EXPECT_LE(relative_error(found.h, expected.h), tolerance);
  EXPECT_LE(relative_error(found.state.C, expected.state.C), tolerance);
  EXPECT_LE(relative_error(found.state.n, expected.state.n), tolerance);
  EXPECT_LE(relative_error(found.state.m, expected.state.m), tolerance);
}

// 100 steps: no multiple of 7, 16 or 64; 128 is the parallel form. At an offset of -8 the decays of
// a chunk sum to -512, and differences of such sums lose three digits.
TEST(MlstmChunkwise, EqualsTheStepForm) {
  for (const double offset : {-8.0, 0.0, 8.0}) {
    Rng rng(1);
    const auto x = sequence(rng, 100, offset);
    const auto steps = by_steps(x, no_memory(), {}, kMlstmEps);
    for (const std::int64_t length : {1, 7, 16, 64, 128}) {
      SCOPED_TRACE("offset " + std::to_string(offset) + ", chunks of " + std::to_string(length));
      expect_equal(mlstm_chunkwise(x, no_memory(), length), steps, 1e-10);
    }
  }
}

TEST(MlstmChunkwise, EqualsTheStepFormWithVaryingSteps) {
  Rng rng(2);
  const auto x = sequence(rng, 40, 1);
  auto ratio = normal(rng, {kBatch, 40}).abs();
  ratio.slice(1, 5, 9).zero_();  // nothing happens there
  const auto steps = by_steps(x, no_memory(), ratio, kMlstmEps);
  for (const std::int64_t length : {1, 7, 16, 64}) {
    expect_equal(mlstm_chunkwise(x, no_memory(), length, ratio), steps, 1e-12);
  }
}

TEST(MlstmChunkwise, CarriesTheStateAcrossAnySplit) {
  Rng rng(3);
  const auto x = sequence(rng, 50);
  const auto whole = mlstm_chunkwise(x, no_memory(), 16);
  for (const std::int64_t cut : {1, 15, 16, 17, 49}) {
    const auto first = mlstm_chunkwise(part_of(x, 0, cut), no_memory(), 16);
    auto second = mlstm_chunkwise(part_of(x, cut, 50), first.state, 7);
    second.h = torch::cat({first.h, second.h}, 2);
    SCOPED_TRACE("split at " + std::to_string(cut));
    expect_equal(second, whole, 1e-12);
  }
}

TEST(MlstmChunkwise, StaysFiniteAtExtremeGates) {
  Rng rng(4);
  for (const double offset : {-100.0, 80.0, 700.0}) {
    auto x = sequence(rng, 20);
    x.i = testing::variable(x.i + offset);
    const auto run = mlstm_chunkwise(x, no_memory(), 8);
    EXPECT_TRUE(testing::all_finite(run.h)) << offset;
    EXPECT_TRUE(testing::all_finite(torch::autograd::grad({run.h.sum()}, {x.i})[0])) << offset;
    expect_equal(run, by_steps(x, no_memory(), {}, kMlstmEps), 1e-10);
  }
}

TEST(MlstmChunkwise, HasTheGradientsOfTheStepForm) {
  Rng rng(5);
  const auto start = by_steps(sequence(rng, 3), no_memory(), {}, kMlstmEps).state;
  auto ratio = normal(rng, {kBatch, 20}).abs();
  ratio[0][4] = 0;
  auto x = sequence(rng, 20);
  for (Tensor* part : {&x.q, &x.k, &x.v, &x.i, &x.f}) part->set_requires_grad(true);
  const std::vector<Tensor> inputs = {x.q, x.k, x.v, x.i, x.f};
  const auto weight = normal(rng, {kBatch, kHeads, 20, kWidth});
  const auto of_steps =
      torch::autograd::grad({(weight * by_steps(x, start, ratio, kMlstmEps).h).sum()}, inputs);
  for (const std::int64_t length : {1, 7, 16, 64}) {
    const auto run = mlstm_chunkwise(x, start, length, ratio);
    const auto of_chunks = torch::autograd::grad({(weight * run.h).sum()}, inputs);
    for (std::size_t k = 0; k < inputs.size(); ++k) {
      EXPECT_LE(relative_error(of_chunks[k], of_steps[k]), 1e-12) << "input " << k;
    }
  }
}

// C and n, the memory in true units, are outputs too: their gradients agree as well.
TEST(MlstmChunkwise, HasTheGradientsOfTheLastState) {
  Rng rng(6);
  auto x = sequence(rng, 20);
  for (Tensor* part : {&x.k, &x.v, &x.i, &x.f}) part->set_requires_grad(true);
  const std::vector<Tensor> inputs = {x.k, x.v, x.i, x.f};
  const auto weight = normal(rng, {kBatch, kHeads, kWidth, kWidth});
  const auto slopes = [&](const MlstmState& state) {
    return torch::autograd::grad({(weight * state.C).sum() + state.n.sum()}, inputs);
  };
  const auto of_steps = slopes(by_steps(x, no_memory(), {}, kMlstmEps).state);
  const auto of_chunks = slopes(mlstm_chunkwise(x, no_memory(), 7).state);
  for (std::size_t k = 0; k < inputs.size(); ++k) {
    EXPECT_LE(relative_error(of_chunks[k], of_steps[k]), 1e-12) << "input " << k;
  }
}

TEST(MlstmChunkwise, NamesWhatDoesNotFit) {
  Rng rng(7);
  const auto x = sequence(rng, 5);
  EXPECT_EQ(message_of<ShapeError>([&] { mlstm_chunkwise(x, no_memory(), 0); }),
            "mLSTM sequence: expected at least one step and chunks of at least one, found 5 and 0");
  EXPECT_EQ(message_of<ShapeError>([&] { mlstm_chunkwise(part_of(x, 2, 2), no_memory(), 4); }),
            "mLSTM sequence: expected at least one step and chunks of at least one, found 0 and 4");
  EXPECT_EQ(message_of<ShapeError>([&] {
              mlstm_chunkwise(x, no_memory(), 4, full({2, 4}, 1));
            }),
            "step ratio: expected [2, 5], found [2, 4]");
  auto wrong = x;
  wrong.f = x.f.slice(2, 1);
  EXPECT_EQ(message_of<ShapeError>([&] { mlstm_chunkwise(wrong, no_memory(), 4); }),
            "mLSTM forget gate: expected [2, 2, 5], found [2, 2, 4]");
}

}  // namespace
}  // namespace psi_xlstm::equations
