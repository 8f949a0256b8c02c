#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "core/rng.hpp"
#include "kernels/continuous/network.hpp"
#include "psi_xlstm/core/error.hpp"
#include "support/allocations.hpp"

namespace psi_xlstm::kernels {
namespace {

constexpr int kSteps = 40;

NetworkShape shape(int inputs, int width, const std::vector<LayerShape>& layers) {
  return {inputs, width, layers, Convention::kContinuous};
}

std::vector<NetworkShape> shapes() {
  using enum LayerKind;
  return {
      teacher_shape(Convention::kContinuous),
      clustering_student_shape(Convention::kContinuous),
      low_rank_student_shape(Convention::kContinuous),
      shape(1, 3, {{.kind = kSlstm, .hidden = 5}}),
      shape(3, 7, {{.kind = kMlstm, .hidden = 20, .heads = 4}, {.kind = kSlstm, .hidden = 17}}),
      shape(2, 4, {{.kind = kMlstm, .hidden = 6, .heads = 2, .rank = 3}}),
      shape(2, 9, {{.kind = kSlstm, .hidden = 40}, {.kind = kMlstm, .hidden = 32, .heads = 2}})};
}

template <class Real>
struct Sequence {
  Sequence(const NetworkShape& network, std::uint32_t seed) {
    Rng rng(seed);
    const auto real = [&](double size) { return static_cast<Real>(size * rng.normal()); };
    for (const ParameterBlock& block : parameter_blocks(network)) {
      const bool norm = block.name.ends_with("norm.weight");
      for (std::size_t i = 0; i < block.size(); ++i) {
        parameters.push_back(norm ? 1 + real(0.1) : real(0.3));
      }
    }
    for (int i = 0; i < (kSteps + 1) * network.inputs; ++i) inputs.push_back(real(1));
    for (int i = 0; i < network.inputs; ++i) rest.push_back(real(1));
    for (int k = 0; k < kSteps; ++k) rho.push_back(static_cast<Real>(rng.uniform(0.1, 2)));
    rho[7] = 0;
    rho[9] = 50;
  }

  ContinuousBatch<Real> part(int first, int steps, bool from_rest, int width) const {
    return {.steps = steps,
            .inputs = inputs.data() + first * width,
            .rho = rho.data() + first,
            .rest_inputs = from_rest ? rest.data() : nullptr};
  }

