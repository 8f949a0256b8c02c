#include "metrics/baselines.hpp"

#include <fmt/format.h>

#include <Eigen/Dense>
#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "psi_xlstm/core/error.hpp"

namespace psi_xlstm {
namespace {

std::size_t checked_sample_count(std::span<const Trace> records) {
  std::size_t samples = 0;
  for (const Trace& record : records) {
    if (record.voltage.size() != record.current.size()) {
      throw ShapeError(fmt::format("baseline: expected {} samples of current, found {}",
                                   record.voltage.size(), record.current.size()));
    }
    samples += record.voltage.size();
  }
  if (samples == 0) throw DataError("baseline: expected at least one sample, found none");
  return samples;
}

// Sums of the least-squares fit of I = g V.
struct ConductanceSums {
  double products = 0;  // sum V I [V A]
  double squares = 0;   // sum V^2 [V^2]

  void add(std::span<const double> voltage, std::span<const double> current) {
    for (std::size_t i = 0; i < voltage.size(); ++i) {
      products += voltage[i] * current[i];
      squares += voltage[i] * voltage[i];
    }
  }

  std::optional<double> conductance() const {
    if (squares == 0) return std::nullopt;
    return products / squares;
  }
};

// The triangular factor R of the QR decomposition of [1, u, ..., u^D, I], u = V / voltage_scale,
// one row per sample. Its leading columns give every lower degree without another pass.
Eigen::MatrixXd triangular_factor(std::span<const Trace> records,
                                  std::size_t samples,
                                  double voltage_scale,
                                  int highest_degree) {
  const Eigen::Index columns = highest_degree + 2;
  Eigen::MatrixXd rows =
      Eigen::MatrixXd::Zero(std::max(static_cast<Eigen::Index>(samples), columns), columns);
  Eigen::Index row = 0;
  for (const Trace& record : records) {
    for (std::size_t i = 0; i < record.voltage.size(); ++i, ++row) {
      double power = 1;
      for (Eigen::Index column = 0; column + 1 < columns; ++column) {
        rows(row, column) = power;
        power *= record.voltage[i] / voltage_scale;
      }
      rows(row, columns - 1) = record.current[i];
    }
  }
  const Eigen::HouseholderQR<Eigen::MatrixXd> decomposition(rows);
  return decomposition.matrixQR().topRows(columns).triangularView<Eigen::Upper>();
}

StaticPolynomial polynomial_of_degree(const Eigen::MatrixXd& factor,
                                      double voltage_scale,
                                      int degree) {
  const Eigen::Index size = degree + 1;
  // Least norm where too few distinct voltages leave a coefficient open.
  const Eigen::VectorXd solution = factor.topLeftCorner(size, size)
                                       .completeOrthogonalDecomposition()
                                       .solve(factor.col(factor.cols() - 1).head(size));
  return {.coefficients = {solution.begin(), solution.end()}, .voltage_scale = voltage_scale};
}

double mean_squared_error_of(const StaticPolynomial& polynomial, std::span<const Trace> records) {
  double sum = 0;
  std::size_t samples = 0;
  for (const Trace& record : records) {
    const auto predicted = polynomial_current(polynomial, record.voltage);
    for (std::size_t i = 0; i < predicted.size(); ++i) {
      sum += (predicted[i] - record.current[i]) * (predicted[i] - record.current[i]);
    }
    samples += predicted.size();
  }
  return sum / static_cast<double>(samples);
}

}  // namespace

double mean_current(std::span<const Trace> records) {
  const std::size_t samples = checked_sample_count(records);
  double sum = 0;
  for (const Trace& record : records) {
    for (const double current : record.current) sum += current;
  }
  return sum / static_cast<double>(samples);
}

std::optional<double> resistor_conductance(std::span<const Trace> records) {
  checked_sample_count(records);
  ConductanceSums sums;
  for (const Trace& record : records) sums.add(record.voltage, record.current);
  return sums.conductance();
}

std::vector<double> resistor_current(double conductance, std::span<const double> voltage) {
  std::vector<double> current;
  current.reserve(voltage.size());
  for (const double v : voltage) current.push_back(conductance * v);
  return current;
}

StaticPolynomial fit_static_polynomial(std::span<const Trace> training,
                                       std::span<const Trace> validation,
                                       int highest_degree) {
  const std::size_t samples = checked_sample_count(training);
  if (!validation.empty()) checked_sample_count(validation);
  if (highest_degree < 1) {
    throw DataError(
        fmt::format("baseline: expected a degree of at least 1, found {}", highest_degree));
  }
  double voltage_scale = 0;
  for (const Trace& record : training) {
    for (const double v : record.voltage) voltage_scale = std::max(voltage_scale, std::abs(v));
  }
  if (voltage_scale == 0) voltage_scale = 1;

  const auto factor = triangular_factor(training, samples, voltage_scale, highest_degree);
  const auto judge = validation.empty() ? training : validation;
  StaticPolynomial best;
  double least = std::numeric_limits<double>::infinity();
  for (int degree = 1; degree <= highest_degree; ++degree) {
    StaticPolynomial candidate = polynomial_of_degree(factor, voltage_scale, degree);
    const double error = mean_squared_error_of(candidate, judge);
    if (degree == 1 || error < least) {
      least = error;
      best = std::move(candidate);
    }
  }
  return best;
}

std::vector<double> polynomial_current(const StaticPolynomial& polynomial,
                                       std::span<const double> voltage) {
  std::vector<double> current;
  current.reserve(voltage.size());
  for (const double v : voltage) {
    const double u = v / polynomial.voltage_scale;
    double sum = 0;
    for (auto c = polynomial.coefficients.rbegin(); c != polynomial.coefficients.rend(); ++c) {
      sum = sum * u + *c;
    }
    current.push_back(sum);
  }
  return current;
}

}  // namespace psi_xlstm
