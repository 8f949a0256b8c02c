#include "equations/network.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <numeric>

#include "psi_xlstm/core/error.hpp"
#include "support/tensors.hpp"

namespace psi_xlstm::equations {
namespace {

using kernels::Convention;
using kernels::LayerKind;
using kernels::NetworkShape;
using testing::full;
using testing::in_double;
using testing::message_of;
using testing::normal;
using testing::relative_error;
using testing::row;
using torch::Tensor;

// One sLSTM of 3, one full mLSTM of 2 x 2, one low-rank mLSTM of 2 x 3 with rank 2.
NetworkShape mixed_shape(Convention convention) {
  return {.inputs = 2,
          .width = 5,
          .layers = {{.kind = LayerKind::kSlstm, .hidden = 3, .clusters = 2},
                     {.kind = LayerKind::kMlstm, .hidden = 4, .heads = 2},
                     {.kind = LayerKind::kMlstm, .hidden = 6, .heads = 2, .rank = 2}},
          .convention = convention};
}

Tensor random_parameters(const NetworkShape& shape, Rng& rng) {
  return normal(rng, {static_cast<std::int64_t>(kernels::parameter_count(shape))}, 0.5);
}

// The last axis of every block, written out once more from the comment in network_shape.hpp.
TEST(NamedParameters, CutTheArrayInOrder) {
  const auto shape = mixed_shape(Convention::kXlstm);
  const auto count = static_cast<std::int64_t>(kernels::parameter_count(shape));
  const auto p = named_parameters(shape, torch::arange(count, in_double()));
  EXPECT_EQ(p.at("input.weight").sizes(), (std::vector<std::int64_t>{5, 2}));
  EXPECT_EQ(p.at("layers.0.weight").sizes(), (std::vector<std::int64_t>{12, 5}));
  EXPECT_EQ(p.at("layers.0.recurrent").sizes(), (std::vector<std::int64_t>{12, 3}));
  EXPECT_EQ(p.at("layers.0.centres").sizes(), (std::vector<std::int64_t>{2, 5}));
  EXPECT_EQ(p.at("layers.1.forget_gate.bias").sizes(), (std::vector<std::int64_t>{2}));
  EXPECT_EQ(p.at("layers.2.left").sizes(), (std::vector<std::int64_t>{6, 2}));
  EXPECT_EQ(p.at("layers.2.norm.weight").sizes(), (std::vector<std::int64_t>{6}));
  EXPECT_EQ(p.at("input.weight")[1][0].item<double>(), 2);  // row-major
  EXPECT_EQ(p.at("input.bias")[0].item<double>(), 10);      // after 5 x 2 weights
  EXPECT_EQ(p.at("layers.0.weight")[0][0].item<double>(), 15);
  EXPECT_EQ(p.at("output.bias")[0].item<double>(), static_cast<double>(count - 1));
}

// By hand: one input, one unit, sLSTM with all gates at 0 but z~ = e, e = 2 u + 1, then y = 3 h
// + 4.
//   u = 0.5 twice: c = tanh 2, then tanh(2) 3/2; n = 1, 3/2; h = tanh(2)/2 both times.
TEST(XlstmNetwork, MatchesASlstmByHand) {
  const NetworkShape shape{.inputs = 1,
                           .width = 1,
                           .layers = {{.kind = LayerKind::kSlstm, .hidden = 1}},
                           .convention = Convention::kXlstm};
  const auto parameters = row({2, 1,                    // input
                               0, 0, 1, 0, 0, 0, 0, 0,  // weight, bias of i, f, z, o
                               0, 0, 0, 0,              // recurrent
                               3, 4});                  // output
  const auto run = published_network(shape, parameters, full({2, 1, 1}, 0.5), {},
                                     empty_state(shape, 1, in_double()));
  const double h = std::tanh(2.0) / 2;
  EXPECT_LE(relative_error(run.output, full({2, 1}, 3 * h + 4)), 1e-15);
  EXPECT_LE(relative_error(run.hidden[0], full({2, 1, 1}, h)), 1e-15);
  EXPECT_DOUBLE_EQ(std::get<SlstmState>(run.state[0]).n.item<double>(), 1.5);
}

// By hand: two units, one head; q = (1, 1), k/sqrt(2) = (1, 1), v = (e, 0), gates 0, one step:
// C q = 2 (e, 0), n.q = 2, h = (e, 0) but for eps; LayerNorm gives +-1 (variance (e/2)^2), and
// y = w.LN with w = (5, 1), norm weight (1, 2), bias (0, 3): y = 5 (1) + (2 (-1) + 3).
TEST(XlstmNetwork, MatchesAnMlstmByHand) {
  const NetworkShape shape{.inputs = 1,
                           .width = 1,
                           .layers = {{.kind = LayerKind::kMlstm, .hidden = 2, .heads = 1}},
                           .convention = Convention::kXlstm};
  const double root2 = std::sqrt(2.0);
  const auto parameters = row({1, 0,                // input
                               0, 0, 1,     1,      // query
                               0, 0, root2, root2,  // key
                               1, 0, 0,     0,      // value
                               0, 0, 0,     0,      // input gate, forget gate
                               1, 2, 0,     3,      // norm
                               5, 1, 0});           // output
  const double e = 50;
  const auto run = published_network(shape, parameters, full({1, 1, 1}, e), {},
                                     empty_state(shape, 1, in_double()));
  EXPECT_NEAR(run.output.item<double>(), 5 + (-2 + 3), 1e-7);  // eps of LayerNorm over 25^2
}

TEST(XlstmNetwork, CarriedStateGivesTheWholeSequence) {
  Rng rng(1);
  const auto shape = mixed_shape(Convention::kXlstm);
  const auto parameters = random_parameters(shape, rng);
  const auto inputs = normal(rng, {9, 3, 2}), ratio = normal(rng, {9, 3}).abs();
  const auto start = empty_state(shape, 3, in_double());
  const auto whole = published_network(shape, parameters, inputs, ratio, start);
  for (const int cut : {1, 4, 8}) {
    const auto first = published_network(shape, parameters, inputs.slice(0, 0, cut),
                                         ratio.slice(0, 0, cut), start);
    const auto second = published_network(shape, parameters, inputs.slice(0, cut),
                                          ratio.slice(0, cut), first.state);
    EXPECT_LE(relative_error(torch::cat({first.output, second.output}), whole.output), 1e-14);
    EXPECT_LE(relative_error(torch::cat({first.hidden[2], second.hidden[2]}), whole.hidden[2]),
              1e-14);
  }
}

TEST(XlstmNetwork, SequencesOfABatchDoNotMix) {
  Rng rng(2);
  const auto shape = mixed_shape(Convention::kXlstm);
  const auto parameters = random_parameters(shape, rng);
  const auto inputs = normal(rng, {6, 4, 2});
  const auto all =
      published_network(shape, parameters, inputs, {}, empty_state(shape, 4, in_double()));
  const auto third = published_network(shape, parameters, inputs.slice(1, 2, 3), {},
                                       empty_state(shape, 1, in_double()));
  EXPECT_LE(relative_error(third.output, all.output.slice(1, 2, 3)), 1e-14);
}

TEST(XlstmNetwork, LeavesTheGivenStateAlone) {
  Rng rng(3);
  const auto shape = mixed_shape(Convention::kXlstm);
  const auto start = empty_state(shape, 1, in_double());
  published_network(shape, random_parameters(shape, rng), normal(rng, {3, 1, 2}), {}, start);
  EXPECT_EQ(std::get<SlstmState>(start[0]).c.abs().sum().item<double>(), 0);
  EXPECT_EQ(std::get<MlstmState>(start[2]).C.abs().sum().item<double>(), 0);
}

// The denominators have eps > 0 here, so m counts as a constant, which moves gradients by 1e-6.
TEST(XlstmNetwork, GradientMatchesFiniteDifferences) {
  Rng rng(4);
  const auto shape = mixed_shape(Convention::kXlstm);
  const auto inputs = normal(rng, {4, 2, 2}), weight = normal(rng, {4, 2});
  const auto ratio = normal(rng, {4, 2}).abs();
  const auto start = empty_state(shape, 2, in_double());
  testing::expect_gradient(
      [&](const Tensor& p) {
        return (weight * published_network(shape, p, inputs, ratio, start).output).sum();
      },
      random_parameters(shape, rng), 1e-5);
}

TEST(XlstmNetwork, RunsInSinglePrecision) {
  Rng rng(5);
  const auto shape = kernels::teacher_shape(Convention::kXlstm);
  const auto parameters = random_parameters(shape, rng) * 0.3;
  const auto inputs = normal(rng, {20, 2, 2});
  const auto exact =
      published_network(shape, parameters, inputs, {}, empty_state(shape, 2, in_double()));
  const auto single = torch::TensorOptions(torch::kFloat32);
  const auto rounded =
      published_network(shape, parameters.to(torch::kFloat32), inputs.to(torch::kFloat32), {},
                        empty_state(shape, 2, single));
  EXPECT_EQ(rounded.output.scalar_type(), torch::kFloat32);
  EXPECT_LE(relative_error(rounded.output, exact.output), 1e-5);
}

TEST(XlstmNetwork, NamesWhatDoesNotFit) {
  const auto shape = mixed_shape(Convention::kXlstm);
  const auto count = static_cast<std::int64_t>(kernels::parameter_count(shape));
  const auto start = empty_state(shape, 2, in_double());
  const auto message = [&](const NetworkShape& s, const Tensor& p, const Tensor& x, const Tensor& r,
                           const XlstmState& from) {
    return message_of<ShapeError>([&] { published_network(s, p, x, r, from); });
  };
  const auto p = full({count}, 0), x = full({3, 2, 2}, 0);
  EXPECT_EQ(message(mixed_shape(Convention::kContinuous), p, x, {}, start),
            "network: expected the published convention, found the other");
  EXPECT_EQ(message(shape, full({7}, 0), x, {}, start),
            "network parameters: expected [" + std::to_string(count) + "], found [7]");
  EXPECT_EQ(message(shape, p, full({3, 2, 5}, 0), {}, start),
            "network inputs: expected [any, any, 2], found [3, 2, 5]");
  EXPECT_EQ(message(shape, p, full({0, 2, 2}, 0), {}, start),
            "network inputs: expected at least one time step, found none");
  EXPECT_EQ(message(shape, p, x.to(torch::kFloat32), {}, start),
            "network inputs: expected numbers of type Double, found Float");
  EXPECT_EQ(message(shape, p, x, full({3, 1}, 1), start),
            "step ratio: expected [3, 2], found [3, 1]");
  EXPECT_EQ(message(shape, p, x, {}, {start[0]}), "network state: expected 3 layers, found 1");
  EXPECT_EQ(message(shape, p, x, {}, {start[1], start[1], start[2]}),
            "network state: layer 0: expected that of an sLSTM, found an mLSTM");
  EXPECT_EQ(message(shape, p, x, {}, empty_state(shape, 1, in_double())),
            "sLSTM drive: expected [1, 12], found [2, 12]");
}

// --- Relaxation ---------------------------------------------------------------------------------

constexpr double kStep = 50e-9;  // dt0 [s]

// At rest under an input that does not move, nothing moves: exact for mLSTM layers and, once the
// fixed point of the sLSTM has settled, for all.
TEST(ContinuousNetwork, StaysAtRest) {
  Rng rng(11);
  const auto shape = mixed_shape(Convention::kContinuous);
  auto parameters = random_parameters(shape, rng);
  named_parameters(shape, parameters).at("layers.0.recurrent").mul_(0.01);
  const auto still = normal(rng, {2, 2});
  const auto start = rest_state(shape, parameters, still);
  const auto run = relaxation_network(shape, parameters, still.expand({21, 2, 2}),
                                      full({20, 2}, 3 * kStep), kStep, start);
  EXPECT_LE(relative_error(run.output, run.output.slice(0, 0, 1).expand({21, 2})), 1e-12);
  const auto& memory = std::get<MlstmMemory>(run.state[1]);
  EXPECT_LE(relative_error(memory.C, std::get<MlstmMemory>(start[1]).C), 1e-12);
}

TEST(ContinuousNetwork, ForgetsItsStartUnderAStillInput) {
  Rng rng(12);
  const auto shape = mixed_shape(Convention::kContinuous);
  auto parameters = random_parameters(shape, rng);
  named_parameters(shape, parameters).at("layers.0.recurrent").mul_(0.01);
  const auto still = normal(rng, {1, 2}), other = normal(rng, {1, 2});
  const auto moved =
      relaxation_network(shape, parameters, still.expand({401, 1, 2}), full({400, 1}, kStep), kStep,
                         rest_state(shape, parameters, other));
  const auto rested = relaxation_network(shape, parameters, still.unsqueeze(0), full({0, 1}, 0),
                                         kStep, rest_state(shape, parameters, still));
  EXPECT_GT(relative_error(moved.output[0], rested.output[0]), 1e-2);
  EXPECT_LE(relative_error(moved.output[400], rested.output[0]), 1e-9);
}

TEST(ContinuousNetwork, CarriedStateGivesTheWholeSequence) {
  Rng rng(13);
  const auto shape = mixed_shape(Convention::kContinuous);
  const auto parameters = random_parameters(shape, rng);
  const auto inputs = normal(rng, {10, 3, 2}), dt = normal(rng, {9, 3}).abs() * kStep;
  const auto start = rest_state(shape, parameters, inputs[0]);
  const auto whole = relaxation_network(shape, parameters, inputs, dt, kStep, start);
  for (const int cut : {0, 1, 5}) {  // the edge at the cut belongs to both parts
    const auto first = relaxation_network(shape, parameters, inputs.slice(0, 0, cut + 1),
                                          dt.slice(0, 0, cut), kStep, start);
    const auto second = relaxation_network(shape, parameters, inputs.slice(0, cut),
                                           dt.slice(0, cut), kStep, first.state);
    EXPECT_LE(
        relative_error(torch::cat({first.output.slice(0, 0, cut), second.output}), whole.output),
        1e-14);
  }
}

TEST(ContinuousNetwork, AStepOfNoTimeChangesNoState) {
  Rng rng(14);
  const auto shape = mixed_shape(Convention::kContinuous);
  const auto parameters = random_parameters(shape, rng);
  const auto inputs = normal(rng, {2, 1, 2});
  const auto start = rest_state(shape, parameters, inputs[0]);
  const auto run = relaxation_network(shape, parameters, inputs, full({1, 1}, 0), kStep, start);
  EXPECT_TRUE(
      torch::equal(std::get<SlstmMemory>(run.state[0]).c, std::get<SlstmMemory>(start[0]).c));
  EXPECT_TRUE(
      torch::equal(std::get<MlstmMemory>(run.state[2]).C, std::get<MlstmMemory>(start[2]).C));
}

TEST(ContinuousNetwork, GradientMatchesFiniteDifferences) {
  Rng rng(15);
  const auto shape = mixed_shape(Convention::kContinuous);
  const auto inputs = normal(rng, {4, 2, 2}), weight = normal(rng, {4, 2});
  const auto dt = normal(rng, {3, 2}).abs() * kStep;
  testing::expect_gradient(
      [&](const Tensor& p) {
        const auto start = rest_state(shape, p, inputs[0]);
        return (weight * relaxation_network(shape, p, inputs, dt, kStep, start).output).sum();
      },
      random_parameters(shape, rng), 1e-6);
}

// Of second order in the step, through all layers: half the step, about a quarter of the error.
TEST(ContinuousNetwork, IsOfSecondOrder) {
  Rng rng(16);
  const auto shape = mixed_shape(Convention::kContinuous);
  const auto parameters = random_parameters(shape, rng);
  const double duration = 8 * kStep;
  const auto last_output = [&](std::int64_t steps) {
    const auto t = torch::arange(steps + 1, in_double()) / static_cast<double>(steps);
    const auto inputs = torch::stack({torch::sin(6 * t), torch::cos(3 * t)}, 1).unsqueeze(1);
    const auto dt = full({steps, 1}, duration / static_cast<double>(steps));
    const auto start = rest_state(shape, parameters, inputs[0]);
    return relaxation_network(shape, parameters, inputs, dt, kStep, start)
        .output[-1]
        .item<double>();
  };
  const double reference = last_output(2048);
  const double coarse = last_output(64) - reference, fine = last_output(128) - reference;
  EXPECT_GT(std::abs(coarse), 1e-6);
  EXPECT_NEAR(coarse / fine, 4, 0.4);
}

TEST(ContinuousNetwork, NamesWhatDoesNotFit) {
  const auto shape = mixed_shape(Convention::kContinuous);
  Rng rng(17);
  const auto p = random_parameters(shape, rng), x = full({3, 2, 2}, 0);
  const auto start = rest_state(shape, p, x[0]);
  const auto message = [&](const Tensor& dt, const ContinuousState& from) {
    return message_of<ShapeError>([&] { relaxation_network(shape, p, x, dt, kStep, from); });
  };
  EXPECT_EQ(message(full({3, 2}, 0), start), "network steps: expected [2, 2], found [3, 2]");
  EXPECT_EQ(message(full({2, 2}, 0), {start[0], start[0], start[2]}),
            "network state: layer 1: expected that of an mLSTM, found an sLSTM");
  EXPECT_EQ(message_of<ShapeError>([&] { rest_state(mixed_shape(Convention::kXlstm), p, x[0]); }),
            "network: expected the relaxation convention, found the other");
  EXPECT_EQ(message_of<ConfigError>([&] {
              relaxation_network(shape, p, x, full({2, 2}, 0), 0, start);
            }),
            "reference step: expected a positive time, found 0 s");
}

}  // namespace
}  // namespace psi_xlstm::equations
