#pragma once

/// @file
/// One pass over the samples at a solution: what is left over, whether it is white, and how much
/// wider the intervals get where it is not.
///
/// Axes: N samples of all records, P searched parameters, B blocks.

#include <Eigen/Dense>
#include <vector>

#include "metrics/whiteness.hpp"
#include "tau/separable.hpp"

namespace psi_xlstm::tau {

/// What is left over, in units of the noise.
struct Residuals {
  std::vector<std::vector<double>> values;  ///< Per record and sample, over the record's noise sd.
  /// Sums over blocks of samples along the base of the memory (V, or 1), each of them normal with
  /// the variance of one residual if the residuals are white: a slow misfit shows here, [B].
  std::vector<double> blocks;
  Eigen::MatrixXd
      score_products;  ///< sum over blocks of s s^T, s = sum of slope x residual, [P, P].
};

/// Walks through the records. `taus` and `derivatives` are those of the columns that `solution` was
/// found with, `weights` the noise variance of each record [A^2].
Residuals residuals_of(const std::vector<Record>& records,
                       const Response& response,
                       const std::vector<double>& taus,
                       bool derivatives,
                       const Solution& solution,
                       const std::vector<double>& variances);

/// Three tests at once: Ljung-Box of the residuals and of the blocks, and the power of the blocks.
struct Whiteness {
  WhitenessTest samples;                ///< 20 lags.
  WhitenessTest blocks;                 ///< 20 lags, or a quarter of the blocks.
  double block_power = 1;               ///< Mean square of the blocks over that of the residuals.
  double block_power_p = 1;             ///< Of white residuals to have that much.
  std::vector<double> autocorrelation;  ///< Of the residuals of the longest record, lags 1 .. 60.

  /// No test says otherwise at a level of 1e-3.
  bool white() const;
};

Whiteness whiteness_of(const Residuals& residuals);

}  // namespace psi_xlstm::tau
