#include "tau/design.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <numeric>
#include <utility>

#include "core/rng.hpp"
#include "psi_xlstm/core/error.hpp"

namespace psi_xlstm::tau {
namespace {

constexpr double kLowestLevel = 0.02;  // Of the amplitude.
constexpr double kFewestSamples = 2;   // Of a level.
constexpr double kSharpness = 8;       // Of the norm that stands for the largest bound.
constexpr double kReadLevel = 0.2;     // Of the amplitude, in the starts of the search.
constexpr double kUnreachable = 1e9;   // Stands for an infinite bound.
constexpr double kFirstStep = 0.7;     // Of the search, in ln(time) and ln(level).
constexpr double kLeastStep = 0.04;

// A round of levels as the search sees it: magnitudes, signs chosen last. The waveform is the round
// `repeats` times in a row.
struct Candidate {
  std::vector<double> durations;  // [s]
  std::vector<double> levels;     // Of the amplitude.
  int repeats = 1;
};

// One round. Signs keep the mean small: the largest areas first, each against the sum so far.
BurstWaveform one_round(const Candidate& candidate, double amplitude) {
  const std::size_t count = candidate.levels.size();
  std::vector<std::size_t> order(count);
  std::iota(order.begin(), order.end(), std::size_t{0});
  const auto area = [&](std::size_t m) { return candidate.durations[m] * candidate.levels[m]; };
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t a, std::size_t b) { return area(a) > area(b); });
  BurstWaveform waveform{.durations = candidate.durations, .levels = std::vector<double>(count)};
  double sum = 0;
  for (std::size_t m : order) {
    const double sign = sum > 0 ? -1 : 1;
    waveform.levels[m] = sign * amplitude * candidate.levels[m];
    sum += sign * area(m);
  }
  return waveform;
}

BurstWaveform repeated(const BurstWaveform& round, int repeats) {
  BurstWaveform waveform;
  for (int i = 0; i < repeats; ++i) {
    waveform.durations.insert(waveform.durations.end(), round.durations.begin(),
                              round.durations.end());
    waveform.levels.insert(waveform.levels.end(), round.levels.begin(), round.levels.end());
  }
  return waveform;
}

// Few nodes for the whole waveform: all rounds after the first count as repetitions of the second.
WeightedNodes few_nodes(const Candidate& candidate, const AdviceRequest& conditions) {
  const BurstWaveform round = one_round(candidate, conditions.amplitude);
  const BurstWaveform two = repeated(round, std::min(candidate.repeats, 2));
  WeightedNodes out = nodes(two, conditions.sample_rate);
  for (std::size_t n = 0; n < out.time.size(); ++n) {
    if (out.time[n] >= round.duration()) out.weights[n] *= candidate.repeats - 1;
  }
  return out;
}

// Times moved so that all rounds together last `duration`.
Candidate scaled(Candidate candidate, double duration) {
  const double sum = std::accumulate(candidate.durations.begin(), candidate.durations.end(), 0.0);
  for (double& d : candidate.durations) d *= duration / (sum * candidate.repeats);
  return candidate;
}

// The noise of every device [A] with `samples`: a fraction of the sd of its current.
std::vector<double> own_noise(const std::vector<RelaxationDevice>& devices,
                              const SampledDrive& samples,
                              double fraction) {
  std::vector<double> noise;
  for (const RelaxationDevice& device : devices) {
    noise.push_back(noise_of(device, samples, square_drive, fraction));
  }
  return noise;
}

// Of every process where there is one device, else the worst of every device.
std::vector<double> bounds_of(const std::vector<RelaxationDevice>& devices,
                              const SampledDrive& samples,
                              const std::vector<double>& noise) {
  std::vector<double> all;
  for (std::size_t i = 0; i < devices.size(); ++i) {
    const Bound bound = cramer_rao_bound(devices[i], samples, {.noise = noise[i]});
    if (devices.size() == 1) return bound.sd_ln_tau;
    all.push_back(bound.worst());
  }
  return all;
}

class Search {
 public:
  Search(const DesignRequest& request,
         const std::vector<RelaxationDevice>& devices,
         const std::vector<double>& noise)
      : request_(request), devices_(devices), noise_(noise), rng_(request.seed) {}

  // The norm of all bounds with few nodes; infinity where a level would be too short.
  double cost(const Candidate& candidate) {
    const double shortest =
        *std::min_element(candidate.durations.begin(), candidate.durations.end());
    if (shortest * request_.conditions.sample_rate < kFewestSamples) {
      return std::numeric_limits<double>::infinity();
    }
    ++evaluations_;
    const WeightedNodes samples = few_nodes(candidate, request_.conditions);
    double sum = 0;
    for (double sd : bounds_of(devices_, samples.view(), noise_)) {
      sum += std::pow(std::min(sd, kUnreachable), kSharpness);
    }
    return std::pow(sum, 1 / kSharpness);
  }

  // A round of levels in turn, high and low, with log-spaced times.
  Candidate log_spaced_start(double shortest, double longest, int repeats) const {
    Candidate start{.durations = {}, .levels = {}, .repeats = repeats};
    const int pairs = (request_.levels + 1) / 2;
    for (int m = 0; m < request_.levels; ++m) {
      const int pair = m / 2;
      const double part = static_cast<double>(pair) / std::max(pairs - 1, 1);
      start.durations.push_back(shortest * std::pow(longest / shortest, part));
      start.levels.push_back(m % 2 == 0 ? 1 : kReadLevel);
    }
    return scaled(std::move(start), request_.duration);
  }

