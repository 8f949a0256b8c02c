#include "cosimulation/reference.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <numbers>
#include <string>
#include <vector>

#include "psi_xlstm/core/error.hpp"

namespace psi_xlstm {
namespace {

constexpr double kRate = 2e5;  // [1/s]

/// dc/dt = rate (v - c), I = (1 + c) v / 1 kOhm.
StateEquation relaxation() {
  return {.states = 1,
          .derivative = [](double v, const double* c, double* rate) { *rate = kRate * (v - *c); },
          .current = [](double v, const double* c) { return (1 + *c) * v * 1e-3; }};
}

/// A gated relaxation of two states with rates that depend on bias and state.
StateEquation gated() {
  return {.states = 2,
          .derivative =
              [](double v, const double* c, double* rate) {
                const double gate = 1e6 * std::log1p(std::exp(3 * v + c[1] - 2));
                rate[0] = gate * (std::tanh(2 * v + 0.3 * c[1]) - c[0]);
                rate[1] = 3e4 * (std::tanh(v - c[0]) - c[1]);
              },
          .current = [](double v, const double* c) { return 2e-4 * v * std::exp(1.5 * c[0]); }};
}

Stimulus pulses() {
  return {{PulseTerm{.low = -0.5,
                     .high = 1,
                     .delay = 1e-6,
                     .rise = 1e-8,
                     .fall = 2e-8,
                     .width = 3e-6,
                     .period = 7e-6},
           DecayingJumpTerm{.amplitude = 0.4, .start = 11e-6, .decay_rate = 1e5}}};
}

std::vector<double> times_until(double stop, int count) {
  std::vector<double> times;
  for (int k = 0; k <= count; ++k) times.push_back(stop * k / count);
  return times;
}

/// Classic Runge-Kutta with `steps` steps between two neighbours of `times`, and a step that ends
/// at every breakpoint; the current through the device at `times`.
std::vector<double> runge_kutta(const StateEquation& device,
                                const Stimulus& stimulus,
                                double resistance,
                                std::vector<double> c,
                                const std::vector<double>& times,
                                int steps) {
  std::vector<double> walls = stimulus.breakpoints(times.back());
  walls.insert(walls.end(), times.begin(), times.end());
  std::sort(walls.begin(), walls.end());
  walls.erase(std::unique(walls.begin(), walls.end()), walls.end());
  const auto voltage = [&](double t, const std::vector<double>& state) {
    return solve_device_voltage([&](double v) { return device.current(v, state.data()); },
                                resistance, stimulus.value(t));
  };
  const auto slope = [&](double t, const std::vector<double>& state) {
    std::vector<double> rate(state.size());
    device.derivative(voltage(t, state), state.data(), rate.data());
    return rate;
  };
  const auto moved = [](const std::vector<double>& from, const std::vector<double>& k, double h) {
    auto to = from;
    for (std::size_t i = 0; i < to.size(); ++i) to[i] += h * k[i];
    return to;
  };
  std::vector<double> currents;
  double t = 0;
  for (const double wall : walls) {
    const double h = (wall - t) / steps;
    for (int n = 0; n < steps && h > 0; ++n) {
      const double now = t + n * h;
      const auto k1 = slope(now, c);
      const auto k2 = slope(now + h / 2, moved(c, k1, h / 2));
      const auto k3 = slope(now + h / 2, moved(c, k2, h / 2));
      const auto k4 = slope(now + h, moved(c, k3, h));
      for (std::size_t i = 0; i < c.size(); ++i) {
        c[i] += h / 6 * (k1[i] + 2 * k2[i] + 2 * k3[i] + k4[i]);
      }
    }
    t = wall;
    if (std::find(times.begin(), times.end(), wall) != times.end()) {
      currents.push_back(device.current(voltage(t, c), c.data()));
    }
  }
  return currents;
}

/// Largest difference of two currents over the largest of them.
double relative_difference(const std::vector<double>& a, const std::vector<double>& b) {
  EXPECT_EQ(a.size(), b.size());
  double difference = 0, scale = 0;
  for (std::size_t k = 0; k < a.size(); ++k) {
    difference = std::max(difference, std::abs(a[k] - b[k]));
    scale = std::max(scale, std::abs(b[k]));
  }
  return difference / scale;
}

// c' = a (sin wt - c), c(0) = 0.5:  c = (a^2 sin wt - a w cos wt) / (a^2 + w^2) + C exp(-a t).
TEST(IntegrateReference, LinearRelaxationFollowsItsClosedForm) {
  const double w = 2 * std::numbers::pi * 50e3, a = kRate;
  const auto times = times_until(100e-6, 1000);
  const auto result = integrate_reference(
      relaxation(), {{SineTerm{.amplitude = 1, .frequency = 50e3}}}, 0, {0.5}, times, {});
  ASSERT_TRUE(result.usable()) << result.reason;
  double largest = 0;
  for (std::size_t k = 0; k < times.size(); ++k) {
    const double t = times[k], s = std::sin(w * t);
    const double start = 0.5 + a * w / (a * a + w * w);
    const double c =
        (a * a * s - a * w * std::cos(w * t)) / (a * a + w * w) + start * std::exp(-a * t);
    largest = std::max(largest, std::abs(result.states[k][0] - c));
    EXPECT_NEAR(result.current[k], (1 + c) * s * 1e-3, 1e-12);
  }
  EXPECT_LT(largest, 1e-9);
}

TEST(IntegrateReference, AgreesWithFineRungeKuttaStepsAcrossBreakpoints) {
  const auto times = times_until(30e-6, 150);
  for (const double resistance : {0.0, 1e3}) {
    const auto fine = runge_kutta(gated(), pulses(), resistance, {0.1, -0.2}, times, 200);
    const auto half = runge_kutta(gated(), pulses(), resistance, {0.1, -0.2}, times, 100);
    ASSERT_LT(relative_difference(half, fine), 1e-11);
    const auto result = integrate_reference(gated(), pulses(), resistance, {0.1, -0.2}, times, {});
    ASSERT_TRUE(result.usable()) << result.reason;
    EXPECT_LT(relative_difference(result.current, fine), 1e-9);
  }
}

TEST(IntegrateReference, ErrorFallsWithTheTolerance) {
  const auto times = times_until(30e-6, 150);
  const auto fine = runge_kutta(gated(), pulses(), 1e3, {0.1, -0.2}, times, 200);
  for (const bool stiff : {false, true}) {
    double previous = 1e-6;
    for (const double tolerance : {1e-8, 1e-10, 1e-12}) {
      const auto result = integrate_reference(
          gated(), pulses(), 1e3, {0.1, -0.2}, times,
          {.relative_tolerance = tolerance, .absolute_tolerance = tolerance / 100, .stiff = stiff});
      ASSERT_TRUE(result.usable()) << result.reason;
      const double error = relative_difference(result.current, fine);
      EXPECT_LT(error, previous / 5);
      previous = error;
    }
  }
}

// A pulse of 10 ns in a record of 2 ms: the state moves by 2e5 / s * 1 V * 11 ns.
TEST(IntegrateReference, DoesNotStepOverAShortPulse) {
  const Stimulus pulse{
      {PulseTerm{.high = 1, .delay = 1e-3, .rise = 1e-9, .fall = 1e-9, .width = 1e-8}}};
  const auto result =
      integrate_reference(relaxation(), pulse, 0, {0}, {0, 0.9e-3, 1e-3 + 12e-9, 2e-3}, {});
  ASSERT_TRUE(result.usable()) << result.reason;
  EXPECT_EQ(result.states[1][0], 0);
  EXPECT_NEAR(result.states[2][0], kRate * 11e-9, 1e-5);
  EXPECT_NEAR(result.states[3][0], 0, 1e-12);
}

// Rate 1e10 / s: the state follows the drive with a lag of 0.1 ns.
TEST(IntegrateReference, StiffFormulasTakeFewStepsOnAFastState) {
  const double rate = 1e10, w = 2 * std::numbers::pi * 1e4;
  const StateEquation fast{
      .states = 1,
      .derivative = [&](double v, const double* c, double* slope) { *slope = rate * (v - *c); },
      .current = [](double v, const double*) { return v; }};
  const auto times = times_until(1e-4, 100);
  const Stimulus drive{{SineTerm{.amplitude = 1, .frequency = 1e4}}};
  const auto result = integrate_reference(fast, drive, 0, {0}, times, {.stiff = true});
  ASSERT_TRUE(result.usable()) << result.reason;
  for (std::size_t k = 1; k < times.size(); ++k) {
    const double exact = std::sin(w * times[k]) - w / rate * std::cos(w * times[k]);
    EXPECT_NEAR(result.states[k][0], exact, 1e-8);
  }
  const auto adams = integrate_reference(fast, drive, 0, {0}, times, {});
  EXPECT_LT(10 * result.steps, adams.steps);
}

TEST(IntegrateReference, AStaticDeviceHasNoStates) {
  const StateEquation conductor{
      .states = 0, .derivative = {}, .current = [](double v, const double*) { return v / 3e3; }};
  const Stimulus drive{{SineTerm{.amplitude = 2, .frequency = 1e3}}};
  const auto result = integrate_reference(conductor, drive, 1e3, {}, {0, 1e-4, 1e-4}, {});
  ASSERT_TRUE(result.usable()) << result.reason;
  const double expected = 2 * std::sin(2 * std::numbers::pi * 0.1);
  EXPECT_EQ(result.voltage[0], 0);
  EXPECT_NEAR(result.voltage[1], expected * 0.75, 1e-14);
  EXPECT_NEAR(result.current[2], expected / 4e3, 1e-17);
  EXPECT_TRUE(result.states[1].empty());
}

// dc/dt = c^2 from 1 has no solution beyond t = 1.
TEST(IntegrateReference, AnExplosionIsAReason) {
  const StateEquation explosion{
      .states = 1,
      .derivative = [](double, const double* c, double* rate) { *rate = *c * *c; },
      .current = [](double v, const double*) { return v; }};
  const auto result = integrate_reference(explosion, {{ConstantTerm{}}}, 0, {1}, {0.5, 1.5, 2}, {});
  EXPECT_TRUE(result.reason.starts_with("the reference integration stopped at ")) << result.reason;
  ASSERT_EQ(result.states.size(), 1u);
  EXPECT_NEAR(result.states[0][0], 2, 1e-8);
}

TEST(IntegrateReference, RefusesInputThatDoesNotFit) {
  const Stimulus zero{{ConstantTerm{}}};
  const auto problem = [&](const StateEquation& device, double resistance,
                           const std::vector<double>& start,
                           const std::vector<double>& times) -> std::string {
    try {
      integrate_reference(device, zero, resistance, start, times, {});
    } catch (const SpiceError& e) {
      return e.what();
    }
    return "none";
  };
  EXPECT_EQ(problem(relaxation(), 0, {0, 0}, {0}),
            "reference initial state: expected 1 numbers, got 2");
  EXPECT_EQ(problem(relaxation(), -1, {0}, {0}),
            "reference series resistance: expected at least 0 Ohm, got -1");
  EXPECT_EQ(problem(relaxation(), 0, {0}, {1, 0}),
            "reference output times: expected sorted times >= 0 s, got others");
  EXPECT_EQ(problem({.states = 1, .derivative = {}, .current = {}}, 0, {0}, {0}),
            "reference device: expected a current and, with states, a derivative");
}

TEST(SolveDeviceVoltage, MeetsItsEquationForCurvedAndActiveDevices) {
  const auto diode = [](double v) { return 1e-14 * std::expm1(v / 0.0258); };
  const auto battery = [](double v) { return (v - 5) / 100; };
  const auto tunnel = [](double v) { return 1e-3 * (v * v * v - 1.5 * v * v + 0.6 * v); };
  for (const double drive : {-3.0, -1e-6, 0.0, 1e-9, 0.4, 12.0}) {
    for (const auto& current : std::vector<std::function<double(double)>>{diode, battery, tunnel}) {
      const double v = solve_device_voltage(current, 1e3, drive);
      const double slope = 1 + 1e3 * (current(v + 1e-7) - current(v - 1e-7)) / 2e-7;
      const double scale = std::max({std::abs(drive), std::abs(v), 1e-3});
      EXPECT_NEAR(v + 1e3 * current(v), drive, 1e-14 * scale * std::max(slope, 1.0)) << drive;
    }
  }
}

TEST(SolveDeviceVoltage, IsNotANumberWhereNoVoltageFits) {
  EXPECT_TRUE(std::isnan(solve_device_voltage([](double v) { return -v / 1e3; }, 1e3, 1.0)));
}

}  // namespace
}  // namespace psi_xlstm
