#include "devices/mem3.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <numbers>
#include <string>
#include <utility>

#include "core/rng.hpp"
#include "devices/published_recipe.hpp"
#include "devices/vteam.hpp"
#include "psi_xlstm/core/error.hpp"

namespace psi_xlstm {
namespace {

constexpr double kReadTone = 0.2;      // Of the amplitude, between bursts.
constexpr double kFewestSamples = 50;  // Samples of a record.
constexpr double kMostSamples = 50e6;

// The three-point Gauss rule on [0, 1]: nodes 1/2 and 1/2 -+ sqrt(3/5)/2.
constexpr std::array<double, 3> kGaussNodes = {0.11270166537925831, 0.5, 0.8872983346207417};
constexpr std::array<double, 3> kGaussWeights = {5. / 18, 8. / 18, 5. / 18};

void check(const Mem3Config& config, const std::vector<double>& time) {
  if (config.gains.size() != config.taus.size()) {
    throw ConfigError(fmt::format("MEM3 device: expected as many gains as taus, found {} and {}",
                                  config.gains.size(), config.taus.size()));
  }
  for (double tau : config.taus) {
    if (!(tau > 0)) throw ConfigError(fmt::format("MEM3 device: expected taus > 0, found {}", tau));
  }
  if (time.empty()) {
    throw DataError("simulate_mem3: expected at least one sample time, found none");
  }
  for (std::size_t i = 1; i < time.size(); ++i) {
    if (!(time[i] > time[i - 1])) {
      throw DataError(
          fmt::format("simulate_mem3: expected times that increase, found {} s after {} s", time[i],
                      time[i - 1]));
    }
  }
}

// The factors of one state over a step h: z <- decay z + sum_j gain[j] V(t + kGaussNodes[j] h)^2.
struct StepFactors {
  double decay;
  std::array<double, 3> gain;
};

StepFactors step_factors(double tau, double h) {
  StepFactors factors{.decay = std::exp(-h / tau), .gain = {}};
  double total = 0;
  for (std::size_t j = 0; j < 3; ++j) {
    factors.gain[j] = kGaussWeights[j] * std::exp((kGaussNodes[j] - kGaussNodes[2]) * h / tau);
    total += factors.gain[j];
  }
  // Scaled so that a constant voltage is integrated exactly whatever h/tau is.
  for (double& gain : factors.gain) gain *= -std::expm1(-h / tau) / total;
  return factors;
}

std::vector<StepFactors> all_factors(const std::vector<double>& taus, double h) {
  std::vector<StepFactors> factors;
  for (double tau : taus) factors.push_back(step_factors(tau, h));
  return factors;
}

// Switching times of the bursts over one round [s]: on, off, on, ...
std::vector<double> burst_edges(double carrier) {
  std::vector<double> edges = {0};
  for (int i = 0; i < 7; ++i) {
    const double half_periods =
        std::max(1.0, std::round(1e-4 * std::pow(10, i / 3.0) * 2 * carrier));
    for (int twice = 0; twice < 2; ++twice) edges.push_back(edges.back() + half_periods);
  }
  for (double& edge : edges) edge /= 2 * carrier;
  return edges;
}

std::function<double(double)> bursts(double carrier, double amplitude) {
  const std::vector<double> edges = burst_edges(carrier);
  return [=](double t) {
    const double into_round = std::fmod(t, edges.back());
    const auto next = std::upper_bound(edges.begin(), edges.end(), into_round);
    const bool on = (next - edges.begin()) % 2 == 1;
    const double tone = std::sin(2 * std::numbers::pi * carrier * t);
    return (on ? amplitude : kReadTone * amplitude) * tone;
  };
}

std::vector<double> sample_times(const Mem3Config& config) {
  const double count = std::round(config.duration * config.sample_rate);
  if (!(count >= kFewestSamples && count <= kMostSamples)) {
    throw DataError(fmt::format(
        "mem3_dataset: expected {} to {} samples per record, found {} (a duration of {} "
        "s at {} samples per second)",
        kFewestSamples, kMostSamples, count, config.duration, config.sample_rate));
  }
  std::vector<double> time(static_cast<std::size_t>(count));
  for (std::size_t i = 0; i < time.size(); ++i) {
    time[i] = static_cast<double>(i) / config.sample_rate;
  }
  return time;
}

}  // namespace

std::function<double(double)> mem3_drive(const Mem3Config& config) {
  const double amplitude = config.amplitude;
  if (config.waveform == Mem3Waveform::kBursts && config.sample_rate < 4 * config.carrier) {
    throw ConfigError(
        fmt::format("mem3: expected at least 4 samples in a period of the carrier of {} Hz, found "
                    "{} per second",
                    config.carrier, config.sample_rate));
  }
  if (config.waveform == Mem3Waveform::kBursts) return bursts(config.carrier, amplitude);
  if (config.waveform == Mem3Waveform::kStep) return [=](double) { return amplitude; };
  const PublishedTones tones = published_tones(0);
  return [=](double t) { return amplitude * published_drive(t, tones.low, tones.high); };
}

Record simulate_mem3(const Mem3Config& config,
                     const std::vector<double>& time,
                     const std::function<double(double)>& voltage) {
  check(config, time);
  Record record;
  record.time = time;
  record.initial_conductance = config.g0;
  record.voltage.resize(1);
  std::vector<double> z(config.taus.size(), 0.0);
  std::vector<StepFactors> factors;
  double factors_step = 0;
  for (std::size_t i = 0; i < time.size(); ++i) {
    if (i > 0) {
      const double h = time[i] - time[i - 1];
      // Steps that differ by rounding only share their factors.
      if (!(std::abs(h - factors_step) <= 1e-9 * h)) {
        factors = all_factors(config.taus, h);
        factors_step = h;
      }
      for (std::size_t k = 0; k < z.size(); ++k) z[k] *= factors[k].decay;
      for (std::size_t j = 0; j < 3; ++j) {
        const double V = voltage(time[i - 1] + kGaussNodes[j] * h);
        for (std::size_t k = 0; k < z.size(); ++k) z[k] += factors[k].gain[j] * V * V;
      }
    }
    double conductance = config.g0;
    for (std::size_t k = 0; k < z.size(); ++k) conductance += config.gains[k] * z[k];
    const double V = voltage(time[i]);
    record.voltage[0].push_back(V);
    record.clean_current.push_back(V * conductance);
  }
  record.current = {record.clean_current};
  return record;
}

Record mem3_record(const Mem3Config& config, const std::function<double(double)>& voltage) {
  Record record = simulate_mem3(config, sample_times(config), voltage);
  record.id = name_of(config.waveform) + "_train";
  Rng rng(static_cast<std::uint32_t>(config.seed));
  if (config.noise > 0) add_noise(record, config.noise, rng);
  return record;
}

Dataset mem3_dataset(const Mem3Config& config) {
  struct Part {
    const char* name;
    double amplitude;  // Of the configured one.
    bool noisy;
  };
  constexpr std::array<Part, 3> kParts = {
      {{"train", 1.0, true}, {"validation", 0.8, true}, {"test", 0.9, false}}};
  const std::vector<double> time = sample_times(config);
  Rng rng(static_cast<std::uint32_t>(config.seed));
  Dataset dataset;
  for (const Part& part : kParts) {
    Mem3Config drive = config;
    drive.amplitude *= part.amplitude;
    Record record = simulate_mem3(config, time, mem3_drive(drive));
    record.id = fmt::format("{}_{}", name_of(config.waveform), part.name);
    if (part.noisy && config.noise > 0) add_noise(record, config.noise, rng);
    dataset.records.push_back(std::move(record));
  }
  dataset.split = {.train = {0}, .validation = {1}, .test = {2}};
  dataset.noise = config.noise;
  dataset.source = fmt::format("MEM3 device, {}, seed {}", name_of(config.waveform), config.seed);
  return dataset;
}

}  // namespace psi_xlstm