  std::vector<Real> parameters, inputs, rest, rho;
};

template <class Real>
double largest(const std::vector<Real>& x) {
  double out = 0;
  for (const Real v : x) out = std::max(out, std::abs(static_cast<double>(v)));
  return out;
}

template <class Real>
void expect_same(const std::vector<Real>& found,
                 const std::vector<Real>& wanted,
                 double tolerance,
                 const char* what) {
  ASSERT_EQ(found.size(), wanted.size()) << what;
  const double size = largest(wanted);
  for (std::size_t i = 0; i < found.size(); ++i) {
    EXPECT_NEAR(static_cast<double>(found[i]), static_cast<double>(wanted[i]), tolerance * size)
        << what << " " << i;
  }
}

// A sequence from rest: all at once, and sample by sample with a piece of forward() in between.
template <class Real>
void expect_steps_equal_forward(const NetworkShape& network, InstructionSet set, double tolerance) {
  const int width = network.inputs;
  const Sequence<Real> sequence(network, 12);
  ContinuousNetwork<Real> net(network, set);
  net.set_parameters(sequence.parameters);
  ContinuousState<Real> whole, state;
  const auto all = net.forward(sequence.part(0, kSteps, true, width), whole);
  const std::vector<Real> wanted(all.begin(), all.end());

  std::vector<Real> found;
  const auto go_on = [&](int first, int last) {
    for (int k = first; k < last; ++k) {
      found.push_back(
          net.step({sequence.inputs.data() + (k + 1) * width, static_cast<std::size_t>(width)},
                   sequence.rho[static_cast<std::size_t>(k)], state));
    }
  };
  found.push_back(net.forward(sequence.part(0, 0, true, width), state)[0]);
  go_on(0, 20);
  const auto piece = net.forward(sequence.part(20, 5, false, width), state);
  found.insert(found.end(), piece.begin() + 1, piece.end());
  go_on(25, kSteps);
  expect_same(found, wanted, tolerance, "output");
  for (std::size_t l = 0; l < network.layers.size(); ++l) {
    expect_same(state.layers[l], whole.layers[l], tolerance, "state");
    expect_same(state.edges[l], whole.edges[l], tolerance, "edge");
  }
}

TEST(ContinuousStep, IsForwardSampleBySample) {
  for (const InstructionSet set : available_instruction_sets()) {
    for (const NetworkShape& network : shapes()) {
      SCOPED_TRACE(name(set));
      SCOPED_TRACE(network.layers.front().hidden);
      expect_steps_equal_forward<double>(network, set, 1e-12);
      expect_steps_equal_forward<float>(network, set, 1e-4);
    }
  }
}

TEST(ContinuousStep, TakesNewParameters) {
  const NetworkShape network = shape(2, 4, {{.kind = LayerKind::kSlstm, .hidden = 6}});
  const Sequence<double> first(network, 1), second(network, 2);
  ContinuousNetwork<double> used(network), fresh(network);
  fresh.set_parameters(second.parameters);
  ContinuousState<double> state;
  for (const Sequence<double>* sequence : {&first, &second}) {
    used.set_parameters(sequence->parameters);
    used.forward(sequence->part(0, 0, true, 2), state);
    used.step(sequence->rest, 1, state);
  }
  const double found = used.step(first.rest, 1, state);
  fresh.forward(second.part(0, 0, true, 2), state);
  fresh.step(second.rest, 1, state);
  EXPECT_EQ(fresh.step(first.rest, 1, state), found);
}

TEST(ContinuousStep, LeavesWhatTheReverseNeeds) {
  const NetworkShape network = teacher_shape(Convention::kContinuous);
  const Sequence<double> sequence(network, 3);
  ContinuousNetwork<double> net(network);
  net.set_parameters(sequence.parameters);
  ContinuousState<double> state;
  net.forward(sequence.part(0, 10, true, 2), state);
  std::vector<double> before(sequence.parameters.size()), after(before.size());
  const std::vector<double> by_output(11, 1.0);
  net.backward(by_output, {}, before);
  for (int k = 0; k < 3; ++k) net.step(sequence.rest, 1, state);
  net.backward(by_output, {}, after);
  EXPECT_EQ(before, after);
  EXPECT_GT(largest(before), 0);
}

TEST(ContinuousStep, AllocatesNothing) {
  for (const NetworkShape& network : shapes()) {
    const Sequence<float> sequence(network, 5);
    ContinuousNetwork<float> net(network);
    net.set_parameters(sequence.parameters);
    ContinuousState<float> state;
    net.forward(sequence.part(0, 0, true, network.inputs), state);
    const long before = psi_xlstm::testing::allocations();
    for (int k = 0; k < 3; ++k) net.step(sequence.rest, 1, state);
    EXPECT_EQ(psi_xlstm::testing::allocations(), before);
  }
  const long before = psi_xlstm::testing::allocations();
  const ContinuousNetwork<float> counted(teacher_shape(Convention::kContinuous));
  EXPECT_GT(psi_xlstm::testing::allocations(), before);  // the counter counts
}

// More rows than the square root of what an int holds, thrice over: every sequence is the same.
TEST(ContinuousNetwork, RunsManySequencesAsOne) {
  constexpr std::size_t kSequences = 150000;
  const NetworkShape network = shape(1, 1, {{.kind = LayerKind::kMlstm, .hidden = 2, .heads = 1}});
  ContinuousNetwork<float> net(network);
  net.set_parameters(Sequence<float>(network, 8).parameters);
  const std::vector<float> inputs(kSequences, 0.5F);
  ContinuousState<float> state;
  const auto outputs = net.forward({.steps = 0,
                                    .sequences = static_cast<int>(kSequences),
                                    .inputs = inputs.data(),
                                    .rest_inputs = inputs.data()},
                                   state);
  ASSERT_EQ(outputs.size(), kSequences);
  for (const float y : outputs) ASSERT_EQ(y, outputs.front());
  EXPECT_NE(outputs.front(), 0);
}

TEST(ContinuousStep, RefusesStatesThatDoNotFit) {
  const NetworkShape network = teacher_shape(Convention::kContinuous);
  ContinuousNetwork<float> net(network);
  net.set_parameters(Sequence<float>(network, 6).parameters);
  const std::vector<float> inputs(4, 0.5F), one(2, 0.5F), three(3, 0.5F);
  ContinuousState<float> none, two, right;
  EXPECT_THROW(net.step(one, 1, none), ShapeError);
  net.forward({.steps = 0, .sequences = 2, .inputs = inputs.data(), .rest_inputs = inputs.data()},
              two);
  EXPECT_THROW(net.step(one, 1, two), ShapeError);
  net.forward({.steps = 0, .inputs = inputs.data(), .rest_inputs = inputs.data()}, right);
  EXPECT_THROW(net.step(three, 1, right), ShapeError);
  EXPECT_NO_THROW(net.step(one, 1, right));
}

TEST(ContinuousNetwork, IsZeroBeforeItHasParameters) {
  for (const NetworkShape& network : shapes()) {
    ContinuousNetwork<double> net(network);
    const std::vector<double> inputs(static_cast<std::size_t>(2 * network.inputs), 0.7), rho = {1};
    ContinuousState<double> state;
    const auto y = net.forward({.steps = 1,
                                .sequences = 1,
                                .inputs = inputs.data(),
                                .rho = rho.data(),
                                .rest_inputs = inputs.data()},
                               state);
    EXPECT_EQ(std::vector<double>(y.begin(), y.end()), (std::vector<double>{0, 0}));
  }
}

}  // namespace
}  // namespace psi_xlstm::kernels
