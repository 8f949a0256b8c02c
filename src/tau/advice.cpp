#include "tau/advice.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <limits>
#include <utility>

#include "core/number_text.hpp"
#include "psi_xlstm/core/error.hpp"
#include "tau/excitation.hpp"

namespace psi_xlstm::tau {
namespace {

constexpr double kPointsPerDecade = 4;
constexpr double kNeighbour = 3;      // Ratio of neighbouring time constants.
constexpr double kLongest = 1e4;      // Of a record, in longest time constants.
constexpr double kMostSamples = 4e7;  // Of a record.
constexpr double kRepetitions = 10;   // Of the drive, where a longer record is tried.
constexpr double kHelps = 2;          // Least improvement that makes a cause of a change.

void check(const AdviceRequest& request) {
  const auto require = [](bool condition, const char* expected, double found) {
    if (!condition)
      throw ConfigError(fmt::format("advice: expected {}, found {}", expected, found));
  };
  require(request.shortest_tau > 0 && request.longest_tau > request.shortest_tau &&
              std::isfinite(request.longest_tau),
          "a range 0 < shortest < longest time constant [s]", request.longest_tau);
  require(request.noise > 0, "a noise > 0 (of the sd of the current)", request.noise);
  require(request.amplitude > 0, "an amplitude > 0 V", request.amplitude);
  require(request.g0 > 0, "a conductance > 0 S", request.g0);
  require(request.gain > 0, "a gain > 0", request.gain);
  require(request.wanted_sd > 0, "a wanted sd > 0", request.wanted_sd);
  require(request.sample_rate * request.shortest_tau >= 3,
          "a sample rate of at least three samples in the shortest time constant [1/s]",
          request.sample_rate);
}

RelaxationDevice device_with(const AdviceRequest& request, std::vector<double> taus) {
  const double gain = request.gain * request.g0 / (request.amplitude * request.amplitude);
  std::vector<double> gains(taus.size(), gain);
  return {.g0 = request.g0, .gains = std::move(gains), .taus = std::move(taus)};
}

// The longest record that is tried [s].
double longest_record(const AdviceRequest& request) {
  return std::min(kLongest * request.longest_tau, kMostSamples / request.sample_rate);
}

struct Worst {
  double sd = 0, tau = 0;
};

// The largest bound for `devices` with log-spaced bursts of `duration` over the range.
Worst worst_of(const AdviceRequest& request,
               const std::vector<RelaxationDevice>& devices,
               double duration) {
  const WeightedNodes samples = nodes(log_spaced_bursts({.shortest = request.shortest_tau,
                                                         .longest = request.longest_tau,
                                                         .amplitude = request.amplitude,
                                                         .duration = duration}),
                                      request.sample_rate);
  Worst worst;
  for (const RelaxationDevice& device : devices) {
    const double noise = noise_of(device, samples.view(), square_drive, request.noise);
    const Bound bound = cramer_rao_bound(device, samples.view(), {.noise = noise});
    for (std::size_t k = 0; k < device.taus.size(); ++k) {
      if (bound.sd_ln_tau[k] > worst.sd) worst = {bound.sd_ln_tau[k], device.taus[k]};
    }
  }
  return worst;
}

std::string text_of(const AdviceRequest& request, const Advice& advice) {
  if (!advice.reachable) {
    return fmt::format(
        "no record of up to {} tells every time constant from {} to {} to {:.3g} % with a noise of "
        "{:.3g} % of the current: measure with less noise",
        engineering(longest_record(request), "s"), engineering(request.shortest_tau, "s"),
        engineering(request.longest_tau, "s"), 100 * request.wanted_sd, 100 * request.noise);
  }
  return fmt::format(
      "record {} from rest, {:.3g} samples per second: bursts of {} with log-spaced lengths from "
      "{} to {}, each followed by a fifth of that voltage for as long (psi tau --design writes "
      "such waveforms); with a noise of {:.3g} % of the current every time constant in that range "
      "is then told to {:.3g} % (one standard deviation)",
      engineering(advice.duration, "s"), request.sample_rate, engineering(request.amplitude, "V"),
      engineering(request.shortest_tau, "s"), engineering(request.longest_tau, "s"),
      100 * request.noise, 100 * advice.worst_sd);
}

// The drive of `samples` ten times in a row; each sample counts a tenth, so that the number of
// samples is no advantage. Late times cannot hold the shortest steps: samples that fall on one time
// there are one.
Bound with_longer_record(const RelaxationDevice& device,
                         const SampledDrive& samples,
                         const BoundOptions& options) {
  const std::size_t count = samples.time.size();
  const double first = samples.time.front(), span = samples.time.back() - first;
  const double period = span * static_cast<double>(count) / static_cast<double>(count - 1);
  std::vector<double> time, voltage, weights;
  for (int i = 0; i < static_cast<int>(kRepetitions); ++i) {
    for (std::size_t n = 0; n < count; ++n) {
      const double t = samples.time[n] - first + i * period;
      const double weight = (samples.weights.empty() ? 1 : samples.weights[n]) / kRepetitions;
      if (!time.empty() && !(t > time.back())) {
        voltage.back() = samples.voltage[n];
        weights.back() += weight;
        continue;
      }
      time.push_back(t);
      voltage.push_back(samples.voltage[n]);
      weights.push_back(weight);
    }
  }
  return cramer_rao_bound(device, {.time = time, .voltage = voltage, .weights = weights}, options);
}

// Bursts around the time constants of `device`, as long, as high and with as many samples.
Bound with_bursts(const RelaxationDevice& device,
                  const SampledDrive& samples,
                  const BoundOptions& options) {
  const std::size_t count = samples.time.size();
  const double span = samples.time.back() - samples.time.front();
  const double rate = static_cast<double>(count - 1) / span;
  double amplitude = 0, total = 0;
  for (std::size_t n = 0; n < count; ++n) {
    amplitude = std::max(amplitude, std::abs(samples.voltage[n]));
    total += samples.weights.empty() ? 1 : samples.weights[n];
  }
  const auto [fastest, slowest] = std::minmax_element(device.taus.begin(), device.taus.end());
  const double shortest = std::clamp(*fastest / 3, 3 / rate, span / 8);
  const double longest = std::clamp(*slowest, 2 * shortest, std::max(span / 3, 2 * shortest));
  WeightedNodes bursts = nodes(
      log_spaced_bursts(
          {.shortest = shortest, .longest = longest, .amplitude = amplitude, .duration = span}),
      rate);
  double nodes_total = 0;
  for (double weight : bursts.weights) nodes_total += weight;
  for (double& weight : bursts.weights) weight *= total / nodes_total;
  return cramer_rao_bound(device, bursts.view(), options);
}

}  // namespace

std::vector<RelaxationDevice> devices_of_range(const AdviceRequest& request) {
  check(request);
  const double decades = std::log10(request.longest_tau / request.shortest_tau);
  const int steps = std::max(1, static_cast<int>(std::ceil(kPointsPerDecade * decades - 1e-9)));
  std::vector<RelaxationDevice> devices;
  for (int i = 0; i <= steps; ++i) {
    const double tau =
        request.shortest_tau * std::pow(request.longest_tau / request.shortest_tau,
                                        static_cast<double>(i) / static_cast<double>(steps));
    devices.push_back(device_with(request, {tau}));
    const double neighbour = kNeighbour * tau;
    if (neighbour <= request.longest_tau * (1 + 1e-9)) {
      devices.push_back(device_with(request, {tau, neighbour}));
    }
  }
  return devices;
}

Advice advise(const AdviceRequest& request) {
  const std::vector<RelaxationDevice> devices = devices_of_range(request);
  const auto enough = [&](double duration) {
    return worst_of(request, devices, duration).sd <= request.wanted_sd;
  };
  Advice advice;
  double too_short = 0, duration = request.longest_tau / 4;
  while (duration <= longest_record(request) && !enough(duration)) {
    too_short = duration;
    duration *= 1.5;
  }
  advice.reachable = duration <= longest_record(request);
  while (advice.reachable && duration - too_short > 0.01 * duration) {
    const double middle = 0.5 * (too_short + duration);
    (enough(middle) ? duration : too_short) = middle;
  }
  if (advice.reachable) {
    advice.duration = duration;
    const Worst worst = worst_of(request, devices, duration);
    advice.worst_sd = worst.sd;
    advice.worst_tau = worst.tau;
  }
  advice.text = text_of(request, advice);
  return advice;
}

std::string text_of(Limit limit) {
  switch (limit) {
    case Limit::kNone:
      return "";
    case Limit::kShortRecord:
      return "record too short against tau";
    case Limit::kFastDrive:
      return "excitation without a slow component";
    case Limit::kUnknownStart:
      return "unknown initial state";
    case Limit::kNoise:
      return "too much noise for so few samples";
  }
  return "";
}

LimitFound limit_of(const RelaxationDevice& device,
                    int k,
                    const SampledDrive& samples,
                    const BoundOptions& options,
                    double wanted_sd) {
  const auto sd = [k](const Bound& bound) {
    return bound.sd_ln_tau.at(static_cast<std::size_t>(k));
  };
  const double present = sd(cramer_rao_bound(device, samples, options));
  if (present <= wanted_sd) return {Limit::kNone, present, present};
  BoundOptions from_rest = options;
  from_rest.known_start = true;
  const std::array<std::pair<Limit, double>, 3> changes = {
      {{Limit::kUnknownStart, sd(cramer_rao_bound(device, samples, from_rest))},
       {Limit::kShortRecord, sd(with_longer_record(device, samples, options))},
       {Limit::kFastDrive, sd(with_bursts(device, samples, options))}}};
  for (const auto& [change, changed] : changes) {
    if (changed <= wanted_sd) return {change, present, changed};
  }
  const auto best = std::min_element(changes.begin(), changes.end(),
                                     [](auto& a, auto& b) { return a.second < b.second; });
  if (kHelps * best->second < present) return {best->first, present, best->second};
  return {Limit::kNoise, present, present};
}

std::string text_of(const LimitFound& found) {
  const auto percent = [](double sd) {
    return sd < 10 ? fmt::format("{:.2g} %", 100 * sd) : std::string("more than 1000 %");
  };
  const auto with = [&](const char* change) {
    return fmt::format("{}: at best an sd of {}, of {} {}", text_of(found.limit), percent(found.sd),
                       percent(found.sd_without), change);
  };
  switch (found.limit) {
    case Limit::kNone:
      return "";
    case Limit::kShortRecord:
      return with("with a record ten times as long");
    case Limit::kFastDrive:
      return with("with bursts of the same length");
    case Limit::kUnknownStart:
      return with("from rest");
    case Limit::kNoise:
      break;
  }
  return fmt::format("{}: at best an sd of {}", text_of(found.limit), percent(found.sd));
}

}  // namespace psi_xlstm::tau
