#include "ir/dynamics.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numbers>
#include <string>
#include <utility>
#include <vector>

#include "psi_xlstm/core/error.hpp"
#include "support/every_operation.hpp"
#include "support/networks.hpp"
#include "support/static_devices.hpp"
#include "support/uniform_times.hpp"

namespace psi_xlstm::ir {
namespace {

using testing::block;
using testing::one_state;
using testing::three_states;
using testing::uniform_times;

double conductance_at_zero(const Network& network, const std::vector<double>& c) {
  Evaluator evaluator(network);
  const double zero = 0;
  evaluator.evaluate(Part::kOutput, {&zero, 1}, c);
  return evaluator.value(network.conductance().node);
}

TEST(InitialState, GivesExactlyTheWantedConductance) {
  for (StudentHead head : {StudentHead::kExp, StudentHead::kSoftplus, StudentHead::kAffine}) {
    for (int states : {1, 3}) {
      Network network = testing::random_student(
          {.states = states, .rates = 2, .static_features = 3, .head = head}, 21);
      network.start = Start::kTied;
      for (double g0 : {2e-7, 1e-4, 2e-4, 5e-3, 9e-3}) {
        const std::vector<double> c = initial_state(network, g0);
        // an affine head is a sum of terms as large as the scale, and rounds like them
        const bool sum = network.conductance().head == Head::kAffine;
        const double size = sum ? std::max(g0, network.conductance().scale) : g0;
        EXPECT_NEAR(conductance_at_zero(network, c), g0, 1e-12 * size)
            << name_of(head) << ", " << states;
      }
    }
  }
}

TEST(InitialState, IsTheStateNearestToRestWithThatConductance) {
  const Network network = three_states();
  const std::vector<double> c = initial_state(network, 7e-4), rest = rest_state(network);
  const auto k = network.block("readout.weight");
  for (std::size_t s = 1; s < 3; ++s) {
    EXPECT_NEAR((c[s] - rest[s]) / k[s], (c[0] - rest[0]) / k[0], 1e-14);
  }
}

TEST(InitialState, OfOneStateIsTheInverseOfTheHead) {
  EXPECT_DOUBLE_EQ(initial_state(one_state(), 3e-4)[0], (std::log(1.5) - 0.12) / 1.6);
}

TEST(InitialState, IsRestWhereTheConductanceIsNoParameter) {
  const Network network =
      testing::random_student({.states = 2, .rates = 2, .head = StudentHead::kAffine}, 4);
  ASSERT_EQ(network.start, Start::kRest);
  EXPECT_EQ(initial_state(network, 1e-3), rest_state(network));
}

TEST(RestState, IsAnEquilibrium) {
  for (const Network& network : {one_state(), three_states()}) {
    const std::vector<double> rest = rest_state(network);
    std::vector<double> derivative(rest.size());
    Evaluator evaluator(network);
    const double no_voltage = 0;
    state_derivative(evaluator, network, {&no_voltage, 1}, rest, derivative);
    for (double d : derivative) EXPECT_NEAR(d, 0, 1e-14 * network.box.fastest_rate);
    const std::vector<double> time = uniform_times(50, 1e-4), zero(50, 0.0);
    const Trajectory run = simulate(network, time, zero, rest);
    for (std::size_t s = 0; s < rest.size(); ++s) {
      EXPECT_NEAR(run.states[s].back(), rest[s], 1e-13);
    }
  }
}

// Constant gates: c(t) = z + (c(0) - z) exp(-lambda t) after steps of any length.
TEST(Simulate, IsExactWhereTheGatesAreConstant) {
  Network network = one_state();
  for (double& w : block(network, "features.weight")) w = 0;
  Evaluator evaluator(network);
  const double zero = 0;
  evaluator.evaluate(Part::kDynamics, {&zero, 1}, {&zero, 1});
  const double rate = evaluator.rate(0), target = evaluator.target(0);
  const std::vector<double> time = {0, 1e-9, 3e-5, 1e-3, 1.1e-3, 0.5};
  const std::vector<double> voltage = {0.3, -1, 0.5, 1.2, 0, 0.7};
  const std::vector<double> start = {-0.6};
  const Trajectory run = simulate(network, time, voltage, start);
  for (std::size_t k = 0; k < time.size(); ++k) {
    const double c = target + (-0.6 - target) * std::exp(-rate * time[k]);
    EXPECT_NEAR(run.states[0][k], c, 1e-15);
    const double g = 2e-4 * std::exp(0.12 + 1.6 * c);
    EXPECT_NEAR(run.conductance[k] / g, 1, 1e-13);
    EXPECT_NEAR(run.current[k], g * voltage[k], 1e-17);
  }
}

// Two steps by hand from the rule in dynamics.hpp.
TEST(Simulate, TakesThePredictorCorrectorStepOfTheHeader) {
  const Network network = one_state();
  const std::vector<double> time = {0, 4e-5, 5e-5}, voltage = {0.2, 1.0, -0.8};
  Evaluator evaluator(network);
  const auto gates = [&](double v, double c) {
    evaluator.evaluate(Part::kDynamics, {&v, 1}, {&c, 1});
    return std::pair(evaluator.rate(0), evaluator.target(0));
  };
  double c = 0.1;
  std::vector<double> expected = {c};
  for (std::size_t k = 1; k < 3; ++k) {
    const double dt = time[k] - time[k - 1];
    const auto [l0, z0] = gates(voltage[k - 1], c);
    const double predicted = z0 + std::exp(-dt * l0) * (c - z0);
    const auto [l1, z1] = gates(voltage[k], predicted);
    const double mean = (l0 * z0 + l1 * z1) / (l0 + l1);
    c = mean + std::exp(-dt * (l0 + l1) / 2) * (c - mean);
    expected.push_back(c);
  }
  const std::vector<double> start = {0.1};
  const Trajectory run = simulate(network, time, voltage, start);
  for (std::size_t k = 0; k < 3; ++k) EXPECT_NEAR(run.states[0][k], expected[k], 1e-15);
}

// The state at the end of 200 us of a smooth drive in `steps` steps.
double end_state(const Network& network, int steps) {
  constexpr double kStop = 2e-4;
  std::vector<double> time = uniform_times(steps + 1, kStop / steps);
  const std::vector<double> voltage = testing::two_tones(time, 0.9, 1e4);
  const std::vector<double> start = initial_state(network, 3e-4);
  return simulate(network, time, voltage, start).states[0].back();
}

TEST(Simulate, ConvergesToSecondOrder) {
  for (const Network& network : {one_state(), three_states()}) {
    const double exact = end_state(network, 64000);
    const double coarse = end_state(network, 500) - exact, fine = end_state(network, 1000) - exact;
    EXPECT_NEAR(coarse / fine, 4, 0.25) << network.name;
    EXPECT_LT(std::abs(fine), 1e-4);
  }
}

TEST(Simulate, ConvergesToTheDifferentialEquation) {
  const Network network = three_states();
  // Classic Runge-Kutta of dc/dt = state_derivative.
  constexpr int kSteps = 4000;
  constexpr double kStep = 2e-4 / kSteps;
  Evaluator evaluator(network);
  const auto slope = [&](double t, const std::vector<double>& c) {
    std::vector<double> out(3);
    state_derivative(evaluator, network, testing::two_tones({t}, 0.9, 1e4), c, out);
    return out;
  };
  const auto moved = [](std::vector<double> c, const std::vector<double>& k, double h) {
    for (std::size_t s = 0; s < c.size(); ++s) c[s] += h * k[s];
    return c;
  };
  std::vector<double> c = initial_state(network, 3e-4);
  for (int i = 0; i < kSteps; ++i) {
    const double t = i * kStep;
    const auto k1 = slope(t, c), k2 = slope(t + kStep / 2, moved(c, k1, kStep / 2));
    const auto k3 = slope(t + kStep / 2, moved(c, k2, kStep / 2));
    const auto k4 = slope(t + kStep, moved(c, k3, kStep));
    for (std::size_t s = 0; s < 3; ++s) c[s] += kStep / 6 * (k1[s] + 2 * k2[s] + 2 * k3[s] + k4[s]);
  }
  EXPECT_NEAR(end_state(network, 64000), c[0], 2e-8);
}

TEST(Simulate, NeedsNoUniformTimes) {
  const Network network = one_state();
  std::vector<double> time = {0};
  while (time.back() < 2e-4) {
    time.push_back(time.back() + (time.size() % 3 == 0 ? 2e-8 : 1.1e-7));
  }
  time.back() = 2e-4;
  const std::vector<double> voltage = testing::two_tones(time, 0.9, 1e4);
  const Trajectory run = simulate(network, time, voltage, initial_state(network, 3e-4));
  EXPECT_NEAR(run.states[0].back(), end_state(network, 64000), 2e-6);
}

TEST(Simulate, NoCurrentFlowsAtZeroVolts) {
  for (StudentHead head : {StudentHead::kExp, StudentHead::kSoftplus, StudentHead::kAffine}) {
    const Network network = testing::random_student({.static_features = 3, .head = head}, 8);
    const std::vector<double> time = {0, 1e-6, 2e-6}, voltage = {0, 1, 0};
    const Trajectory run = simulate(network, time, voltage, initial_state(network, 1e-4));
    EXPECT_EQ(run.current[0], 0.0);
    EXPECT_NE(run.current[1], 0.0);
    EXPECT_EQ(run.current[2], 0.0);
    EXPECT_TRUE(std::isfinite(run.conductance[0]));
  }
}

TEST(Simulate, RefusesSizesThatDiffer) {
  const std::vector<double> two = {0, 1}, three = {0, 1, 2}, one = {0};
  EXPECT_THROW(simulate(one_state(), two, three, one), ShapeError);
  EXPECT_THROW(simulate(one_state(), two, two, two), ShapeError);
  const std::vector<double> none;
  EXPECT_TRUE(simulate(one_state(), none, none, one).current.empty());
}

// Two ports: the steps of the header with both voltages, by hand; every current its own.
TEST(Simulate, TakesTheVoltagesOfEveryPort) {
  const Network network = testing::every_operation(2);
  const std::vector<double> time = {0, 0.1, 0.25, 0.3};
  const std::vector<std::vector<double>> voltages = {{0.2, 0.5, -0.3, 0.1}, {-0.4, 0.6, 0.2, -0.5}};
  std::vector<double> c = {0.1, -0.2};
  const PortTrajectory run = simulate(network, time, voltages, c);
  Evaluator evaluator(network);
  const auto gates = [&](std::size_t k, const std::vector<double>& at) {
    const std::vector<double> v = {voltages[0][k], voltages[1][k]};
    evaluator.evaluate(Part::kDynamics, v, at);
    std::vector<std::pair<double, double>> out;
    for (int s = 0; s < 2; ++s) {
      const int rate = network.rate_of_state[static_cast<std::size_t>(s)];
      out.emplace_back(evaluator.rate(rate), evaluator.target(s));
    }
    return out;
  };
  for (std::size_t k = 0; k < time.size(); ++k) {
    if (k > 0) {
      const double dt = time[k] - time[k - 1];
      const auto left = gates(k - 1, c);
      std::vector<double> next = c;
      for (std::size_t s = 0; s < 2; ++s) {
        next[s] = left[s].second + std::exp(-dt * left[s].first) * (c[s] - left[s].second);
      }
      const auto right = gates(k, next);
      for (std::size_t s = 0; s < 2; ++s) {
        const double sum = left[s].first + right[s].first;
        const double mean =
            (left[s].first * left[s].second + right[s].first * right[s].second) / sum;
        c[s] = mean + std::exp(-dt * sum / 2) * (c[s] - mean);
      }
    }
    const std::vector<double> v = {voltages[0][k], voltages[1][k]};
    evaluator.evaluate(Part::kOutput, v, c);
    for (std::size_t p = 0; p < 2; ++p) {
      EXPECT_NEAR(run.states[p][k], c[p], 1e-14);
      EXPECT_NEAR(run.currents[p][k], evaluator.value(network.current_node, static_cast<int>(p)),
                  1e-14);
    }
  }
  EXPECT_NE(run.currents[0], run.currents[1]);
}

// dQ/dt is exact for a charge that is a parabola in time, on any time axis.
TEST(Simulate, AddsTheDerivativeOfEveryCharge) {
  Network device = testing::static_device(false);
  NetworkBuilder build(device);
  const int weight = build.parameters("capacitance", 2, 2);
  const double c[] = {3e-12, -1e-12, -2e-12, 5e-12};
  std::copy_n(c, 4, device.parameters.begin() + weight);
  const Network resistive = device;
  device.charge_node = build.affine(2, {0}, weight, -1);
  const std::vector<double> time = {0, 1e-6, 1.5e-6, 4e-6, 4.1e-6, 9e-6};
  std::vector<std::vector<double>> voltages(2);
  for (double t : time) {
    voltages[0].push_back(1e10 * t * t - 0.2);
    voltages[1].push_back(0.5 - 3e4 * t);
  }
  const PortTrajectory run = simulate(device, time, voltages, {});
  const PortTrajectory without = simulate(resistive, time, voltages, {});
  EXPECT_TRUE(without.charges.empty());
  EXPECT_TRUE(run.conductance.empty());
  for (std::size_t p = 0; p < 2; ++p) {
    EXPECT_EQ(run.currents[p][0], without.currents[p][0]) << "the device rests";
    for (std::size_t k = 0; k < time.size(); ++k) {
      EXPECT_NEAR(run.charges[p][k], c[2 * p] * voltages[0][k] + c[2 * p + 1] * voltages[1][k],
                  1e-26);
      if (k < 2) continue;
      const double derivative = c[2 * p] * 2e10 * time[k] - c[2 * p + 1] * 3e4;
      EXPECT_NEAR(run.currents[p][k] - without.currents[p][k], derivative, 1e-12 * 3e-7)
          << p << ", " << k;
    }
  }
}

// One voltage is not enough for two ports: it would be read as if there were two.
TEST(Simulate, RefusesAnotherNumberOfPorts) {
  const std::vector<double> time = {0, 0.1}, voltage = {0.2, 0.3}, start = {0, 0};
  const auto problem_with = [&](const Network& network, const auto& voltages,
                                const std::vector<double>& initial) -> std::string {
    try {
      simulate(network, time, voltages, initial);
    } catch (const ShapeError& e) {
      return e.what();
    }
    return "none";
  };
  const Network two = testing::every_operation(2);
  EXPECT_EQ(problem_with(two, voltage, start),
            "simulate: expected the voltages of 2 ports and 2 states, found those of 1 and 2 "
            "states");
  const std::vector<std::vector<double>> both(2, voltage);
  EXPECT_EQ(problem_with(two, both, start), "none");
  EXPECT_NE(problem_with(one_state(), both, {0.1}), "none");
  const std::vector<std::vector<double>> uneven = {voltage, {0.2}};
  EXPECT_EQ(problem_with(two, uneven, start),
            "simulate: expected as many times as voltages, found 2 times and 1 voltages");
  Evaluator evaluator(two);
  std::vector<double> derivative(2);
  EXPECT_THROW(state_derivative(evaluator, two, {&voltage[0], 1}, start, derivative), ShapeError);
}

// To the last digits for small conductances and for large ones, where ln(exp(g) - 1) is g.
TEST(InitialState, HasTheConductanceThatWasAskedFor) {
  for (StudentHead head : {StudentHead::kExp, StudentHead::kSoftplus}) {
    const Network network = testing::random_student({.states = 2, .features = 3, .head = head}, 8);
    for (double relative : {0.01, 0.5, 4.0, 20.0, 29.0, 31.0, 100.0}) {
      const double g0 = relative * network.conductance().scale;
      const std::vector<double> c = initial_state(network, g0);
      Evaluator evaluator(network);
      const double zero = 0;
      evaluator.evaluate(Part::kOutput, {&zero, 1}, c);
      EXPECT_NEAR(evaluator.value(network.conductance().node) / g0, 1, 1e-12)
          << name_of(head) << relative;
    }
  }
}

// d(ln G)/dt from 1 us of simulation at 0 V; the state moves by 1e-3 of its way.
TEST(ZeroBiasRate, IsTheSlopeOfTheSimulatedLogConductance) {
  for (const Network& network : {one_state(), three_states()}) {
    for (double g0 : {1.2e-4, 6e-4}) {
      constexpr double kStep = 1e-8;
      const std::vector<double> time = {0, kStep, 2 * kStep}, zero(3, 0.0);
      const Trajectory run = simulate(network, time, zero, initial_state(network, g0));
      const auto& g = run.conductance;
      const double slope =
          (-1.5 * std::log(g[0]) + 2 * std::log(g[1]) - 0.5 * std::log(g[2])) / kStep;
      EXPECT_NEAR(zero_bias_rate(network, g0) / slope, 1, 1e-5) << network.name << ", " << g0;
    }
  }
}

TEST(ZeroBiasRate, WorstOneIsFoundOverTheTrainingBox) {
  const Network network = one_state();
  const double worst = worst_zero_bias_rate(network);
  for (double g : {6e-5, 1e-4, 4e-4, 8e-4}) {
    EXPECT_GE(std::abs(worst) * (1 + 1e-12), std::abs(zero_bias_rate(network, g)));
  }
  const double low = zero_bias_rate(network, 6e-5), high = zero_bias_rate(network, 8e-4);
  EXPECT_NEAR(worst / (std::abs(low) > std::abs(high) ? low : high), 1, 1e-12);
  // At either end of what the device can hold; the sign says where the conductance goes.
  for (const auto& [from, to] : {std::pair{6e-5, 1e-4}, {4e-4, 8e-4}}) {
    Network part = network;
    part.box.conductance_min = from;
    part.box.conductance_max = to;
    const double a = zero_bias_rate(network, from), b = zero_bias_rate(network, to);
    EXPECT_NEAR(worst_zero_bias_rate(part) / (std::abs(a) > std::abs(b) ? a : b), 1, 1e-12);
  }
  EXPECT_LT(low * high, 0) << "both signs were tried";
  EXPECT_EQ(worst_zero_bias_rate(testing::static_curve()), 0.0);
}

// By hand: lambda = softplus(-f~)/dt0 with a forget gate that sees nothing.
TEST(ZeroBiasTimeConstants, OfConstantRatesAreThoseOfTheForgetGate) {
  const StudentShape shape{.states = 2, .rates = 2, .features = 1, .liquid = false};
  Network network = fit::build_compact_student(shape, {.step = 1e-6}, "two_rates");
  testing::block(network, "readout.weight")[0] = 1;
  testing::block(network, "forget_gate.bias")[0] = 3;
  testing::block(network, "forget_gate.bias")[1] = -2;
  const std::vector<double> tau = zero_bias_time_constants(network, 1.0);
  ASSERT_EQ(tau.size(), 2U);
  EXPECT_NEAR(tau[0], 1e-6 / std::log1p(std::exp(-3.0)), 1e-18);
  EXPECT_NEAR(tau[1], 1e-6 / std::log1p(std::exp(2.0)), 1e-18);
}

}  // namespace
}  // namespace psi_xlstm::ir
