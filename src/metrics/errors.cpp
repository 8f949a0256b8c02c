#include "metrics/errors.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "psi_xlstm/core/error.hpp"

namespace psi_xlstm {
namespace {

// A reference and a prediction, cut into records.
struct Pair {
  std::span<const double> reference;
  std::span<const double> predicted;
};

void check_lengths(std::span<const Pair> pairs) {
  std::size_t samples = 0;
  for (const Pair& pair : pairs) {
    if (pair.reference.size() != pair.predicted.size()) {
      throw ShapeError(fmt::format("error metrics: expected {} predicted samples, found {}",
                                   pair.reference.size(), pair.predicted.size()));
    }
    samples += pair.reference.size();
  }
  if (samples == 0) {
    throw DataError("error metrics: expected at least one sample, found none");
  }
}

// Mean of function(reference, predicted) over all samples.
template <class Function>
double pooled_mean(std::span<const Pair> pairs, Function function) {
  double sum = 0;
  std::size_t samples = 0;
  for (const Pair& pair : pairs) {
    for (std::size_t i = 0; i < pair.reference.size(); ++i) {
      sum += function(pair.reference[i], pair.predicted[i]);
    }
    samples += pair.reference.size();
  }
  return sum / static_cast<double>(samples);
}

double pooled_mse(std::span<const Pair> pairs) {
  return pooled_mean(pairs, [](double y, double p) { return (p - y) * (p - y); });
}

// The quotient, absent where it is not a finite number.
std::optional<double> ratio(double numerator, double denominator) {
  const double value = numerator / denominator;
  if (denominator == 0 || !std::isfinite(value)) return std::nullopt;
  return value;
}

std::optional<double> finite(double value) {
  return std::isfinite(value) ? std::optional<double>(value) : std::nullopt;
}

double pooled_variance(std::span<const Pair> pairs) {
  const double mean = pooled_mean(pairs, [](double y, double) { return y; });
  return pooled_mean(pairs, [&](double y, double) { return (y - mean) * (y - mean); });
}

constexpr double kInfinity = std::numeric_limits<double>::infinity();

struct Extremes {
  double low = kInfinity;
  double high = -kInfinity;
  double full_scale = 0;     // max |reference|
  double largest_error = 0;  // Infinite if any error is NaN.
};

Extremes extremes(std::span<const Pair> pairs) {
  Extremes result;
  for (const Pair& pair : pairs) {
    for (std::size_t i = 0; i < pair.reference.size(); ++i) {
      const double y = pair.reference[i];
      const double error = std::abs(pair.predicted[i] - y);
      result.low = std::min(result.low, y);
      result.high = std::max(result.high, y);
      result.full_scale = std::max(result.full_scale, std::abs(y));
      if (!(error <= result.largest_error)) {
        result.largest_error = std::isnan(error) ? kInfinity : error;
      }
    }
  }
  return result;
}

std::optional<double> pooled_correlation(std::span<const Pair> pairs) {
  const double mean_y = pooled_mean(pairs, [](double y, double) { return y; });
  const double mean_p = pooled_mean(pairs, [](double, double p) { return p; });
  const double covariance =
      pooled_mean(pairs, [&](double y, double p) { return (y - mean_y) * (p - mean_p); });
  const double variance_p =
      pooled_mean(pairs, [&](double, double p) { return (p - mean_p) * (p - mean_p); });
  const std::optional<double> found =
      ratio(covariance, std::sqrt(pooled_variance(pairs)) * std::sqrt(variance_p));
  return found ? std::optional(std::clamp(*found, -1.0, 1.0)) : found;  // rounding can exceed 1
}

std::vector<Pair> pair_up(std::span<const PredictedRecord> records,
                          std::span<const double> PredictedRecord::*reference,
                          std::span<const double> PredictedRecord::*predicted) {
  std::vector<Pair> pairs;
  for (const PredictedRecord& record : records) {
    pairs.push_back({record.*reference, record.*predicted});
  }
  check_lengths(pairs);
  return pairs;
}

void add_clean_metrics(std::span<const PredictedRecord> records, ErrorMetrics& metrics) {
  const auto noise = pair_up(records, &PredictedRecord::clean, &PredictedRecord::measured);
  const auto truth = pair_up(records, &PredictedRecord::clean, &PredictedRecord::predicted);
  metrics.noise_floor = finite(pooled_mse(noise));
  if (metrics.mse && metrics.noise_floor) {
    metrics.mse_over_floor = ratio(*metrics.mse, *metrics.noise_floor);
  }
  metrics.nrmse_std_clean = ratio(std::sqrt(pooled_mse(truth)), std::sqrt(pooled_variance(truth)));
}

}  // namespace

ErrorMetrics error_metrics(std::span<const PredictedRecord> records) {
  const auto pairs = pair_up(records, &PredictedRecord::measured, &PredictedRecord::predicted);
  const Extremes range = extremes(pairs);
  const double rmse = std::sqrt(pooled_mse(pairs));
  ErrorMetrics metrics;
  metrics.mse = finite(pooled_mse(pairs));
  metrics.nrmse_std = ratio(rmse, std::sqrt(pooled_variance(pairs)));
  metrics.nrmse_range = ratio(rmse, range.high - range.low);
  metrics.correlation = pooled_correlation(pairs);
  metrics.max_abs_err_over_fs = ratio(range.largest_error, range.full_scale);
  const bool clean_known = std::all_of(records.begin(), records.end(), [](const auto& record) {
    return !record.clean.empty() || record.measured.empty();
  });
  if (clean_known) add_clean_metrics(records, metrics);
  return metrics;
}

ErrorMetrics error_metrics(const PredictedRecord& record) {
  return error_metrics(std::span<const PredictedRecord>(&record, 1));
}

double mean_squared_error(std::span<const double> reference, std::span<const double> predicted) {
  const Pair pair{reference, predicted};
  check_lengths({&pair, 1});
  return pooled_mse({&pair, 1});
}

std::optional<double> max_error_over_full_scale(std::span<const double> reference,
                                                std::span<const double> predicted) {
  const Pair pair{reference, predicted};
  check_lengths({&pair, 1});
  const Extremes range = extremes({&pair, 1});
  return ratio(range.largest_error, range.full_scale);
}

std::optional<double> rmse_over_full_scale(std::span<const double> reference,
                                           std::span<const double> predicted) {
  const Pair pair{reference, predicted};
  check_lengths({&pair, 1});
  return ratio(std::sqrt(pooled_mse({&pair, 1})), extremes({&pair, 1}).full_scale);
}

std::optional<double> correlation(std::span<const double> reference,
                                  std::span<const double> predicted) {
  const Pair pair{reference, predicted};
  check_lengths({&pair, 1});
  return pooled_correlation({&pair, 1});
}

}  // namespace psi_xlstm
