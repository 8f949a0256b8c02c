#include "devices/stretched.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <numbers>

#include "psi_xlstm/core/error.hpp"

namespace psi_xlstm {
namespace {

using std::numbers::pi;

constexpr double kLeastWeight = 1e-12;  // Terms below it are left out.

void check(double tau, double beta, double fastest) {
  if (!(tau > 0 && fastest > 0)) {
    throw ConfigError(fmt::format(
        "stretched exponential: expected times > 0 s, found {} s and {} s", tau, fastest));
  }
  if (!(beta >= 0.1 && beta <= 0.95) && beta != 1) {
    throw ConfigError(
        fmt::format("stretched exponential: expected a beta of 0.1 to 0.95, or 1, found {}", beta));
  }
}

// Kanter's function, from (1 - beta) beta^(beta/(1-beta)) at phi = 0 to infinity at pi. The sine is
// that of phi and of pi - phi, whichever is smaller.
double kanter(double beta, double phi, double rest) {
  const double sine = std::sin(std::min(phi, rest));
  return std::pow(
      std::pow(std::sin(beta * phi), beta) * std::pow(std::sin((1 - beta) * phi), 1 - beta) / sine,
      1 / (1 - beta));
}

// The density of ln(rate), rates in 1/tau: with c = x^(-beta/(1-beta)),
//
//     beta/(1-beta) c (1/pi) integral over phi in (0, pi) of A(phi) exp(-c A(phi)),
//
// by the trapezoidal rule in s, phi = pi/(1 + exp(-s)), which resolves both ends.
double log_rate_density(double beta, double x) {
  constexpr double kStep = 0.1, kEnd = 36;
  const double c = std::pow(x, -beta / (1 - beta));
  double sum = 0;
  for (int i = 0; i <= static_cast<int>(2 * kEnd / kStep); ++i) {
    const double s = i * kStep - kEnd;
    const double phi = pi / (1 + std::exp(-s)), rest = pi / (1 + std::exp(s));
    const double A = kanter(beta, phi, rest);
    sum += A * std::exp(-c * A) * phi * rest / pi * kStep;
  }
  return beta / (1 - beta) * c * sum / pi;
}

}  // namespace

ExponentialSum stretched_exponential(double tau, double beta, double fastest) {
  check(tau, beta, fastest);
  if (beta == 1) return {.weights = {1}, .taus = {tau}};
  const double step = std::numbers::ln10 / std::max(8.0, std::ceil(4 / (1 - beta)));
  // Where the density has fallen to exp(-40).
  const double least = (1 - beta) * std::pow(beta, beta / (1 - beta));
  const double slowest = std::pow(40 / least, (1 - beta) / beta) * tau;
  ExponentialSum sum;
  double rest = 1;
  for (double term = slowest; term > fastest; term *= std::exp(-step)) {
    const double weight = step * log_rate_density(beta, tau / term);
    if (weight < kLeastWeight) continue;
    sum.weights.push_back(weight);
    sum.taus.push_back(term);
    rest -= weight;
  }
  sum.weights.push_back(rest);
  sum.taus.push_back(fastest);
  return sum;
}

Mem3Config stretched_device(const StretchedConfig& config) {
  const double fastest = 0.01 / config.drive.sample_rate;
  const ExponentialSum sum = stretched_exponential(config.tau, config.beta, fastest);
  Mem3Config device = config.drive;
  device.taus = sum.taus;
  device.gains.clear();
  for (double weight : sum.weights) device.gains.push_back(config.gain * weight);
  return device;
}

}  // namespace psi_xlstm
