#pragma once

/// @file
/// Everything least squares needs of a record for any time constants in a range: the products of
/// all columns of tau/response.hpp on a logarithmic grid of time constants, summed over the samples
/// once. A response at a tau between the points is interpolated from them (it is an analytic
/// function of ln tau: ten points of eight per decade leave 3e-5 of it), and every search, profile
/// and stretched exponential then costs microseconds whatever N is.
///
/// Axes: N samples, M grid points, W columns of a row (ColumnLayout::width), F folds.

#include <Eigen/Dense>
#include <vector>

#include "tau/response.hpp"

namespace psi_xlstm::tau {

/// A logarithmic grid of time constants.
struct TauGrid {
  std::vector<double> taus;  ///< [s], ascending, [M].

  double low() const { return taus.front(); }
  double high() const { return taus.back(); }

  /// Weights of the grid points that give a response at `tau` [s] within the grid, [M].
  Eigen::VectorXd interpolation(double tau) const;

  /// Their derivatives by ln tau, [M].
  Eigen::VectorXd interpolation_slope(double tau) const;
};

/// Eight points per decade from half of the shortest median sample step of `records` to ten times
/// the longest duration.
TauGrid grid_for(const std::vector<Record>& records);

/// X^T X of the rows of one record, one matrix for each of F parts of its samples.
struct RecordMoments {
  ColumnLayout layout;
  std::vector<Eigen::MatrixXd> folds;  ///< [F][W, W], all of them filled.
  std::vector<int> samples;            ///< [F]

  Eigen::MatrixXd total() const;
  int count() const;
};

/// Sums the products of the rows of `record` for `taus` [s]. Groups of four neighbouring samples
/// are dealt out to the folds at random, the same way every time.
RecordMoments moments(const Record& record,
                      const Response& response,
                      const std::vector<double>& taus,
                      bool derivatives,
                      int folds = 1);

}  // namespace psi_xlstm::tau
