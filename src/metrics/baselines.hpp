#pragma once

/// @file
/// What a model must beat: predictors without memory, with one to ten numbers, fitted by least
/// squares.
///
/// Axes: N samples, D degree.

#include <cstddef>
#include <optional>
#include <span>
#include <vector>

namespace psi_xlstm {

/// One record of a one-port device.
struct Trace {
  std::vector<double> voltage;  ///< [V], [N].
  std::vector<double> current;  ///< [A], [N].
};

/// Mean of the current over all samples of `records` [A]. Throws DataError if there is none.
double mean_current(std::span<const Trace> records);

/// The conductance g [S] that minimises sum (I - g V)^2 over all samples of `records`; absent if
/// every voltage is zero. Throws DataError if there is no sample, ShapeError if a record's voltage
/// and current differ in length.
std::optional<double> resistor_conductance(std::span<const Trace> records);

/// The current g V of a resistor of `conductance` [S] at each of `voltage` [V]: [A], [N].
std::vector<double> resistor_current(double conductance, std::span<const double> voltage);

/// A static curve I(V) = sum_d coefficients[d] (V / voltage_scale)^d.
struct StaticPolynomial {
  std::vector<double> coefficients;  ///< [A], [D + 1].
  double voltage_scale = 1;          ///< [V]

  int degree() const { return static_cast<int>(coefficients.size()) - 1; }
};

/// The polynomial of degree 1 to `highest_degree` that is fitted on `training` by least squares and
/// has the least mean squared error on `validation` (on `training` where that is empty). Throws
/// DataError if there is no sample or `highest_degree` is below 1, ShapeError as above.
StaticPolynomial fit_static_polynomial(std::span<const Trace> training,
                                       std::span<const Trace> validation,
                                       int highest_degree = 9);

/// The current of `polynomial` at each of `voltage` [V]: [A], [N].
std::vector<double> polynomial_current(const StaticPolynomial& polynomial,
                                       std::span<const double> voltage);

}  // namespace psi_xlstm
