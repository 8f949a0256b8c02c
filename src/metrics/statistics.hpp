#pragma once

/// @file
/// Small-sample statistics, and the noise of a smooth signal.

#include <optional>
#include <span>

namespace psi_xlstm {

/// What is said about repeated runs. Absent: not defined for so few values.
struct Summary {
  int count = 0;
  double mean = 0;
  double median = 0;
  std::optional<double> standard_deviation;   ///< With n - 1; from two values on.
  std::optional<double> standard_error;       ///< standard_deviation / sqrt(n).
  std::optional<double> interval_half_width;  ///< 95 %: mean +- this holds the true mean.
};

/// Summary of `values`, in their unit. Throws DataError if there are none.
Summary summarize(std::span<const double> values);

/// Arithmetic mean. Throws DataError if there is no value.
double mean(std::span<const double> values);

/// Sample standard deviation, sqrt(sum (x - mean)^2 / (n - 1)); absent for fewer than two values.
std::optional<double> standard_deviation(std::span<const double> values);

/// Middle value, or the mean of the two middle ones. Throws DataError if there is no value.
double median(std::span<const double> values);

/// The t with P(|T| <= t) = 0.95 for Student's T with `degrees_of_freedom` >= 1, by bisection of
/// the finite series of M. Abramowitz, I. Stegun, "Handbook of Mathematical Functions", Eqs.
/// 26.7.3 and 26.7.4.
double student_t_95(int degrees_of_freedom);

/// Standard deviation of the white noise on a smooth, evenly sampled signal, in its unit: the
/// median of |third differences|, times 1.4826 / sqrt(20), which edges of the signal do not move.
/// Throws DataError for fewer than eight values.
double noise_sd_from_differences(std::span<const double> values);

}  // namespace psi_xlstm
