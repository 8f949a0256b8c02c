#include "devices/vt100k.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <numbers>
#include <string>
#include <utility>
#include <vector>

#include "core/rng.hpp"
#include "devices/vteam.hpp"
#include "psi_xlstm/core/error.hpp"

namespace psi_xlstm {
namespace {

constexpr double kTwoPi = 2 * std::numbers::pi;
constexpr double kPeak = 1.1;    // Of the multisines [V].
constexpr double kEdge = 50e-9;  // Rise and fall of a pulse [s].
constexpr double kFewest = 50;   // Samples of a record.
constexpr double kMost = 10e6;

// A drive in volts over time in seconds, and the id of its record.
struct Stimulus {
  std::string id;
  std::function<double(double)> voltage;
};

struct Pair {
  double kilohertz, volts;
};

Stimulus sine(const Pair& pair) {
  return {fmt::format("sine_{}kHz_{:.1f}V", pair.kilohertz, pair.volts),
          [pair](double t) { return pair.volts * std::sin(kTwoPi * 1e3 * pair.kilohertz * t); }};
}

// A 100 kHz sine whose amplitude grows from 0.2 to 1.2 V.
Stimulus ramp(double duration) {
  return {"ramp_100kHz",
          [duration](double t) { return (0.2 + t / duration) * std::sin(kTwoPi * 100e3 * t); }};
}

// Eight tones between 20 and 300 kHz with random frequencies and phases, scaled to kPeak.
Stimulus multisine(int number, double duration, Rng& rng) {
  struct Tone {
    double frequency, phase;
  };
  std::vector<Tone> tones;
  for (int i = 0; i < 8; ++i) {
    const double frequency = 20e3 * std::pow(300.0 / 20.0, rng.uniform());
    tones.push_back({.frequency = frequency, .phase = kTwoPi * rng.uniform()});
  }
  const auto sum = [tones](double t) {
    double total = 0;
    for (const Tone& tone : tones) total += std::sin(kTwoPi * tone.frequency * t + tone.phase);
    return total;
  };
  double peak = 0;
  for (int i = 0; i <= 10000; ++i) peak = std::max(peak, std::abs(sum(duration * i / 10000)));
  const double scale = kPeak / peak;
  return {fmt::format("multisine_{}", number), [sum, scale](double t) { return scale * sum(t); }};
}

// Pulses of random sign, 0.4 to 1.2 V and 0.5 to 4 us, with straight edges and random gaps.
Stimulus pulses(int number, double duration, Rng& rng) {
  struct Pulse {
    double start, end, volts;
  };
  std::vector<Pulse> train;
  double t = rng.uniform(0.2e-6, 1e-6);
  while (t < duration) {
    const double sign = rng.uniform() < 0.5 ? -1 : 1;
    const double volts = sign * rng.uniform(0.4, 1.2);
    const double end = t + 0.5e-6 * std::pow(8.0, rng.uniform());
    train.push_back({.start = t, .end = end, .volts = volts});
    t = end + kEdge + rng.uniform(0.3e-6, 2e-6);
  }
  const auto voltage = [train](double at) {
    const auto after = std::upper_bound(train.begin(), train.end(), at,
                                        [](double x, const Pulse& p) { return x < p.start; });
    if (after == train.begin()) return 0.0;
    const Pulse& pulse = *(after - 1);
    const double rise = (at - pulse.start) / kEdge;
    const double fall = 1 - (at - pulse.end) / kEdge;
    return pulse.volts * std::clamp(std::min(rise, fall), 0.0, 1.0);
  };
  return {fmt::format("pulses_{}", number), voltage};
}

std::vector<Stimulus> training_stimuli(double duration, Rng& rng) {
  std::vector<Stimulus> stimuli;
  for (const Pair& pair :
       {Pair{50, 0.6}, Pair{50, 0.8}, Pair{50, 1.2}, Pair{100, 0.6}, Pair{100, 0.8}, Pair{100, 1.2},
        Pair{150, 0.6}, Pair{150, 1.0}, Pair{150, 1.2}}) {
    stimuli.push_back(sine(pair));
  }
  stimuli.push_back(multisine(1, duration, rng));
  stimuli.push_back(multisine(2, duration, rng));
  stimuli.push_back(ramp(duration));
  stimuli.push_back(pulses(1, duration, rng));
  stimuli.push_back(pulses(2, duration, rng));
  return stimuli;
}

std::vector<Stimulus> validation_stimuli(double duration, Rng& rng) {
  return {sine({50, 1.0}), multisine(3, duration, rng)};
}

std::vector<Stimulus> test_stimuli(double duration, Rng& rng) {
  std::vector<Stimulus> stimuli;
  for (const Pair& pair :
       {Pair{75, 0.9}, Pair{100, 1.0}, Pair{150, 0.8}, Pair{300, 1.0}, Pair{20, 0.7}}) {
    stimuli.push_back(sine(pair));
  }
  stimuli.push_back(pulses(3, duration, rng));
  stimuli.push_back(multisine(4, duration, rng));
  return stimuli;
}

std::vector<double> sample_times(double duration, double step) {
  const double count = std::round(duration / step);
  if (!(count >= kFewest && count <= kMost)) {
    throw DataError(
        fmt::format("vt100k_dataset: expected {} to {} samples per record, found {} (a duration of "
                    "{} s in steps of {} s)",
                    kFewest, kMost, count, duration, step));
  }
  std::vector<double> time(static_cast<std::size_t>(count));
  for (std::size_t i = 0; i < time.size(); ++i) time[i] = static_cast<double>(i) * step;
  return time;
}

// Simulates the stimuli from random start states, adds the records and returns their indices.
std::vector<int> append(Dataset& dataset,
                        const std::vector<Stimulus>& stimuli,
                        const VteamConfig& config,
                        double noise,
                        Rng& rng) {
  const std::vector<double> time = sample_times(config.duration, config.sample_step);
  std::vector<int> indices;
  for (const Stimulus& stimulus : stimuli) {
    Record record = simulate_vteam(config.device, time, stimulus.voltage, rng.uniform(0.05, 0.95));
    record.id = stimulus.id;
    if (noise > 0) add_noise(record, noise, rng);
    indices.push_back(static_cast<int>(dataset.records.size()));
    dataset.records.push_back(std::move(record));
  }
  return indices;
}

}  // namespace

Dataset vt100k_dataset(const VteamConfig& config) {
  Rng rng(static_cast<std::uint32_t>(config.seed));
  const auto training = training_stimuli(config.duration, rng);
  const auto validation = validation_stimuli(config.duration, rng);
  const auto test = test_stimuli(config.duration, rng);
  Dataset dataset;
  dataset.split.train = append(dataset, training, config, config.noise, rng);
  dataset.split.validation = append(dataset, validation, config, config.noise, rng);
  dataset.split.test = append(dataset, test, config, 0, rng);
  dataset.noise = config.noise;
  dataset.source = fmt::format("VTEAM device, seed {}", config.seed);
  return dataset;
}

}  // namespace psi_xlstm
