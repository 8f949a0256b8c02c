#include "metrics/whiteness.hpp"

#include <fmt/format.h>

#include <cmath>

#include "psi_xlstm/core/error.hpp"

namespace psi_xlstm {
namespace {

constexpr double kPrecision = 1e-15;
constexpr int kMostTerms = 10000;

// Regularised lower incomplete gamma function by its series, for x < a + 1.
double lower_gamma_series(double a, double x) {
  double term = 1 / a, sum = term;
  for (int n = 1; n < kMostTerms && std::abs(term) > kPrecision * std::abs(sum); ++n) {
    term *= x / (a + n);
    sum += term;
  }
  return sum * std::exp(-x + a * std::log(x) - std::lgamma(a));
}

// Regularised upper incomplete gamma function by its continued fraction (Lentz), for x >= a + 1.
double upper_gamma_fraction(double a, double x) {
  constexpr double kTiny = 1e-300;
  double b = x + 1 - a, c = 1 / kTiny, d = 1 / b, value = d;
  for (int n = 1; n < kMostTerms; ++n) {
    const double factor = -n * (n - a);
    b += 2;
    d = factor * d + b;
    c = b + factor / c;
    d = 1 / (std::abs(d) < kTiny ? kTiny : d);
    c = std::abs(c) < kTiny ? kTiny : c;
    value *= d * c;
    if (std::abs(d * c - 1) < kPrecision) break;
  }
  return value * std::exp(-x + a * std::log(x) - std::lgamma(a));
}

}  // namespace

double chi_squared_tail(double x, double degrees) {
  if (!(x > 0)) return 1;
  const double a = degrees / 2, half = x / 2;
  return half < a + 1 ? 1 - lower_gamma_series(a, half) : upper_gamma_fraction(a, half);
}

std::vector<double> autocorrelation(std::span<const double> values, int lags) {
  const auto n = static_cast<int>(values.size());
  if (lags < 1 || n <= lags) {
    throw DataError(fmt::format(
        "autocorrelation: expected at least one lag and more values than lags, found {} and {}",
        lags, n));
  }
  double power = 0;
  for (double x : values) power += x * x;
  std::vector<double> out;
  for (int l = 1; l <= lags; ++l) {
    double sum = 0;
    for (std::size_t t = 0; t + static_cast<std::size_t>(l) < values.size(); ++t) {
      sum += values[t] * values[t + static_cast<std::size_t>(l)];
    }
    out.push_back(power > 0 ? sum / power : 0);
  }
  return out;
}

WhitenessTest ljung_box(std::span<const double> values, int lags) {
  const std::vector<double> r = autocorrelation(values, lags);
  const auto n = static_cast<double>(values.size());
  WhitenessTest test{.lags = lags};
  for (int l = 1; l <= lags; ++l) {
    const double x = r[static_cast<std::size_t>(l - 1)];
    test.statistic += n * (n + 2) * x * x / (n - l);
  }
  test.p_value = chi_squared_tail(test.statistic, lags);
  return test;
}

}  // namespace psi_xlstm
