#include "devices/published_recipe.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <numbers>
#include <string>
#include <utility>

#include "core/rng.hpp"

namespace psi_xlstm {
namespace {

double cube(double x) { return x * x * x; }

double population_sd(const std::vector<double>& values) {
  double sum = 0;
  for (double x : values) sum += x;
  const double mean = sum / static_cast<double>(values.size());
  double squares = 0;
  for (double x : values) squares += (x - mean) * (x - mean);
  return std::sqrt(squares / static_cast<double>(values.size()));
}

// The noise-free current under `voltage`, by the explicit Euler steps of the recipe.
std::vector<double> euler_current(const PublishedDevice& device,
                                  const std::vector<double>& voltage,
                                  double w) {
  const double step = kPublishedDuration / (kPublishedSamples - 1);
  std::vector<double> current(voltage.size());
  current[0] = voltage[0] / device.resistance(w);
  for (std::size_t i = 1; i < voltage.size(); ++i) {
    w += device.rate(voltage[i - 1], w) * step;
    w = std::clamp(w, device.w_min, device.w_max);
    current[i] = voltage[i] / device.resistance(w);
  }
  return current;
}

Record published_sequence(int sequence, const std::vector<double>& time, Rng& rng) {
  const PublishedDevice device;
  const double w = device.w_min + (device.w_max - device.w_min) * rng.uniform();
  const PublishedTones tones = published_tones(sequence);
  std::vector<double> voltage;
  voltage.reserve(time.size());
  for (double t : time) voltage.push_back(published_drive(t, tones.low, tones.high));

  Record record;
  record.id = "seq" + std::to_string(sequence);
  record.time = time;
  record.clean_current = euler_current(device, voltage, w);
  record.initial_conductance = device.conductance(w);
  const double noise = kPublishedNoise * population_sd(record.clean_current);
  std::vector<double> current = record.clean_current;
  for (double& i : current) i += noise * rng.normal();
  record.voltage = {std::move(voltage)};
  record.current = {std::move(current)};
  return record;
}

// The published code draws the whole data set once and throws it away before the one it uses.
void discard_first_pass(Rng& rng) {
  for (int q = 0; q < kPublishedSequences; ++q) {
    rng.uniform();
    for (int i = 0; i < kPublishedSamples; ++i) rng.normal();
  }
}

}  // namespace

double PublishedDevice::rate(double V, double w) const {
  if (V > v_on) return std::max(0.0, k_on * (w_max - w) * cube(V / v_on - 1));
  if (V < v_off) return std::min(0.0, k_off * w * cube(V / v_off - 1));
  return 0;
}

double PublishedDevice::resistance(double w) const {
  const double x = std::clamp((w - w_min) / (w_max - w_min), 0.0, 1.0);
  return r_on * x + r_off * (1 - x);
}

double PublishedDevice::state(double g) const {
  const double x = (r_off - 1 / g) / (r_off - r_on);
  return w_min + (w_max - w_min) * std::clamp(x, 0.0, 1.0);
}

std::vector<double> published_current(const std::vector<double>& voltage, double g0) {
  const PublishedDevice device;
  return euler_current(device, voltage, device.state(g0));
}

PublishedTones published_tones(int sequence) {
  return {.low = 1000.0 + 500.0 * sequence, .high = 50e3 + 10e3 * sequence};
}

double published_drive(double t, double f_low, double f_high) {
  constexpr std::array<double, 3> kJumps = {0.2e-3, 0.5e-3, 0.8e-3};
  constexpr double kTwoPi = 2 * std::numbers::pi;
  double V = 0.5 * std::sin(kTwoPi * f_low * t) + 0.3 * std::sin(kTwoPi * f_high * t);
  for (double jump : kJumps) {
    if (t > jump) V += 0.4 * std::exp(-(t - jump) / 1e-4);
  }
  return V;
}

std::vector<double> published_times() {
  const double step = kPublishedDuration / (kPublishedSamples - 1);
  std::vector<double> time(kPublishedSamples);
  for (int i = 0; i < kPublishedSamples; ++i) time[static_cast<std::size_t>(i)] = i * step;
  time.back() = kPublishedDuration;
  return time;
}

Dataset published_dataset(const PublishedRecipeConfig& config) {
  Rng rng(static_cast<std::uint32_t>(config.seed));
  discard_first_pass(rng);
  const std::vector<double> time = published_times();
  Dataset dataset;
  for (int q = 0; q < kPublishedSequences; ++q) {
    dataset.records.push_back(published_sequence(q, time, rng));
  }
  dataset.split = {.train = {0, 1, 2, 3, 4, 5, 6}, .validation = {7}, .test = {8, 9}};
  dataset.noise = kPublishedNoise;
  dataset.source = "published recipe, seed " + std::to_string(config.seed);
  return dataset;
}

}  // namespace psi_xlstm
