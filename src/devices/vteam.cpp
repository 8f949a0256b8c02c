#include "devices/vteam.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <limits>
#include <string>

#include "psi_xlstm/core/error.hpp"

namespace psi_xlstm {
namespace {

// Relative error of the current that one integration step may make.
constexpr double kStepTolerance = 1e-11;
constexpr int kMostSteps = 1000000;

// The Dormand-Prince 5(4) pair: J. R. Dormand and P. J. Prince, J. Comput. Appl. Math. 6 (1980).
constexpr int kStages = 7;
constexpr std::array<double, kStages> kNodes = {0, 1. / 5, 3. / 10, 4. / 5, 8. / 9, 1, 1};
constexpr double kWeights[kStages][kStages - 1] = {
    {},
    {1. / 5},
    {3. / 40, 9. / 40},
    {44. / 45, -56. / 15, 32. / 9},
    {19372. / 6561, -25360. / 2187, 64448. / 6561, -212. / 729},
    {9017. / 3168, -355. / 33, 46732. / 5247, 49. / 176, -5103. / 18656},
    {35. / 384, 0, 500. / 1113, 125. / 192, -2187. / 6784, 11. / 84}};
constexpr std::array<double, kStages> kErrorWeights = {
    71. / 57600, 0, -71. / 16695, 71. / 1920, -17253. / 339200, 22. / 525, -1. / 40};

struct Trial {
  double u;      // State after the step.
  double error;  // Its estimated error.
};

struct Drive {
  const VteamDevice& device;
  const std::function<double(double)>& voltage;
};

Trial try_step(const Drive& drive, double t, double u, double h) {
  std::array<double, kStages> slope{};
  double next = u;
  for (std::size_t stage = 0; stage < kStages; ++stage) {
    double sum = 0;
    for (std::size_t j = 0; j < stage; ++j) sum += kWeights[stage][j] * slope[j];
    next = u + h * sum;  // the last stage is the step of fifth order
    slope[stage] = drive.device.rate(drive.voltage(t + kNodes[stage] * h), next);
  }
  double error = 0;
  for (std::size_t stage = 0; stage < kStages; ++stage)
    error += kErrorWeights[stage] * slope[stage];
  return {.u = next, .error = h * error};
}

// The state at t1, from the state u at t0. `h` is the first step to try and becomes the next one.
double advance(const Drive& drive, double t0, double t1, double u, double& h) {
  const double smallest =
      8 * std::numeric_limits<double>::epsilon() * std::max(std::abs(t0), std::abs(t1));
  double t = t0;
  for (int steps = 0; t < t1; ++steps) {
    if (steps == kMostSteps) {
      throw DataError(
          fmt::format("simulate_vteam: expected at most {} integration steps from one sample to "
                      "the next, found more between {} s and {} s",
                      kMostSteps, t0, t1));
    }
    const bool last = h >= t1 - t;
    const double step = last ? t1 - t : h;
    const Trial trial = try_step(drive, t, u, step);
    // What an error of the state does to the current: the slope of ln G, by a small difference.
    constexpr double kNudge = 1e-6;
    const double below = drive.device.conductance(std::max(u - kNudge, 0.0));
    const double above = drive.device.conductance(std::min(u + kNudge, 1.0));
    const double sensitivity = std::abs(std::log(above / below)) / kNudge;
    const double error = std::max(sensitivity, 1.0) * std::abs(trial.error) / kStepTolerance;
    const double wanted = step * std::clamp(0.9 * std::pow(error + 1e-10, -0.2), 0.2, 5.0);
    if (error <= 1 || step <= smallest) {
      t = last ? t1 : t + step;
      u = std::clamp(trial.u, 0.0, 1.0);
      h = last ? std::max(h, wanted) : wanted;
    } else {
      h = std::max(wanted, smallest);
    }
  }
  return u;
}

void check_times(const std::vector<double>& time) {
  if (time.empty()) {
    throw DataError("simulate_vteam: expected at least one sample time, found none");
  }
  for (std::size_t i = 1; i < time.size(); ++i) {
    if (!(time[i] > time[i - 1])) {
      throw DataError(
          fmt::format("simulate_vteam: expected times that increase, found {} s after {} s",
                      time[i], time[i - 1]));
    }
  }
}

void require(bool holds, const char* rule, double found) {
  if (!holds) throw ConfigError(fmt::format("VTEAM device: expected {}, found {}", rule, found));
}

}  // namespace

VteamParameters vteam_memtorch() {
  return {.v_on = -0.2,
          .v_off = 0.02,
          .k_on = -10,
          .k_off = 5e-4,
          .alpha_on = 3,
          .alpha_off = 1,
          .r_on = 50,
          .r_off = 1000,
          .window = VteamWindow::kNone};
}

VteamParameters vteam_knowm() {
  return {.v_on = -0.12,
          .v_off = 0.18,
          .k_on = -18,
          .k_off = 134,
          .alpha_on = 3,
          .alpha_off = 1.2,
          .r_on = 30e3,
          .r_off = 150e3,
          .w_on = 0,
          .w_off = 1,
          .window = VteamWindow::kNone};
}

VteamParameters vteam_vt100k() { return {}; }

VteamParameters vteam_asymmetric() {
  return {.v_on = -0.5,
          .v_off = 0.3,
          .k_on = -1.422e-3,
          .k_off = 1.869e-4,
          .alpha_on = 3,
          .alpha_off = 2,
          .conduction = VteamConduction::kExponential};
}

VteamDevice::VteamDevice(const VteamParameters& parameters) : p_(parameters) {
  require(p_.v_on < 0, "v_on < 0", p_.v_on);
  require(p_.v_off > 0, "v_off > 0", p_.v_off);
  require(p_.k_on <= 0, "k_on <= 0", p_.k_on);
  require(p_.k_off >= 0, "k_off >= 0", p_.k_off);
  require(p_.alpha_on > 0, "alpha_on > 0", p_.alpha_on);
  require(p_.alpha_off > 0, "alpha_off > 0", p_.alpha_off);
  require(p_.r_on > 0, "r_on > 0", p_.r_on);
  require(p_.r_off > 0, "r_off > 0", p_.r_off);
  require(p_.w_off > p_.w_on, "w_off above w_on", p_.w_off);
  require(p_.window_power >= 1, "window_power >= 1", p_.window_power);
  require(p_.window_width > 0, "window_width > 0", p_.window_width);
}

double VteamDevice::window(double u, bool up) const {
  switch (p_.window) {
    case VteamWindow::kJoglekar:
      return 1 - std::pow(std::abs(2 * u - 1), 2 * p_.window_power);
    case VteamWindow::kBiolek:
      return 1 - std::pow(up ? u : 1 - u, 2 * p_.window_power);
    case VteamWindow::kProdromakis:
      return p_.window_scale * (1 - std::pow((u - 0.5) * (u - 0.5) + 0.75, p_.window_power));
    case VteamWindow::kKvatinsky: {
      const double w = p_.w_on + u * (p_.w_off - p_.w_on);
      const double distance = up ? w - p_.window_a_off : p_.window_a_on - w;
      return std::exp(-std::exp(distance / p_.window_width));
    }
    case VteamWindow::kNone:
      break;
  }
  return 1;
}

double VteamDevice::rate(double V, double u) const {
  const double width = p_.w_off - p_.w_on;
  if (V > p_.v_off) {
    if (u >= 1) return 0;
    const double speed = p_.k_off * std::pow(V / p_.v_off - 1, p_.alpha_off);
    return speed / width * window(std::max(u, 0.0), true);
  }
  if (V < p_.v_on) {
    if (u <= 0) return 0;
    const double speed = p_.k_on * std::pow(V / p_.v_on - 1, p_.alpha_on);
    return speed / width * window(std::min(u, 1.0), false);
  }
  return 0;
}

double VteamDevice::conductance(double u) const {
  const double x = std::clamp(u, 0.0, 1.0);
  if (p_.conduction == VteamConduction::kExponential)
    return std::pow(p_.r_off / p_.r_on, -x) / p_.r_on;
  return 1 / (p_.r_on + (p_.r_off - p_.r_on) * x);
}

Record simulate_vteam(const VteamParameters& parameters,
                      const std::vector<double>& time,
                      const std::function<double(double)>& voltage,
                      double initial_state) {
  check_times(time);
  if (!(initial_state >= 0 && initial_state <= 1)) {
    throw DataError(fmt::format("simulate_vteam: expected an initial state in [0, 1], found {}",
                                initial_state));
  }
  const VteamDevice device(parameters);
  const Drive drive{.device = device, .voltage = voltage};
  Record record;
  record.time = time;
  record.voltage.resize(1);
  record.initial_conductance = device.conductance(initial_state);
  double u = initial_state;
  double h = time.back() - time.front();
  for (std::size_t i = 0; i < time.size(); ++i) {
    if (i > 0) {
      h = std::min(h, time[i] - time[i - 1]);
      u = advance(drive, time[i - 1], time[i], u, h);
    }
    const double V = voltage(time[i]);
    record.voltage[0].push_back(V);
    record.clean_current.push_back(V * device.conductance(u));
  }
  record.current = {record.clean_current};
  return record;
}

void add_noise(Record& record, double fraction, Rng& rng) {
  if (record.clean_current.empty()) {
    throw DataError("add_noise: expected a record with a clean current, found none");
  }
  const auto count = static_cast<double>(record.clean_current.size());
  double mean = 0;
  for (double i : record.clean_current) mean += i / count;
  double variance = 0;
  for (double i : record.clean_current) variance += (i - mean) * (i - mean) / count;
  const double sd = fraction * std::sqrt(variance);
  for (double& i : record.current.at(0)) i += sd * rng.normal();
}

}  // namespace psi_xlstm
