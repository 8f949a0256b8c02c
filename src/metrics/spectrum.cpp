#include "metrics/spectrum.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <complex>
#include <numbers>
#include <unsupported/Eigen/FFT>

#include "psi_xlstm/core/error.hpp"

namespace psi_xlstm {
namespace {

constexpr std::size_t kFewestSamples = 8;
// Largest deviation of a sample time from an even grid, in sampling intervals.
constexpr double kEvenTolerance = 1e-3;
// Variance of the noise power summed over neighbouring bins, in units of (mean power of a bin)^2
// per bin: the Hann window correlates them, 1 + 2 ((2/3)^2 + (1/6)^2).
constexpr double kHannVarianceFactor = 1 + 2 * (4.0 / 9 + 1.0 / 36);
constexpr double kSignificance = 3;

void check_series(std::span<const double> time, std::span<const double> current) {
  if (time.size() != current.size()) {
    throw ShapeError(fmt::format("spectrum: expected {} samples of current, found {}", time.size(),
                                 current.size()));
  }
  if (time.size() < kFewestSamples) {
    throw DataError(fmt::format("spectrum: expected at least {} samples, found {}", kFewestSamples,
                                time.size()));
  }
  for (std::size_t i = 1; i < time.size(); ++i) {
    if (!(time[i] > time[i - 1])) {
      throw DataError(fmt::format("spectrum: expected increasing times, found {} after {}", time[i],
                                  time[i - 1]));
    }
  }
}

double sampling_interval(std::span<const double> time) {
  return (time.back() - time.front()) / static_cast<double>(time.size() - 1);
}

// `current` on an even grid over the same times.
std::vector<double> evenly_sampled(std::span<const double> time, std::span<const double> current) {
  const double step = sampling_interval(time);
  const auto grid_time = [&](std::size_t i) {
    return time.front() + static_cast<double>(i) * step;
  };
  bool even = true;
  for (std::size_t i = 0; i < time.size(); ++i) {
    even = even && std::abs(time[i] - grid_time(i)) <= kEvenTolerance * step;
  }
  std::vector<double> samples(current.begin(), current.end());
  if (even) return samples;
  std::size_t right = 1;
  for (std::size_t i = 1; i + 1 < samples.size(); ++i) {
    while (time[right] < grid_time(i)) ++right;
    const double weight = (grid_time(i) - time[right - 1]) / (time[right] - time[right - 1]);
    samples[i] = (1 - weight) * current[right - 1] + weight * current[right];
  }
  return samples;
}

bool has_only_small_factors(std::size_t n) {
  for (const std::size_t factor : {2U, 3U, 5U, 7U}) {
    while (n % factor == 0) n /= factor;
  }
  return n == 1;
}

std::size_t transform_length(std::size_t samples) {
  std::size_t length = samples;
  while (!has_only_small_factors(length)) ++length;
  return length;
}

double hann(std::size_t i, std::size_t samples) {
  return 0.5 * (1 - std::cos(2 * std::numbers::pi * static_cast<double>(i) /
                             static_cast<double>(samples)));
}

// Transform of the windowed samples at the frequencies 0 .. half the sampling rate.
std::vector<std::complex<double>> transform(std::vector<double> samples) {
  const std::size_t count = samples.size();
  for (std::size_t i = 0; i < count; ++i) samples[i] *= hann(i, count);
  samples.resize(transform_length(count), 0.0);
  std::vector<std::complex<double>> values;
  Eigen::FFT<double> fft;
  fft.fwd(values, samples);
  values.resize(samples.size() / 2 + 1);
  return values;
}

double bin_width(std::span<const double> time) {
  return 1 / (static_cast<double>(transform_length(time.size())) * sampling_interval(time));
}

BandError error_in_band(const Band& band,
                        double width,
                        const std::vector<std::complex<double>>& reference,
                        const std::vector<std::complex<double>>& difference,
                        double noise_power,
                        double correlation) {
  double signal = 0;
  double error = 0;
  double bins = 0;
  for (std::size_t k = 0; k < reference.size(); ++k) {
    const double frequency = static_cast<double>(k) * width;
    if (frequency < band.low || frequency >= band.high) continue;
    signal += std::norm(reference[k]) - noise_power;
    error += std::norm(difference[k]) - noise_power;
    ++bins;
  }
  const double scatter = noise_power * std::sqrt(correlation * bins);
  if (!(signal > kSignificance * scatter)) return {band, std::nullopt};
  return {band, std::sqrt(std::max(error, 0.0) / signal)};
}

}  // namespace

Spectrum amplitude_spectrum(std::span<const double> time, std::span<const double> current) {
  check_series(time, current);
  const auto values = transform(evenly_sampled(time, current));
  const double window_sum = static_cast<double>(time.size()) / 2;
  const bool has_middle = transform_length(time.size()) % 2 == 0;
  const double width = bin_width(time);
  Spectrum spectrum;
  for (std::size_t k = 0; k < values.size(); ++k) {
    // Every frequency but the first and the middle one stands for itself and its negative.
    const bool single = k == 0 || (has_middle && k + 1 == values.size());
    spectrum.frequency.push_back(static_cast<double>(k) * width);
    spectrum.amplitude.push_back((single ? 1 : 2) * std::abs(values[k]) / window_sum);
  }
  return spectrum;
}

std::vector<BandError> band_errors(std::span<const double> time,
                                   std::span<const double> reference,
                                   std::span<const double> predicted,
                                   std::span<const Band> bands,
                                   double noise_sd) {
  check_series(time, reference);
  check_series(time, predicted);
  std::vector<double> difference(predicted.begin(), predicted.end());
  for (std::size_t i = 0; i < difference.size(); ++i) difference[i] -= reference[i];
  const auto reference_values = transform(evenly_sampled(time, reference));
  const auto difference_values = transform(evenly_sampled(time, difference));

  const auto count = static_cast<double>(time.size());
  const double noise_power = noise_sd * noise_sd * 0.375 * count;  // sum w^2 = 3 N / 8
  const double padding = static_cast<double>(transform_length(time.size())) / count;
  std::vector<BandError> errors;
  for (const Band& band : bands) {
    errors.push_back(error_in_band(band, bin_width(time), reference_values, difference_values,
                                   noise_power, kHannVarianceFactor * padding));
  }
  return errors;
}

}  // namespace psi_xlstm
