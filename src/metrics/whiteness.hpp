#pragma once

/// @file
/// Is what a model leaves over white? G. M. Ljung and G. E. P. Box, Biometrika 65 (1978).

#include <span>
#include <vector>

namespace psi_xlstm {

/// P(X > x) for X chi-squared with `degrees` > 0 degrees of freedom: the regularised upper
/// incomplete gamma function Q(degrees/2, x/2), by its series or its continued fraction.
double chi_squared_tail(double x, double degrees);

/// Autocorrelation of `values` about zero at lags 1 .. `lags`, [lags]: sum_t x_t x_(t+l) over
/// sum x^2. Throws DataError unless there are more values than lags.
std::vector<double> autocorrelation(std::span<const double> values, int lags);

/// A test for correlation: large statistics and small p-values speak against whiteness.
struct WhitenessTest {
  double statistic = 0;  ///< N (N + 2) sum_l r_l^2 / (N - l).
  int lags = 0;
  double p_value = 1;  ///< Of white values to give a larger statistic.
};

/// The Ljung-Box test of `values` with `lags` lags. Throws as autocorrelation() does.
WhitenessTest ljung_box(std::span<const double> values, int lags);

}  // namespace psi_xlstm