  Candidate improved(Candidate candidate) {
    double best = cost(candidate), step = kFirstStep;
    for (int round = 0; round < request_.rounds && step > kLeastStep; ++round) {
      bool found = false;
      for (std::size_t coordinate : shuffled(2 * candidate.levels.size())) {
        for (double direction : {1.0, -1.0}) {
          Candidate next = moved(candidate, coordinate, std::exp(direction * step));
          const double value = cost(next);
          if (!(value < best)) continue;
          candidate = std::move(next);
          best = value;
          found = true;
          break;
        }
      }
      if (!found) step /= 2;
    }
    return candidate;
  }

  int evaluations() const { return evaluations_; }

 private:
  std::vector<std::size_t> shuffled(std::size_t count) {
    std::vector<std::size_t> order(count);
    std::iota(order.begin(), order.end(), std::size_t{0});
    for (std::size_t i = count - 1; i > 0; --i) std::swap(order[i], order[rng_.index(i + 1)]);
    return order;
  }

  Candidate moved(Candidate candidate, std::size_t coordinate, double factor) const {
    const std::size_t count = candidate.levels.size();
    if (coordinate >= count) {
      double& level = candidate.levels[coordinate - count];
      level = std::clamp(level * factor, kLowestLevel, 1.0);
      return candidate;
    }
    candidate.durations[coordinate] *= factor;
    return scaled(std::move(candidate), request_.duration);
  }

  const DesignRequest& request_;
  const std::vector<RelaxationDevice>& devices_;
  const std::vector<double>& noise_;
  Rng rng_;
  int evaluations_ = 0;
};

std::vector<RelaxationDevice> wanted_devices(DesignRequest& request) {
  AdviceRequest& conditions = request.conditions;
  if (request.taus.empty()) return devices_of_range(conditions);
  for (double tau : request.taus) {
    if (!(tau > 0)) throw ConfigError(fmt::format("design: expected taus > 0 s, found {}", tau));
  }
  const auto [fastest, slowest] = std::minmax_element(request.taus.begin(), request.taus.end());
  // Bursts from a third of the fastest on, so that one process alone has a range as well.
  conditions.shortest_tau = *fastest / 3;
  conditions.longest_tau = std::max(*slowest, 3 * *fastest);
  devices_of_range(conditions);  // checks
  const double gain =
      conditions.gain * conditions.g0 / (conditions.amplitude * conditions.amplitude);
  return {{.g0 = conditions.g0,
           .gains = std::vector<double>(request.taus.size(), gain),
           .taus = request.taus}};
}

void check(const DesignRequest& request) {
  const double samples = request.duration * request.conditions.sample_rate;
  if (request.levels < 2 || request.rounds < 0 || !(request.duration > 0) ||
      samples < 4 * request.levels) {
    throw ConfigError(
        fmt::format("design: expected at least 2 levels and 4 samples per level, found {} levels "
                    "and {:.0f} samples",
                    request.levels, samples));
  }
}

// How many rounds to try: one, and rounds of 16, 8 and 4 of the longest time constants.
std::vector<int> round_counts(const DesignRequest& request) {
  std::vector<int> counts = {1};
  for (double taus : {16.0, 8.0, 4.0}) {
    const int count = static_cast<int>(request.duration / (taus * request.conditions.longest_tau));
    if (count > counts.back()) counts.push_back(count);
  }
  return counts;
}

double largest(const std::vector<double>& values) {
  return *std::max_element(values.begin(), values.end());
}

DesignedWaveform judged(const DesignRequest& request,
                        const std::vector<RelaxationDevice>& devices,
                        const std::vector<double>& noise,
                        BurstWaveform waveform) {
  const SampledWaveform all = sampled(waveform, request.conditions.sample_rate);
  const SampledDrive samples{.time = all.time, .voltage = all.voltage};
  DesignedWaveform out;
  out.waveform = std::move(waveform);
  out.sd_ln_tau = bounds_of(devices, samples, noise);
  out.sd_own_noise =
      bounds_of(devices, samples, own_noise(devices, samples, request.conditions.noise));
  out.worst_sd = largest(out.sd_ln_tau);
  out.worst_own_noise = largest(out.sd_own_noise);
  return out;
}

}  // namespace

Design design_bursts(const DesignRequest& wanted) {
  check(wanted);
  DesignRequest request = wanted;
  const std::vector<RelaxationDevice> devices = wanted_devices(request);
  const AdviceRequest& conditions = request.conditions;
  const double fast = conditions.shortest_tau, slow = conditions.longest_tau;
  const BurstWaveform plain = log_spaced_bursts({.shortest = fast,
                                                 .longest = slow,
                                                 .amplitude = conditions.amplitude,
                                                 .duration = request.duration});
  const std::vector<double> noise =
      own_noise(devices, nodes(plain, conditions.sample_rate).view(), conditions.noise);
  Search search(request, devices, noise);
  Candidate best;
  double best_cost = std::numeric_limits<double>::infinity();
  for (int repeats : round_counts(request)) {
    for (const auto& [shortest, longest] : {std::pair{fast, slow}, {slow, fast}}) {
      Candidate found = search.improved(search.log_spaced_start(shortest, longest, repeats));
      const double cost = search.cost(found);
      if (!(cost < best_cost) && !best.levels.empty()) continue;
      best = std::move(found);
      best_cost = cost;
    }
  }
  const BurstWaveform waveform = repeated(one_round(best, conditions.amplitude), best.repeats);
  return {.designed = judged(request, devices, noise, waveform),
          .plain = judged(request, devices, noise, plain),
          .noise = noise.front(),
          .evaluations = search.evaluations()};
}

}  // namespace psi_xlstm::tau
