#include "devices/vteam.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <functional>
#include <numbers>
#include <string>
#include <vector>

#include "psi_xlstm/core/error.hpp"
#include "support/message_of.hpp"
#include "support/uniform_times.hpp"

namespace psi_xlstm {
namespace {

using Voltage = std::function<double(double)>;

Voltage sine(double frequency, double amplitude) {
  return [=](double t) { return amplitude * std::sin(2 * std::numbers::pi * frequency * t); };
}

// The current by classical RK4 with `steps` equal steps per sample, as a second opinion.
std::vector<double> rk4_current(const VteamParameters& parameters,
                                const std::vector<double>& time,
                                const Voltage& voltage,
                                double u,
                                int steps) {
  const VteamDevice device(parameters);
  const auto slope = [&](double t, double x) { return device.rate(voltage(t), x); };
  std::vector<double> current = {voltage(time[0]) * device.conductance(u)};
  for (std::size_t i = 1; i < time.size(); ++i) {
    const double h = (time[i] - time[i - 1]) / steps;
    for (int k = 0; k < steps; ++k) {
      const double t = time[i - 1] + k * h;
      const double k1 = slope(t, u), k2 = slope(t + h / 2, u + h / 2 * k1);
      const double k3 = slope(t + h / 2, u + h / 2 * k2), k4 = slope(t + h, u + h * k3);
      u = std::clamp(u + h / 6 * (k1 + 2 * k2 + 2 * k3 + k4), 0.0, 1.0);
    }
    current.push_back(voltage(time[i]) * device.conductance(u));
  }
  return current;
}

double largest_relative_error(const std::vector<double>& actual, const std::vector<double>& truth) {
  double worst = 0;
  for (std::size_t i = 0; i < truth.size(); ++i) {
    if (truth[i] != 0) worst = std::max(worst, std::abs(actual[i] / truth[i] - 1));
  }
  return worst;
}

VteamParameters with_window(VteamWindow name) {
  VteamParameters parameters = vteam_vt100k();
  parameters.window = name;
  return parameters;
}

// The last of 30 periods of a 1 V sine: swing of the relative state, area of both lobes over the
// largest current times 1 V.
struct Loop {
  double swing, area;
};

Loop settled_loop(const VteamParameters& parameters, double frequency) {
  const int per_period = 1000, periods = 30;
  const auto time = testing::uniform_times(per_period * periods + 1, 1 / (frequency * per_period));
  const Record record = simulate_vteam(parameters, time, sine(frequency, 1), 0.5);
  const auto& V = record.voltage[0];
  const auto& I = record.current[0];
  double lowest = 1, highest = 0, largest = 0;
  double half_area[2] = {0, 0};
  for (int i = 0; i < per_period; ++i) {
    const auto k = static_cast<std::size_t>(per_period * (periods - 1) + i);
    largest = std::max(largest, std::abs(I[k]));
    half_area[i / (per_period / 2)] += (I[k] + I[k + 1]) / 2 * (V[k + 1] - V[k]);
    if (std::abs(V[k]) < 1e-3) continue;
    const double u = (V[k] / I[k] - parameters.r_on) / (parameters.r_off - parameters.r_on);
    lowest = std::min(lowest, u);
    highest = std::max(highest, u);
  }
  return {highest - lowest, (std::abs(half_area[0]) + std::abs(half_area[1])) / largest};
}

TEST(VteamDevice, HasTheEquationsOfThePaper) {
  const VteamDevice none(with_window(VteamWindow::kNone));
  const double k = 1.869e-4 / 3e-9;  // [1/s]
  EXPECT_DOUBLE_EQ(none.rate(0.6, 0.3), 2 * k);
  EXPECT_DOUBLE_EQ(none.rate(-0.8, 0.3), -3 * k);
  EXPECT_DOUBLE_EQ(none.conductance(0.5), 1 / 10.5e3);
  const VteamDevice exponential(vteam_asymmetric());
  EXPECT_DOUBLE_EQ(exponential.conductance(0), 1e-3);
  EXPECT_DOUBLE_EQ(exponential.conductance(1), 1 / 20e3);
  EXPECT_DOUBLE_EQ(exponential.conductance(0.5), 1 / std::sqrt(20e6));
}

// By hand at u = 1/4, p = 2 and V/v - 1 = 1; (u - 1/2)^2 + 3/4 = 13/16.
TEST(VteamDevice, HasTheFourWindowsOfTheLiterature) {
  const double k = 1.869e-4 / 3e-9;
  const VteamDevice joglekar(with_window(VteamWindow::kJoglekar)),
      biolek(with_window(VteamWindow::kBiolek));
  const VteamDevice prodromakis(with_window(VteamWindow::kProdromakis)),
      kvatinsky(with_window(VteamWindow::kKvatinsky));
  EXPECT_DOUBLE_EQ(joglekar.rate(0.4, 0.25), k * (1 - 1.0 / 16));
  EXPECT_DOUBLE_EQ(biolek.rate(0.4, 0.25), k * (1 - 1.0 / 256));
  EXPECT_DOUBLE_EQ(biolek.rate(-0.4, 0.25), -k * (1 - 81.0 / 256));
  EXPECT_DOUBLE_EQ(prodromakis.rate(0.4, 0.25), k * (1 - 169.0 / 256));
  const double below = (0.75e-9 - 2.7e-9) / 107e-12, above = (0.3e-9 - 0.75e-9) / 107e-12;
  EXPECT_DOUBLE_EQ(kvatinsky.rate(0.4, 0.25), k * std::exp(-std::exp(below)));
  EXPECT_NEAR(kvatinsky.rate(-0.4, 0.25), -k * std::exp(-std::exp(above)), 1e-9 * k);
}

TEST(VteamDevice, StopsAtItsBoundsAndLeavesThemAgain) {
  const VteamDevice device(with_window(VteamWindow::kNone));
  EXPECT_EQ(device.rate(1, 1), 0);
  EXPECT_EQ(device.rate(-1, 0), 0);
  EXPECT_LT(device.rate(-1, 1), 0);
  EXPECT_GT(device.rate(1, 0), 0);
}

TEST(VteamDevice, RefusesUnusableParameters) {
  const auto refusal = [](const VteamParameters& parameters) {
    return testing::message_of<ConfigError>([&] { VteamDevice device(parameters); });
  };
  EXPECT_EQ(refusal({.v_on = 0.1}), "VTEAM device: expected v_on < 0, found 0.1");
  EXPECT_EQ(refusal({.k_on = 1}), "VTEAM device: expected k_on <= 0, found 1");
  EXPECT_EQ(refusal({.w_on = 4e-9}), "VTEAM device: expected w_off above w_on, found 3e-09");
}

TEST(SimulateVteam, GivesNoCurrentWithoutVoltage) {
  const auto jump = [](double t) { return t < 1e-6 ? 1.0 : 0.0; };
  const Record record =
      simulate_vteam(vteam_vt100k(), testing::uniform_times(100, 50e-9), jump, 0.5);
  EXPECT_GT(record.current[0][19], 0);
  for (std::size_t i = 20; i < 100; ++i) EXPECT_EQ(record.current[0][i], 0);
}

TEST(SimulateVteam, DoesNotMoveBetweenTheThresholds) {
  const Record record =
      simulate_vteam(vteam_vt100k(), testing::uniform_times(1000, 50e-9), sine(1e5, 0.2), 0.37);
  const double conductance = VteamDevice(vteam_vt100k()).conductance(0.37);
  EXPECT_EQ(*record.initial_conductance, conductance);
  for (std::size_t i = 0; i < 1000; ++i) {
    EXPECT_EQ(record.current[0][i], record.voltage[0][i] * conductance);
  }
}

// Without a window du/dt is constant at constant voltage: u(t) = u0 + k (V/v_off - 1)^alpha t.
TEST(SimulateVteam, TakesTheAnalyticTimeAtConstantVoltage) {
  const VteamParameters parameters = with_window(VteamWindow::kNone);
  const double rate = 1.869e-4 / 3e-9 * (0.5 / 0.2 - 1);
  const auto time = testing::uniform_times(20, 1e-6);
  const Record record = simulate_vteam(
      parameters, time, [](double) { return 0.5; }, 0.1);
  for (std::size_t i = 0; i < time.size(); ++i) {
    const double u = std::min(1.0, 0.1 + rate * time[i]);
    EXPECT_NEAR(record.current[0][i] * (1e3 + 19e3 * u) / 0.5, 1, 1e-9);
  }
  EXPECT_GT(0.1 + rate * time.back(), 1);
}

TEST(SimulateVteam, ScalesWithFrequency) {
  VteamParameters fast = vteam_vt100k();
  fast.k_on *= 8;
  fast.k_off *= 8;
  const Record slow =
      simulate_vteam(vteam_vt100k(), testing::uniform_times(600, 64e-9), sine(1e5, 1), 0.4);
  const Record quick = simulate_vteam(fast, testing::uniform_times(600, 8e-9), sine(8e5, 1), 0.4);
  for (std::size_t i = 0; i < 600; ++i) {
    EXPECT_NEAR(quick.current[0][i], slow.current[0][i], 1e-12);
  }
}

TEST(SimulateVteam, HasTheLoopsOfTheVt100kSet) {
  const double frequencies[] = {50e3, 100e3, 150e3, 300e3};
  const double swings[] = {0.94, 0.61, 0.42, 0.22};
  const double areas[] = {0.90, 0.76, 0.55, 0.28};
  for (int i = 0; i < 4; ++i) {
    const Loop loop = settled_loop(vteam_vt100k(), frequencies[i]);
    EXPECT_NEAR(loop.swing, swings[i], 0.005) << frequencies[i];
    EXPECT_NEAR(loop.area, areas[i], 0.005) << frequencies[i];
  }
}

TEST(SimulateVteam, HasTheLoopsOfTheAsymmetricSet) {
  EXPECT_NEAR(settled_loop(vteam_asymmetric(), 50e3).area, 0.92, 0.005);
  EXPECT_NEAR(settled_loop(vteam_asymmetric(), 100e3).area, 0.89, 0.005);
  EXPECT_NEAR(settled_loop(vteam_asymmetric(), 150e3).area, 0.75, 0.005);
}

TEST(SimulateVteam, HasALobeAreaInverseToHighFrequency) {
  const double area = settled_loop(vteam_vt100k(), 1e6).area;
  EXPECT_NEAR(settled_loop(vteam_vt100k(), 2e6).area / area, 0.5, 0.02);
}

TEST(SimulateVteam, IsPassive) {
  const Record record =
      simulate_vteam(vteam_asymmetric(), testing::uniform_times(2000, 50e-9), sine(70e3, 1.2), 0);
  for (std::size_t i = 0; i < record.size(); ++i) {
    EXPECT_GE(record.voltage[0][i] * record.current[0][i], 0);
  }
}

class SimulateVteamWindow : public ::testing::TestWithParam<VteamWindow> {};

TEST_P(SimulateVteamWindow, AgreesWithAMuchFinerIntegration) {
  for (VteamConduction conduction : {VteamConduction::kLinear, VteamConduction::kExponential}) {
    VteamParameters parameters = with_window(GetParam());
    parameters.conduction = conduction;
    const auto time = testing::uniform_times(600, 50e-9);
    const Record record = simulate_vteam(parameters, time, sine(1e5, 1.1), 0.35);
    const auto truth = rk4_current(parameters, time, sine(1e5, 1.1), 0.35, 1000);
    EXPECT_LE(largest_relative_error(record.current[0], truth), 1e-6) << name_of(conduction);
  }
}

INSTANTIATE_TEST_SUITE_P(All,
                         SimulateVteamWindow,
                         ::testing::Values(VteamWindow::kNone,
                                           VteamWindow::kJoglekar,
                                           VteamWindow::kBiolek,
                                           VteamWindow::kProdromakis,
                                           VteamWindow::kKvatinsky));

// With 0.5 V for a length d, u moves by k 1.5 d, wherever between two samples the pulse begins.
TEST(SimulateVteam, IntegratesJumpsBetweenSamplesExactly) {
  const auto pulse = [](double t) { return t > 1.012e-6 && t < 3.447e-6 ? 0.5 : 0.1; };
  const Record record = simulate_vteam(with_window(VteamWindow::kNone),
                                       testing::uniform_times(100, 50e-9), pulse, 0.2);
  const double u = 0.2 + 1.869e-4 / 3e-9 * 1.5 * (3.447e-6 - 1.012e-6);
  EXPECT_NEAR(record.current[0][99] * (1e3 + 19e3 * u) / 0.1, 1, 1e-9);
}

// By hand: at 1 V the way to r_off takes 3 nm / (5e-4 m/s * 49) = 122.4 ns; at -1 V the way back
// 3 nm / (10 m/s * 64) = 4.7 ps.
TEST(SimulateVteam, SwitchesTheMemtorchSetInItsTime) {
  const auto drive = [](double t) { return t < 140e-9 ? 1.0 : -1.0; };
  const std::vector<double> time = {0, 120e-9, 125e-9, 140.004e-9, 140.005e-9};
  const Record record = simulate_vteam(vteam_memtorch(), time, drive, 0);
  EXPECT_NEAR(record.current[0][1], 1 / (50 + 950 * 0.98), 1e-9);
  EXPECT_DOUBLE_EQ(record.current[0][2], 1.0 / 1000);
  EXPECT_GT(record.current[0][3], -1.0 / 50);
  EXPECT_DOUBLE_EQ(record.current[0][4], -1.0 / 50);
}

TEST(SimulateVteam, RunsTheKnowmSetAtLowFrequency) {
  const auto time = testing::uniform_times(400, 1e-4);
  const Record record = simulate_vteam(vteam_knowm(), time, sine(100, 0.5), 0.5);
  const auto truth = rk4_current(vteam_knowm(), time, sine(100, 0.5), 0.5, 1000);
  EXPECT_LE(largest_relative_error(record.current[0], truth), 1e-6);
}

TEST(SimulateVteam, RefusesWrongInput) {
  const auto flat = [](double) { return 0.0; };
  const auto refusal = [&](const std::vector<double>& time, double state) {
    return testing::message_of<DataError>(
        [&] { simulate_vteam(vteam_vt100k(), time, flat, state); });
  };
  EXPECT_EQ(refusal({}, 0.5), "simulate_vteam: expected at least one sample time, found none");
  EXPECT_EQ(refusal({0, 2, 2}, 0.5),
            "simulate_vteam: expected times that increase, found 2 s after 2 s");
  EXPECT_EQ(refusal({0, 1}, 1.5), "simulate_vteam: expected an initial state in [0, 1], found 1.5");
}

TEST(SimulateVteam, GivesUpOnADriveFarFasterThanTheSamples) {
  EXPECT_EQ(testing::message_of<DataError>([] {
              simulate_vteam(vteam_vt100k(), {0, 0.01}, sine(1e9, 1), 0.5);
            }),
            "simulate_vteam: expected at most 1000000 integration steps from one sample to the "
            "next, found more between 0 s and 0.01 s");
}

TEST(AddNoise, HasTheAskedStandardDeviation) {
  Record record =
      simulate_vteam(vteam_vt100k(), testing::uniform_times(40000, 50e-9), sine(1e5, 1), 0.5);
  double mean = 0, variance = 0, noise = 0;
  for (double i : record.clean_current) mean += i / 40000;
  for (double i : record.clean_current) variance += (i - mean) * (i - mean) / 40000;
  Rng rng(3);
  add_noise(record, 0.03, rng);
  for (std::size_t i = 0; i < 40000; ++i) {
    const double difference = record.current[0][i] - record.clean_current[i];
    noise += difference * difference / 40000;
  }
  EXPECT_NEAR(std::sqrt(noise / variance), 0.03, 4 * 0.03 / std::sqrt(2 * 40000.0));
}

TEST(AddNoise, NeedsACleanCurrent) {
  Rng rng(1);
  Record record;
  EXPECT_EQ(testing::message_of<DataError>([&] { add_noise(record, 0.03, rng); }),
            "add_noise: expected a record with a clean current, found none");
}

}  // namespace
}  // namespace psi_xlstm
