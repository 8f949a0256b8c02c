#include "ir/jacobian.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <span>
#include <string>
#include <vector>

#include "ir/evaluator.hpp"
#include "psi_xlstm/core/error.hpp"
#include "support/every_operation.hpp"
#include "support/networks.hpp"
#include "support/static_devices.hpp"

namespace psi_xlstm::ir {
namespace {

// Ports and states together, in the order of the inputs.
std::vector<double> point_of(const Network& network) {
  std::vector<double> x;
  for (int p = 0; p < network.port_count(); ++p) x.push_back(0.4 - 0.7 * p);
  for (int s = 0; s < network.state_count(); ++s) x.push_back(0.35 - 0.5 * s);
  return x;
}

void evaluate(SparseJacobian& jacobian, const Network& network, const std::vector<double>& x) {
  const auto ports = static_cast<std::size_t>(network.port_count());
  jacobian.evaluate(std::span(x).first(ports), std::span(x).subspan(ports));
}

std::vector<Network> networks() {
  return {testing::one_state(),
          testing::three_states(),
          testing::static_curve(),
          testing::every_operation(2),
          testing::random_student({.head = StudentHead::kSoftplus}, 9),
          testing::random_student({.states = 2, .rates = 2, .head = StudentHead::kAffine}, 9)};
}

// Central differences: error of order h^2 and rounding / h, together below 1e-7 of the largest.
TEST(SparseJacobian, MatchesCentralDifferencesInEveryElementOfEveryNode) {
  constexpr double kStep = 1e-5;
  for (const Network& network : networks()) {
    SparseJacobian jacobian(network), moved(network);
    const std::vector<double> x = point_of(network);
    evaluate(jacobian, network, x);
    for (int id = 0; id < static_cast<int>(network.nodes.size()); ++id) {
      for (int i = 0; i < network.node(id).width; ++i) {
        for (int input = 0; input < static_cast<int>(x.size()); ++input) {
          std::vector<double> y = x;
          y[static_cast<std::size_t>(input)] += kStep;
          evaluate(moved, network, y);
          const double high = moved.value(id, i);
          y[static_cast<std::size_t>(input)] -= 2 * kStep;
          evaluate(moved, network, y);
          const double expected = (high - moved.value(id, i)) / (2 * kStep);
          const double scale = std::abs(expected) + std::abs(jacobian.value(id, i));
          EXPECT_NEAR(jacobian.derivative(id, i, input), expected, 1e-7 * scale + 1e-13)
              << network.name << ", node " << id << ", input " << input;
        }
      }
    }
  }
}

TEST(SparseJacobian, AgreesWithReverseMode) {
  for (const Network& network : networks()) {
    SparseJacobian jacobian(network);
    Evaluator evaluator(network);
    const std::vector<double> x = point_of(network);
    const int ports = network.port_count(), states = network.state_count();
    evaluate(jacobian, network, x);
    std::vector<double> by_ports(network.ports.size()), by_states(network.rate_of_state.size()),
        by_parameters(network.parameters.size());
    const auto compare = [&](Part part, int id, int element) {
      const auto first = static_cast<std::size_t>(ports);
      evaluator.evaluate(part, std::span(x).first(first), std::span(x).subspan(first));
      const double value = jacobian.value(id, element);
      EXPECT_NEAR(evaluator.value(id, element), value, 1e-14 * std::abs(value));
      evaluator.gradient(id, element, by_ports, by_states, by_parameters);
      for (int i = 0; i < ports + states; ++i) {
        const double expected = i < ports ? by_ports[static_cast<std::size_t>(i)]
                                          : by_states[static_cast<std::size_t>(i - ports)];
        EXPECT_NEAR(jacobian.derivative(id, element, i), expected, 1e-13 * std::abs(expected))
            << network.name << ", node " << id << ", input " << i;
      }
    };
    for (int k = 0; k < network.rate_count(); ++k) compare(Part::kDynamics, network.rate_node, k);
    for (int s = 0; s < states; ++s) compare(Part::kDynamics, network.target_node, s);
    for (int p = 0; p < ports; ++p) compare(Part::kOutput, network.current_node, p);
    compare(Part::kOutput, network.conductance().node, 0);
  }
}

// Three states, each of which sees itself only.
TEST(SparseJacobian, PatternOfADiagonalNetworkIsDiagonal) {
  Network network = testing::three_states();
  NetworkBuilder build(network);
  const int squared = build.binary(Op::kProduct, 2, 2);
  const int target = build.unary(Op::kTanh, squared);
  const int rate = build.unary(Op::kSoftplus, build.affine("constant", 2, {}));
  network.target_node = target;
  network.rate_node = rate;
  ASSERT_EQ(network.node(2).op, Op::kStates);
  SparseJacobian jacobian(network);
  for (int s = 0; s < 3; ++s) {
    EXPECT_EQ(jacobian.inputs(2, s), std::vector<int>{1 + s});
    EXPECT_EQ(jacobian.inputs(target, s), std::vector<int>{1 + s});
  }
  EXPECT_TRUE(jacobian.inputs(rate, 0).empty());
  EXPECT_EQ(jacobian.inputs(0, 0), std::vector<int>{0});
  EXPECT_EQ(jacobian.inputs(network.current_node, 0), (std::vector<int>{0, 1, 2, 3}));
  EXPECT_EQ(jacobian.inputs(network.conductance().node, 0), (std::vector<int>{1, 2, 3}));
  evaluate(jacobian, network, {0.2, 0.5, -0.3, 0.1});
  EXPECT_DOUBLE_EQ(jacobian.derivative(target, 0, 1), 1 / std::pow(std::cosh(0.25), 2));
  EXPECT_EQ(jacobian.derivative(target, 0, 2), 0.0);
  EXPECT_EQ(jacobian.derivatives(target, 1).size(), 1U);
}

TEST(SparseJacobian, ForgetsThePointBefore) {
  const Network network = testing::three_states();
  SparseJacobian used(network), fresh(network);
  evaluate(used, network, {-0.9, 0.1, 0.2, 0.3});
  evaluate(used, network, {0.4, -0.2, 0.6, 0.0});
  evaluate(fresh, network, {0.4, -0.2, 0.6, 0.0});
  for (int s = 0; s < 3; ++s) {
    EXPECT_EQ(used.derivatives(network.target_node, s), fresh.derivatives(network.target_node, s));
  }
  EXPECT_EQ(used.derivatives(network.current_node, 0), fresh.derivatives(network.current_node, 0));
}

TEST(SparseJacobian, RefusesInputsOfAnotherNumber) {
  const Network network = testing::every_operation(2);
  SparseJacobian jacobian(network);
  const std::vector<double> two = {0.1, 0.2}, one = {0.1};
  EXPECT_NO_THROW(jacobian.evaluate(two, two));
  EXPECT_THROW(jacobian.evaluate(one, two), ShapeError);
  EXPECT_THROW(jacobian.evaluate(two, one), ShapeError);
}

TEST(SparseJacobian, RefusesAnInconsistentNetwork) {
  Network network = testing::one_state();
  network.target_node = 99;
  EXPECT_THROW(SparseJacobian{network}, ShapeError);
}

// Values and derivatives of currents and charges against numbers made by hand, through the unknown
// and up to it.
TEST(SparseJacobian, OfATransistorIsWhatItIsByHand) {
  const Network network = testing::transistor();
  Evaluator evaluator(network);
  SparseJacobian whole(network), cut(network, Unknowns::kInputs);
  for (const double vg : {-0.2, 0.45, 0.9}) {
    const std::vector<double> v = {vg, 0.6 - vg};
    const testing::TransistorPoint point(v[0], v[1]);
    evaluator.evaluate(Part::kOutput, v, {});
    whole.evaluate(v, {});
    cut.evaluate(v, {});
    const int x = network.unknowns[0];
    EXPECT_NEAR(evaluator.value(x), point.unknown, 1e-15);
    for (int p = 0; p < 2; ++p) {
      const auto row = static_cast<std::size_t>(p);
      EXPECT_NEAR(evaluator.value(network.current_node, p), point.currents[row], 1e-17);
      EXPECT_NEAR(evaluator.value(network.charge_node, p), point.charges[row], 1e-26);
      for (int by = 0; by < 2; ++by) {
        const double g = point.conductances[row][static_cast<std::size_t>(by)];
        const double c = point.capacitances[row][static_cast<std::size_t>(by)];
        EXPECT_NEAR(whole.derivative(network.current_node, p, by), g, 1e-16);
        EXPECT_NEAR(whole.derivative(network.charge_node, p, by), c, 1e-26);
        const double dx = cut.derivative(x, 0, by);
        EXPECT_NEAR(cut.derivative(network.current_node, p, by) +
                        dx * cut.derivative(network.current_node, p, 2),
                    g, 1e-16);
        EXPECT_NEAR(cut.derivative(network.charge_node, p, by) +
                        dx * cut.derivative(network.charge_node, p, 2),
                    c, 1e-26);
      }
    }
  }
}

}  // namespace
}  // namespace psi_xlstm::ir
