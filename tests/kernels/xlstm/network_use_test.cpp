// How a network of xLSTM cells is used: steps, starts, repeated runs, wrong input.

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "kernels/xlstm/problem.hpp"
#include "psi_xlstm/core/error.hpp"
#include "support/allocations.hpp"

namespace psi_xlstm::kernels {
namespace {

template <class Real>
class XlstmNetworkOf : public ::testing::Test {};
using Reals = ::testing::Types<float, double>;
TYPED_TEST_SUITE(XlstmNetworkOf, Reals);

NetworkShape mixed() { return network(5, {slstm(20), mlstm(12, 3), slstm(16), mlstm(8, 2, 2)}); }

template <class Real>
void expect_near(const XlstmState<Real>& found, const XlstmState<Real>& expected) {
  ASSERT_EQ(found.layers.size(), expected.layers.size());
  for (std::size_t l = 0; l < found.layers.size(); ++l) {
    using Layer = XlstmLayerState<Real>;
    for (const auto part : {&Layer::c, &Layer::n, &Layer::m, &Layer::y}) {
      const std::vector<Real>& numbers = expected.layers[l].*part;
      EXPECT_LE(relative_error(found.layers[l].*part,
                               std::vector<double>(numbers.begin(), numbers.end())),
                kTolerance<Real>);
    }
  }
}

TYPED_TEST(XlstmNetworkOf, StepIsForwardOfOneRow) {
  using Real = TypeParam;
  const Problem p(mixed(), 1, 40, Durations::kVarying);
  const auto inputs = converted<Real>(p.chunks[0].inputs), rho = converted<Real>(p.chunks[0].rho);
  for (const InstructionSet set : available_instruction_sets()) {
    SCOPED_TRACE(std::string(name(set)));
    XlstmNetwork<Real> network(p.shape, set);
    network.set_parameters(converted<Real>(p.parameters));
    auto whole = network.initial_state(1);
    const auto y = network.forward({40, 1, inputs.data(), rho.data()}, whole, false);
    double error = 0;
    for (std::size_t t = 0; t < 40; ++t) {
      const Real found = network.step({&inputs[2 * t], 2}, rho[t]);
      error = std::max(error, std::abs(static_cast<double>(found - y[t])));
    }
    EXPECT_LE(error, 100 * static_cast<double>(std::numeric_limits<Real>::epsilon()));
    expect_near(network.stream_state(), whole);
  }
}

// From any state, looked at on the way, whether or not durations vary.
TYPED_TEST(XlstmNetworkOf, StreamsGoOnFromAnyState) {
  using Real = TypeParam;
  const Problem p(mixed(), 1, 40, Durations::kVarying);
  const auto inputs = converted<Real>(p.chunks[0].inputs);
  auto rho = converted<Real>(p.chunks[0].rho);
  for (std::size_t t = 0; t < 40; ++t) {
    if (t % 11 < 4) rho[t] = 1;
  }
  for (const InstructionSet set : available_instruction_sets()) {
    SCOPED_TRACE(std::string(name(set)));
    XlstmNetwork<Real> network(p.shape, set);
    network.set_parameters(converted<Real>(p.parameters));
    auto state = network.initial_state(1);
    const std::size_t first = 13;
    network.forward({static_cast<int>(first), 1, inputs.data(), rho.data()}, state, false);
    network.step({inputs.data(), 2});  // of another stream
    network.begin_stream(state);
    expect_near(network.stream_state(), state);
    for (std::size_t t = first; t < 40; ++t) {
      const Real stepped = network.step({&inputs[2 * t], 2}, rho[t]);
      const Real whole = network.forward({1, 1, &inputs[2 * t], &rho[t]}, state, false)[0];
      EXPECT_NEAR(static_cast<double>(stepped), static_cast<double>(whole), kTolerance<Real>);
      if (t % 5 == 0) expect_near(network.stream_state(), state);
    }
  }
}

TYPED_TEST(XlstmNetworkOf, StepAllocatesNothing) {
  using Real = TypeParam;
  for (const InstructionSet set : available_instruction_sets()) {
    XlstmNetwork<Real> network(mixed(), set);
    const Real input[2] = {Real(0.5), Real(1)};
    network.step(input, Real(0.5));  // the first one of varying duration makes room
    const long before = psi_xlstm::testing::allocations();
    for (int k = 0; k < 20; ++k) network.step(input);
    for (int k = 0; k < 20; ++k) network.step(input, Real(0.5));
    EXPECT_EQ(psi_xlstm::testing::allocations(), before) << name(set);
  }
}

TYPED_TEST(XlstmNetworkOf, EveryRunGivesTheSameBytes) {
  using Real = TypeParam;
  const Problem p(mixed(), 7, 60, Durations::kRagged);
  const auto inputs = converted<Real>(p.chunks[0].inputs), rho = converted<Real>(p.chunks[0].rho);
  const auto d_output = converted<Real>(p.chunks[0].d_output);
  std::vector<std::vector<Real>> outputs, gradients;
  for (int run = 0; run < 2; ++run) {
    XlstmNetwork<Real> network(p.shape);
    network.set_parameters(converted<Real>(p.parameters));
    auto state = network.initial_state(7);
    if (run == 1) {  // other batches and other derivatives before leave no trace
      auto first = network.initial_state(3);
      network.forward({50, 3, inputs.data(), nullptr}, first, true);
      std::vector<Real> gradient(p.parameters.size());
      network.backward({d_output.data(), 150}, {}, gradient);
    }
    const auto y = network.forward({60, 7, inputs.data(), rho.data()}, state, true);
    outputs.emplace_back(y.begin(), y.end());
    if (run == 1) network.step({inputs.data(), 2});
    for (int again = 0; again <= run; ++again) {
      gradients.emplace_back(p.parameters.size());
      network.backward(d_output, {}, gradients.back());
    }
  }
  EXPECT_EQ(outputs[0], outputs[1]);
  EXPECT_EQ(gradients[0], gradients[1]);
  EXPECT_EQ(gradients[0], gradients[2]);
}

TYPED_TEST(XlstmNetworkOf, NotANumberStaysInItsSequence) {
  using Real = TypeParam;
  const Problem p(mixed(), 3, 20, Durations::kNone);
  for (const InstructionSet set : available_instruction_sets()) {
    SCOPED_TRACE(std::string(name(set)));
    XlstmNetwork<Real> network(p.shape, set);
    network.set_parameters(converted<Real>(p.parameters));
    auto inputs = converted<Real>(p.chunks[0].inputs);
    auto state = network.initial_state(3);
    const auto clean = network.forward({20, 3, inputs.data(), nullptr}, state, true);
    const std::vector<Real> expected(clean.begin(), clean.end());
    inputs[(5 * 3 + 1) * 2] = Real(NAN);  // step 5 of sequence 1
    state = network.initial_state(3);
    const auto y = network.forward({20, 3, inputs.data(), nullptr}, state, true);
    for (std::size_t row = 0; row < 60; ++row) {
      if (row % 3 == 1 && row >= 15) {
        EXPECT_TRUE(std::isnan(y[row])) << row;
      } else {
        EXPECT_EQ(y[row], expected[row]) << row;
      }
    }
    // the next batch from the start is clean
    state = network.initial_state(3);
    const auto inputs_again = converted<Real>(p.chunks[0].inputs);
    const auto after = network.forward({20, 3, inputs_again.data(), nullptr}, state, true);
    EXPECT_EQ(std::vector<Real>(after.begin(), after.end()), expected);
    std::vector<Real> gradient(p.parameters.size());
    network.backward(converted<Real>(p.chunks[0].d_output), {}, gradient);
    for (const Real g : gradient) EXPECT_TRUE(std::isfinite(g));
  }
}

TEST(XlstmNetworkUse, StartIsZeroButForTheExponents) {
  const XlstmNetwork<double> network(mixed());
  const auto state = network.initial_state(2);
  EXPECT_EQ(state.sequences, 2);
  ASSERT_EQ(state.layers.size(), 4u);
  EXPECT_EQ(state.layers[0].c, std::vector<double>(40, 0));
  EXPECT_EQ(state.layers[1].c, std::vector<double>(2 * 3 * 4 * 4, 0));
  EXPECT_EQ(state.layers[0].m, std::vector<double>(40, -1e30));
  EXPECT_EQ(state.layers[1].m, std::vector<double>(6, 0));
  EXPECT_EQ(state.layers[3].n, std::vector<double>(2 * 2 * 2, 0));
}

TEST(XlstmNetworkUse, NoStepsChangeNothing) {
  const Problem p(mixed(), 2, 3, Durations::kNone);
  XlstmNetwork<double> network(p.shape);
  network.set_parameters(p.parameters);
  auto state = network.initial_state(2);
  network.forward({3, 2, p.chunks[0].inputs.data(), nullptr}, state, false);
  const auto before = state;
  EXPECT_TRUE(network.forward({0, 2, nullptr, nullptr}, state, true).empty());
  std::vector<double> gradient(p.parameters.size(), NAN);
  network.backward({}, {}, gradient);
  EXPECT_EQ(gradient, std::vector<double>(gradient.size(), 0));
  for (std::size_t l = 0; l < 4; ++l) {
    EXPECT_EQ(state.layers[l].c, before.layers[l].c);
    EXPECT_EQ(state.layers[l].m, before.layers[l].m);
    EXPECT_EQ(state.layers[l].y, before.layers[l].y);
  }
}

TEST(XlstmNetworkUse, SaysWhatDoesNotFit) {
  const auto message = [](auto&& call) -> std::string {
    try {
      call();
    } catch (const ShapeError& error) {
      return error.what();
    }
    return "";
  };
  NetworkShape continuous = mixed();
  continuous.convention = Convention::kContinuous;
  EXPECT_EQ(message([&] { XlstmNetwork<float>{continuous}; }),
            "xLSTM network: expected a shape of xLSTM cells, found one of continuous cells");
  XlstmNetwork<double> network(NetworkShape{.inputs = 1, .width = 2, .layers = {slstm(2)}});
  const std::size_t count = parameter_count(network.shape());
  const std::vector<double> numbers(100);
  EXPECT_EQ(message([&] {
              network.set_parameters({numbers.data(), 3});
            }),
            "xLSTM network: expected " + std::to_string(count) + " parameters, found 3");
  auto state = network.initial_state(2);
  EXPECT_EQ(message([&] {
              network.forward({1, 3, numbers.data(), nullptr}, state, false);
            }),
            "xLSTM network: expected 3 sequences in the state, found 2");
  EXPECT_EQ(message([&] { network.begin_stream(state); }),
            "xLSTM network: expected 1 sequences in the state, found 2");
  EXPECT_EQ(message([&] {
              network.step({numbers.data(), 2});
            }),
            "xLSTM network: expected 1 inputs, found 2");
  std::vector<double> gradient(count);
  network.forward({1, 2, numbers.data(), nullptr}, state, false);
  EXPECT_EQ(message([&] {
              network.backward({numbers.data(), 2}, {}, gradient);
            }),
            "xLSTM network: expected a forward pass that keeps before a reverse one");
  network.forward({1, 2, numbers.data(), nullptr}, state, true);
  EXPECT_EQ(message([&] {
              network.backward({numbers.data(), 1}, {}, gradient);
            }),
            "xLSTM network: expected 2 derivatives by the output, found 1");
  EXPECT_EQ(message([&] { network.hidden(1); }),
            "xLSTM network: expected a layer of 0 to 0, found 1");
}

}  // namespace
}  // namespace psi_xlstm::kernels
