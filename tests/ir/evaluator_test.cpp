#include "ir/evaluator.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <limits>
#include <set>
#include <string>
#include <vector>

#include "ir/operations.hpp"
#include "psi_xlstm/core/error.hpp"
#include "support/every_operation.hpp"
#include "support/networks.hpp"

namespace psi_xlstm::ir {
namespace {

// The formulas of fit/compact_student.hpp for one_state(), number by number.
TEST(Evaluator, ComputesTheFormulasOfTheCompactStudent) {
  const Network network = testing::one_state();
  Evaluator evaluator(network);
  for (double v : {-1.2, -0.3, 0.0, 0.7, 2.0}) {
    for (double c : {-0.8, 0.0, 0.45}) {
      const double x = v / 1.2;
      const double phi_1 = std::tanh(3.2 * x + 0.21 * c + 2.1);
      const double phi_2 = std::tanh(2.9 * x - 0.13 * c + 0.11);
      const double phi_3 = std::tanh(3.4 * x + 0.08 * c - 2.3);
      const double forget = 1.1 * phi_1 + 0.15 * phi_2 - 1.2 * phi_3 + 4.6;
      const double rate = std::log(1 + std::exp(-forget)) / 1e-6;
      const double target = std::tanh(0.31 * phi_1 + 0.52 * phi_2 + 0.27 * phi_3 + 0.04);
      const double conductance = 2e-4 * std::exp(0.12 + 1.6 * c);
      evaluator.evaluate(Part::kDynamics, {&v, 1}, {&c, 1});
      EXPECT_NEAR(evaluator.rate(0) / rate, 1, 1e-12);
      EXPECT_NEAR(evaluator.target(0), target, 2e-15);
      evaluator.evaluate(Part::kOutput, {&v, 1}, {&c, 1});
      EXPECT_NEAR(evaluator.value(network.conductance().node) / conductance, 1, 1e-14);
      EXPECT_NEAR(evaluator.value(network.current_node), conductance * v, 1e-17);
    }
  }
}

TEST(Evaluator, SharesRatesAndAddsTheStaticPart) {
  const Network network = testing::three_states();
  EXPECT_EQ(network.rate_of_state, (std::vector<int>{0, 1, 0}));
  Evaluator evaluator(network);
  const double v = 0.4, c[] = {0.2, -0.5, 0.9};
  evaluator.evaluate(Part::kDynamics, {&v, 1}, c);
  const double phi[] = {std::tanh(2.8 * v + 0.11 * 0.2 + 0.07 * 0.5 + 0.05 * 0.9 + 2.2),
                        std::tanh(3.1 * v - 0.12 * 0.2 - 0.06 * 0.5 + 0.02 * 0.9 + 0.7),
                        std::tanh(2.7 * v + 0.04 * 0.2 - 0.13 * 0.5 - 0.09 * 0.9 - 0.8),
                        std::tanh(3.3 * v + 0.08 * 0.2 + 0.05 * 0.5 + 0.1 * 0.9 - 2.4)};
  const double forget = 0.6 * phi[0] + 0.1 * phi[1] - 0.15 * phi[2] - 0.55 * phi[3] + 5.3;
  EXPECT_NEAR(evaluator.rate(1) / (std::log1p(std::exp(-forget)) / 1e-6), 1, 1e-12);
  const double third = 0.12 * phi[0] + 0.37 * phi[1] - 0.09 * phi[2] + 0.44 * phi[3] + 0.02;
  EXPECT_NEAR(evaluator.target(2), std::tanh(third), 2e-15);

  const Network curve = testing::static_curve();
  Evaluator still(curve);
  still.evaluate(Part::kOutput, {&v, 1}, {});
  const double y = 0.1 + 0.35 * (std::tanh(1.7 * v + 0.6) - std::tanh(0.6)) -
                   0.22 * (std::tanh(2.4 * v - 1.1) - std::tanh(-1.1));
  EXPECT_NEAR(still.value(curve.current_node), 1e-3 * std::exp(y) * v, 1e-18);
}

TEST(Evaluator, ComputesTheHeadsAsTheyAreDefined) {
  const double v = 0.3, c = 0.4;
  for (StudentHead head : {StudentHead::kExp, StudentHead::kSoftplus, StudentHead::kAffine}) {
    const Network network = testing::random_student({.features = 2, .head = head}, 3);
    const double y = network.block("readout.bias")[0] + c * network.block("readout.weight")[0];
    const std::string name = name_of(head);
    const double g = name == "exp" ? std::exp(y) : name == "affine" ? y : std::log1p(std::exp(y));
    Evaluator evaluator(network);
    evaluator.evaluate(Part::kOutput, {&v, 1}, {&c, 1});
    EXPECT_NEAR(evaluator.value(network.conductance().node), 2e-4 * g, 1e-18) << name_of(head);
  }
}

TEST(Operations, StayExactWhereExpOverflowsOrVanishes) {
  EXPECT_EQ(softplus(1000), 1000);
  EXPECT_DOUBLE_EQ(softplus(-40), std::exp(-40));
  EXPECT_EQ(softplus(-1000), 0);
  EXPECT_EQ(sigmoid(1000), 1);
  EXPECT_EQ(sigmoid(-1000), 0);
  EXPECT_DOUBLE_EQ(sigmoid(0.3) + sigmoid(-0.3), 1);
}

// The slope that the optimiser sees must not vanish before the function does.
TEST(Operations, SigmoidKeepsItsRelativeAccuracyInTheTail) {
  EXPECT_NEAR(sigmoid(-30) / std::exp(-30), 1, 1e-12);
}

TEST(Evaluator, TheTestNetworkUsesEveryOperation) {
  std::set<Op> used;
  for (const Node& node : testing::every_operation(2).nodes) used.insert(node.op);
  EXPECT_EQ(used.size(), 13U);
}

// One number of `network` at a point.
double number(const Network& network,
              Part part,
              int id,
              int element,
              const std::vector<double>& ports,
              const std::vector<double>& states) {
  Evaluator evaluator(network);
  evaluator.evaluate(part, ports, states);
  return evaluator.value(id, element);
}

// Central differences with step h: the error is of order h^2 = 1e-10 and rounding 1e-16/h.
void expect_gradient(const Network& network, Part part, int id, int element) {
  constexpr double kStep = 1e-5;
  std::vector<double> ports, states;
  for (int p = 0; p < network.port_count(); ++p) ports.push_back(0.4 - 0.7 * p);
  for (int s = 0; s < network.state_count(); ++s) states.push_back(0.35 - 0.5 * s);
  Evaluator evaluator(network);
  evaluator.evaluate(part, ports, states);
  const double size = std::abs(evaluator.value(id, element));
  std::vector<double> by_ports(ports.size()), by_states(states.size());
  std::vector<double> by_parameters(network.parameters.size());
  evaluator.gradient(id, element, by_ports, by_states, by_parameters);
  const auto difference = [&](const auto& moved) {
    return (moved(kStep) - moved(-kStep)) / (2 * kStep);
  };
  const double tolerance = 3e-9 * std::max(1.0, size);
  const std::string where = network.name + ", node " + std::to_string(id);
  for (std::size_t p = 0; p < ports.size(); ++p) {
    const double expected = difference([&](double h) {
      auto x = ports;
      x[p] += h;
      return number(network, part, id, element, x, states);
    });
    EXPECT_NEAR(by_ports[p], expected, tolerance) << where << ", port " << p;
  }
  for (std::size_t s = 0; s < states.size(); ++s) {
    const double expected = difference([&](double h) {
      auto x = states;
      x[s] += h;
      return number(network, part, id, element, ports, x);
    });
    EXPECT_NEAR(by_states[s], expected, tolerance) << where << ", state " << s;
  }
  for (std::size_t q = 0; q < by_parameters.size(); ++q) {
    const double expected = difference([&](double h) {
      Network x = network;
      x.parameters[q] += h;
      return number(x, part, id, element, ports, states);
    });
    EXPECT_NEAR(by_parameters[q], expected, tolerance) << where << ", parameter " << q;
  }
}

TEST(EvaluatorGradient, MatchesCentralDifferencesThroughEveryOperation) {
  const Network network = testing::every_operation(2);
  for (int element : {0, 1}) {
    expect_gradient(network, Part::kDynamics, network.rate_node, element);
    expect_gradient(network, Part::kDynamics, network.target_node, element);
    expect_gradient(network, Part::kOutput, network.current_node, element);
  }
  expect_gradient(network, Part::kOutput, network.conductance().node, 0);
}

TEST(EvaluatorGradient, MatchesCentralDifferencesForEveryShapeOfStudent) {
  for (StudentHead head : {StudentHead::kExp, StudentHead::kSoftplus, StudentHead::kAffine}) {
    for (const StudentShape& shape :
         {StudentShape{.features = 3, .static_features = 2, .head = head},
          StudentShape{.states = 3, .rates = 2, .features = 2, .head = head, .state_gates = false},
          StudentShape{.states = 2, .rates = 2, .features = 2, .head = head, .liquid = false}}) {
      Network network = testing::random_student(shape, 5);
      network.nodes[static_cast<std::size_t>(network.rate_node)].factor = 1;           // [1/us]
      network.nodes[static_cast<std::size_t>(network.conductance().node)].factor = 1;  // [gs]
      for (int k = 0; k < network.rate_count(); ++k) {
        expect_gradient(network, Part::kDynamics, network.rate_node, k);
      }
      for (int s = 0; s < network.state_count(); ++s) {
        expect_gradient(network, Part::kDynamics, network.target_node, s);
      }
      expect_gradient(network, Part::kOutput, network.conductance().node, 0);
      expect_gradient(network, Part::kOutput, network.current_node, 0);
    }
  }
}

TEST(EvaluatorGradient, OverwritesWhatStoodThere) {
  const Network network = testing::one_state();
  Evaluator evaluator(network);
  const double v = 0.5, c = 0.1;
  evaluator.evaluate(Part::kDynamics, {&v, 1}, {&c, 1});
  const auto gradient_over = [&](double old) {
    std::vector<double> all(21, old);  // port, state, parameters
    evaluator.gradient(network.target_node, 0, {&all[0], 1}, {&all[1], 1}, {&all[2], 19});
    return all;
  };
  EXPECT_EQ(gradient_over(7), gradient_over(-3));
  EXPECT_EQ(gradient_over(7)[20], 0.0);  // e of the readout is not part of the target
}

// What is fed with one voltage must not read the second port from behind it.
TEST(Evaluator, RefusesInputsOfAnotherNumber) {
  const Network network = testing::every_operation(2);
  Evaluator evaluator(network);
  const std::vector<double> two = {0.1, 0.2}, one = {0.1};
  const auto problem_with = [&](const auto& call) -> std::string {
    try {
      call();
    } catch (const ShapeError& e) {
      return e.what();
    }
    return "none";
  };
  EXPECT_EQ(problem_with([&] { evaluator.evaluate(Part::kOutput, two, two); }), "none");
  EXPECT_EQ(
      problem_with([&] { evaluator.evaluate(Part::kOutput, one, two); }),
      "network every_operation: expected the voltages of 2 ports and 2 states, found 1 and 2");
  EXPECT_NE(problem_with([&] { evaluator.evaluate(Part::kDynamics, two, one); }), "none");
  std::vector<double> by_two(2), by_one(1), by_parameters(network.parameters.size());
  const auto gradient = [&](std::vector<double>& ports, std::vector<double>& parameters) {
    evaluator.gradient(network.current_node, 0, ports, by_two, parameters);
  };
  EXPECT_EQ(problem_with([&] { gradient(by_two, by_parameters); }), "none");
  EXPECT_NE(problem_with([&] { gradient(by_one, by_parameters); }), "none");
  EXPECT_NE(problem_with([&] { gradient(by_two, by_two); }), "none");
}

TEST(Evaluator, RefusesAnInconsistentNetwork) {
  Network network = testing::one_state();
  network.current_node = -1;
  EXPECT_THROW(Evaluator{network}, ShapeError);
}

}  // namespace
}  // namespace psi_xlstm::ir
