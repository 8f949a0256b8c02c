#include "ir/streaming.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "ir/dynamics.hpp"
#include "psi_xlstm/core/error.hpp"
#include "support/allocations.hpp"
#include "support/networks.hpp"

namespace psi_xlstm::ir {
namespace {

using kernels::InstructionSet;

// Samples at times that are not uniform, one of them twice.
struct Drive {
  std::vector<double> time, voltage;
};

Drive drive(int count, double step) {
  Drive out;
  for (int k = 0; k < count; ++k) {
    const double last = k == 0 ? 0 : out.time.back();
    out.time.push_back(k == 7 ? last : last + step * (0.3 + (k * 7 % 5) * 0.4));
  }
  out.voltage = testing::two_tones(out.time, 0.9, 3 / (count * step));
  return out;
}

double largest(const std::vector<double>& x) {
  double size = 0;
  for (double v : x) size = std::max(size, std::abs(v));
  return size;
}

// The largest difference of currents and of states from those of simulate(), relative to the
// largest current and state.
template <class Real>
double difference(const Network& network, const Drive& d, InstructionSet set) {
  const std::vector<double> start = initial_state(network, 1.4 * network.conductance().scale);
  const Trajectory wanted = simulate(network, d.time, d.voltage, start);
  CompactStream<Real> stream(network, set);
  const double current_size = largest(wanted.current), size = largest(wanted.conductance);
  std::vector<double> state_size;
  for (const auto& states : wanted.states) state_size.push_back(largest(states));
  double worst = 0;
  for (std::size_t k = 0; k < d.time.size(); ++k) {
    const double current = k == 0 ? stream.start(start, d.voltage[0])
                                  : stream.step(d.time[k] - d.time[k - 1], d.voltage[k]);
    worst = std::max({worst, std::abs(current - wanted.current[k]) / current_size,
                      std::abs(stream.conductance() - wanted.conductance[k]) / size});
    const std::vector<double> states = stream.states();
    for (std::size_t s = 0; s < states.size(); ++s) {
      worst = std::max(worst, std::abs(states[s] - wanted.states[s][k]) / state_size[s]);
    }
  }
  return worst;
}

std::vector<StudentShape> shapes() {
  return {{.states = 1, .features = 8},
          {.states = 1, .features = 3, .static_features = 5, .head = StudentHead::kSoftplus},
          {.states = 1, .features = 21, .head = StudentHead::kAffine},
          {.states = 1, .features = 5, .state_gates = false},
          {.states = 1, .features = 4, .static_features = 1, .liquid = false},
          {.states = 3, .rates = 2, .features = 8, .head = StudentHead::kSoftplus},
          {.states = 5, .rates = 3, .features = 17, .static_features = 9},
          {.states = 16,
           .rates = 16,
           .features = 64,
           .static_features = 32,
           .head = StudentHead::kAffine},
          {.states = 3,
           .rates = 3,
           .features = 4,
           .head = StudentHead::kAffine,
           .liquid = false,
           .state_gates = false},
          {.states = 2, .rates = 1, .features = 1, .liquid = false},
          {.states = 0, .static_features = 7, .head = StudentHead::kSoftplus},
          {.states = 0, .static_features = 0}};
}

// A random network that multiplies no error along the way: where many features see the states, one
// of full size would.
Network steady_student(const StudentShape& shape, std::uint32_t seed) {
  Network network = testing::random_student(shape, seed);
  if (shape.features == 64) {
    for (double& p : network.parameters) p *= 0.3;
  }
  return network;
}

TEST(CompactStream, IsSimulateInDouble) {
  for (const InstructionSet set : kernels::available_instruction_sets()) {
    std::uint32_t seed = 30;
    for (const StudentShape& shape : shapes()) {
      const Network network = steady_student(shape, ++seed);
      EXPECT_LT(difference<double>(network, drive(300, 1e-6), set), 1e-12)
          << kernels::name(set) << ", seed " << seed;
    }
  }
}

TEST(CompactStream, IsSimulateToFiveDigitsInFloat) {
  for (const InstructionSet set : kernels::available_instruction_sets()) {
    std::uint32_t seed = 30;
    for (const StudentShape& shape : shapes()) {
      const Network network = steady_student(shape, ++seed);
      EXPECT_LT(difference<float>(network, drive(300, 1e-6), set), 1e-5)
          << kernels::name(set) << ", seed " << seed;
    }
  }
}

TEST(CompactStream, HoldsOverALongRecord) {
  for (const Network& network : {testing::one_state(), testing::three_states()}) {
    EXPECT_LT(difference<double>(network, drive(40000, 1e-6), kernels::best_instruction_set()),
              1e-12);
    EXPECT_LT(difference<float>(network, drive(40000, 1e-6), kernels::best_instruction_set()),
              1e-5);
  }
}

// A step moves the state by less than the last digit of a float.
TEST(CompactStream, MovesSlowStatesInFloat) {
  Network network = testing::one_state();
  testing::set_block(network, "forget_gate.weight", {0, 0, 0});
  testing::set_block(network, "forget_gate.bias", {18});  // 1.5e-8 of the way in a step
  CompactStream<float> stream(network);
  CompactStream<double> exact(network);
  const std::vector<double> start = {-0.7};
  stream.start(start, 1);
  exact.start(start, 1);
  for (int k = 0; k < 20000; ++k) {
    stream.step(1e-6, 1);
    exact.step(1e-6, 1);
  }
  const double moved = exact.states()[0] - start[0];
  EXPECT_GT(moved, 2e-4);
  EXPECT_NEAR(stream.states()[0] - start[0], moved, 1e-4 * moved);
}

TEST(CompactStream, KeepsTheScalesOfANetworkStretchedInTime) {
  EXPECT_LT(
      difference<double>(testing::slow_device(), drive(200, 1e-2), kernels::best_instruction_set()),
      1e-12);
  EXPECT_LT(
      difference<double>(testing::fast_device(), drive(200, 1e-9), kernels::best_instruction_set()),
      1e-12);
}

TEST(CompactStream, HoldsItsStateWhereTheRatesVanish) {
  Network network = testing::one_state();
  testing::set_block(network, "forget_gate.bias", {900});
  const std::vector<double> start = {0.4};
  CompactStream<float> stream(network);
  stream.start(start, 1);
  for (int k = 0; k < 100; ++k) stream.step(1e-6, -1);
  EXPECT_NEAR(stream.states()[0], 0.4, 1e-7);
}

TEST(CompactStream, StartsAgain) {
  const Network network = testing::three_states();
  CompactStream<float> stream(network);
  const std::vector<double> start = initial_state(network, 6e-4);
  const double first = stream.start(start, 0.5), second = stream.step(1e-6, -0.7);
  for (int k = 0; k < 50; ++k) stream.step(1e-5, 1);
  EXPECT_EQ(stream.start(start, 0.5), first);
  EXPECT_EQ(stream.step(1e-6, -0.7), second);
}

TEST(CompactStream, NoCurrentFlowsAtZeroVolts) {
  CompactStream<float> stream(testing::one_state());
  const std::vector<double> start = {0.2};
  EXPECT_EQ(stream.start(start, 0), 0.0);
  EXPECT_NE(stream.step(1e-6, 1), 0.0);
  EXPECT_EQ(stream.step(1e-6, 0), 0.0);
  EXPECT_GT(stream.conductance(), 0.0);
}

TEST(CompactStream, AllocatesNothingInAStep) {
  for (const Network& network : {testing::one_state(), testing::three_states()}) {
    CompactStream<float> stream(network);
    const std::vector<double> start(static_cast<std::size_t>(network.state_count()), 0.1);
    stream.start(start, 0.5);
    const long before = psi_xlstm::testing::allocations();
    for (int k = 0; k < 10; ++k) stream.step(1e-6, 0.1 * k);
    EXPECT_EQ(psi_xlstm::testing::allocations(), before);
    EXPECT_FALSE(stream.states().empty());
    EXPECT_GT(psi_xlstm::testing::allocations(), before);  // the counter counts
  }
}

TEST(CompactStream, RefusesAnotherNumberOfStates) {
  CompactStream<double> stream(testing::three_states());
  const std::vector<double> two = {0, 0};
  EXPECT_THROW(stream.start(two, 0), ShapeError);
}

TEST(CompactWeights, RefuseOtherNetworks) {
  EXPECT_NO_THROW(compact_weights(testing::one_state()));
  Network network = testing::one_state();
  network.nodes[static_cast<std::size_t>(network.target_node)].op = Op::kSigmoid;
  EXPECT_THROW(compact_weights(network), ShapeError);
  network = testing::one_state();
  const int forget = network.node(network.rate_node).arguments[0];
  network.nodes[static_cast<std::size_t>(forget)].op = Op::kExp;
  EXPECT_THROW(compact_weights(network), ShapeError);
  network = testing::one_state();
  network.nodes[static_cast<std::size_t>(network.current_node)].op = Op::kSum;
  EXPECT_THROW(compact_weights(network), ShapeError);
  network = testing::one_state();
  for (Node& node : network.nodes) {
    if (node.op == Op::kExp) node.op = Op::kSqrt;
  }
  EXPECT_THROW(compact_weights(network), ShapeError);
}

}  // namespace
}  // namespace psi_xlstm::ir
