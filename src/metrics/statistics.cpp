#include "metrics/statistics.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cassert>
#include <cmath>
#include <numbers>
#include <vector>

#include "psi_xlstm/core/error.hpp"

namespace psi_xlstm {
namespace {

constexpr double kLevel = 0.95;
// For normal noise, standard deviation = kMadToSd times median of the absolute deviation.
constexpr double kMadToSd = 1.482602218505602;
// Variance of x3 - 3 x2 + 3 x1 - x0 for unit white noise: 1 + 9 + 9 + 1.
constexpr double kThirdDifferenceVariance = 20;
constexpr std::size_t kFewestForNoise = 8;

void require_values(std::span<const double> values) {
  if (values.empty()) throw DataError("statistics: expected at least one value, found none");
}

// P(|T| <= t) of Student's T, with theta = atan(t / sqrt(nu)).
double student_probability(double t, int nu) {
  const double theta = std::atan(t / std::sqrt(static_cast<double>(nu)));
  const double square = std::cos(theta) * std::cos(theta);
  double term = nu % 2 == 0 ? 1 : std::cos(theta);
  double sum = nu == 1 ? 0 : term;
  for (int k = nu % 2 == 0 ? 1 : 2; k <= nu - 3; k += 2) {
    term *= square * k / (k + 1.0);
    sum += term;
  }
  if (nu % 2 == 0) return std::sin(theta) * sum;                  // (26.7.4)
  return 2 / std::numbers::pi * (theta + std::sin(theta) * sum);  // (26.7.3)
}

}  // namespace

double mean(std::span<const double> values) {
  require_values(values);
  double sum = 0;
  for (const double value : values) sum += value;
  return sum / static_cast<double>(values.size());
}

std::optional<double> standard_deviation(std::span<const double> values) {
  if (values.size() < 2) return std::nullopt;
  const double center = mean(values);
  double sum = 0;
  for (const double value : values) sum += (value - center) * (value - center);
  return std::sqrt(sum / static_cast<double>(values.size() - 1));
}

double median(std::span<const double> values) {
  require_values(values);
  std::vector<double> sorted(values.begin(), values.end());
  const auto middle = sorted.begin() + static_cast<std::ptrdiff_t>(sorted.size() / 2);
  std::nth_element(sorted.begin(), middle, sorted.end());
  if (sorted.size() % 2 == 1) return *middle;
  return (*std::max_element(sorted.begin(), middle) + *middle) / 2;
}

double student_t_95(int degrees_of_freedom) {
  assert(degrees_of_freedom >= 1);
  double low = 1;
  double high = 13;  // 12.71 for one degree of freedom, less for more.
  for (int step = 0; step < 60; ++step) {
    const double middle = (low + high) / 2;
    (student_probability(middle, degrees_of_freedom) < kLevel ? low : high) = middle;
  }
  return (low + high) / 2;
}

Summary summarize(std::span<const double> values) {
  Summary summary{.count = static_cast<int>(values.size()),
                  .mean = mean(values),
                  .median = median(values),
                  .standard_deviation = standard_deviation(values),
                  .standard_error = std::nullopt,
                  .interval_half_width = std::nullopt};
  if (summary.standard_deviation) {
    summary.standard_error = *summary.standard_deviation / std::sqrt(summary.count);
    summary.interval_half_width = student_t_95(summary.count - 1) * *summary.standard_error;
  }
  return summary;
}

double noise_sd_from_differences(std::span<const double> values) {
  if (values.size() < kFewestForNoise) {
    throw DataError(fmt::format("noise estimate: expected at least {} samples, found {}",
                                kFewestForNoise, values.size()));
  }
  std::vector<double> differences;
  differences.reserve(values.size() - 3);
  for (std::size_t i = 3; i < values.size(); ++i) {
    differences.push_back(
        std::abs(values[i] - 3 * values[i - 1] + 3 * values[i - 2] - values[i - 3]));
  }
  return kMadToSd * median(differences) / std::sqrt(kThirdDifferenceVariance);
}

}  // namespace psi_xlstm
