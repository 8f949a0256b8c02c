#include "tau/excitation.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <numeric>

#include "psi_xlstm/core/error.hpp"

namespace psi_xlstm::tau {
namespace {

constexpr double kBurstsPerDecade = 3;
constexpr std::size_t kMost = 50'000'000;  // Samples of a waveform.

void check(const BurstPlan& plan) {
  if (!(plan.shortest > 0 && plan.longest > plan.shortest && std::isfinite(plan.longest))) {
    throw ConfigError(
        fmt::format("bursts: expected lengths 0 < shortest < longest, found {} s and "
                    "{} s",
                    plan.shortest, plan.longest));
  }
  if (!(plan.amplitude > 0 && plan.duration > 0 && plan.read_level >= 0)) {
    throw ConfigError(
        fmt::format("bursts: expected amplitude and duration > 0 and a read level >= 0, found {} "
                    "V, {} s and {}",
                    plan.amplitude, plan.duration, plan.read_level));
  }
}

// Sample numbers where the levels end; each level has at least one sample.
std::vector<std::size_t> ends_in_samples(const BurstWaveform& waveform, double sample_rate) {
  if (!(sample_rate > 0 && waveform.duration() * sample_rate < static_cast<double>(kMost))) {
    throw ConfigError(
        fmt::format("bursts: expected a sample rate > 0 and at most {} samples, found {} 1/s for "
                    "{} s",
                    kMost, sample_rate, waveform.duration()));
  }
  std::vector<std::size_t> ends;
  double end = 0;
  for (double duration : waveform.durations) {
    end += duration;
    const auto nearest = static_cast<std::size_t>(std::llround(end * sample_rate));
    ends.push_back(std::max(nearest, ends.empty() ? 1 : ends.back() + 1));
  }
  return ends;
}

}  // namespace

double BurstWaveform::duration() const {
  return std::accumulate(durations.begin(), durations.end(), 0.0);
}

BurstWaveform log_spaced_bursts(const BurstPlan& plan) {
  check(plan);
  const double decades = std::log10(plan.longest / plan.shortest);
  const int bursts = 1 + static_cast<int>(std::ceil(kBurstsPerDecade * decades - 1e-9));
  BurstWaveform waveform;
  double left = plan.duration, sign = 1;
  for (int i = 0; left > 1e-9 * plan.duration; i = (i + 1) % bursts, sign = -sign) {
    const double length =
        plan.shortest * std::pow(plan.longest / plan.shortest, i / static_cast<double>(bursts - 1));
    for (double level : {1.0, plan.read_level}) {
      const double held = std::min(length, left);
      if (!(held > 1e-9 * plan.duration)) break;
      waveform.durations.push_back(held);
      waveform.levels.push_back(sign * level * plan.amplitude);
      left -= held;
    }
  }
  return waveform;
}

PwlWaveform breakpoints(const BurstWaveform& waveform, double sample_rate) {
  const std::vector<std::size_t> ends = ends_in_samples(waveform, sample_rate);
  PwlWaveform pwl;
  const auto add = [&](std::size_t sample, double level) {
    const double time = static_cast<double>(sample) / sample_rate;
    if (!pwl.times.empty() && time <= pwl.times.back()) return;
    pwl.times.push_back(time);
    pwl.values.push_back(level);
  };
  // A level starts at the sample where the one before it ended, and holds until the last sample
  // before its own end.
  std::size_t start = 0;
  for (std::size_t m = 0; m < ends.size(); ++m) {
    add(start, waveform.levels[m]);
    add(ends[m] - 1, waveform.levels[m]);
    start = ends[m];
  }
  add(ends.back(), waveform.levels.back());
  return pwl;
}

SampledWaveform sampled(const BurstWaveform& waveform, double sample_rate) {
  const std::vector<std::size_t> ends = ends_in_samples(waveform, sample_rate);
  SampledWaveform samples;
  samples.time.resize(ends.back());
  samples.voltage.resize(ends.back());
  std::size_t level = 0;
  for (std::size_t n = 0; n < ends.back(); ++n) {
    if (n == ends[level]) ++level;
    samples.time[n] = static_cast<double>(n) / sample_rate;
    samples.voltage[n] = waveform.levels[level];
  }
  return samples;
}

WeightedNodes nodes(const BurstWaveform& waveform, double sample_rate) {
  constexpr double kGrowth = 1.2;       // Of the cells' width with the distance from the start.
  constexpr double kWidest = 1.0 / 25;  // Of a level, its widest cell.
  const std::vector<std::size_t> ends = ends_in_samples(waveform, sample_rate);
  WeightedNodes out;
  const auto add = [&](double sample, double voltage, double weight) {
    out.time.push_back(sample / sample_rate);
    out.voltage.push_back(voltage);
    out.weights.push_back(weight);
  };
  std::size_t start = 0;
  for (std::size_t m = 0; m < ends.size(); ++m) {
    const double widest = std::max(1.0, kWidest * static_cast<double>(ends[m] - start));
    double width = 1;
    std::size_t cell = 1;
    for (std::size_t n = start; n < ends[m]; n += cell) {
      cell = std::min(static_cast<std::size_t>(width), ends[m] - n);
      add(static_cast<double>(n) + 0.5 * static_cast<double>(cell - 1), waveform.levels[m],
          static_cast<double>(cell));
      width = std::min(width * kGrowth + 0.1, widest);
    }
    // The edge starts at the level's last sample, which counts with its cell.
    if (cell > 1) add(static_cast<double>(ends[m] - 1), waveform.levels[m], 0);
    start = ends[m];
  }
  return out;
}

}  // namespace psi_xlstm::tau
