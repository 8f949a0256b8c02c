#pragma once

/// @file
/// How well the time constants of a fit are known.
///
/// Axes: K processes.

#include <Eigen/Dense>
#include <optional>
#include <vector>

#include "tau/choice.hpp"
#include "tau/residuals.hpp"

namespace psi_xlstm::tau {

/// A fit on all samples, without interpolation, and its uncertainty.
struct RefinedFit {
  std::vector<double> taus;  ///< [s], ascending, [K].
  Solution solution;
  Residuals residuals;
  Whiteness whiteness;
  double noise_factor = 1;  ///< Variance of the residuals over the variances they were fitted with.
  Eigen::MatrixXd covariance;  ///< Of ln tau; sandwich where the residuals are coloured, [K, K].
  bool sandwich = false;
  Eigen::VectorXd widening;  ///< Of the variances of ln tau by the sandwich, at least 1, [K].
  double condition = 1;      ///< Of the information of ln tau, scaled to a unit diagonal.
};

/// Levenberg-Marquardt on all samples from the grid's solution of `choice` with `choice.processes`
/// relaxations, then one pass for the residuals. The covariance is that of Gauss-Newton; where the
/// residuals are coloured, no variance is below the sandwich's, H^-1 (sum s s^T) H^-1 with the
/// scores s summed over blocks of samples.
RefinedFit refine(const std::vector<Record>& records, const Choice& choice);

/// Limits of one time constant [s]; without a value where the data set none within the grid.
struct Interval {
  std::optional<double> low, high;
};

/// tau exp(-+ 1.96 sd).
Interval normal_interval(double tau, double sd_ln_tau);

/// 95 % by profile likelihood: the range of ln tau_k in which chi^2, all else fitted anew, rises by
/// less than 3.84 times `inflation`.
Interval profile_interval(const Choice& choice,
                          const std::vector<double>& taus,
                          int k,
                          double inflation);

/// The same fit with any amount of relaxation allowed that is slower than a third of the longest
/// record: time constants that stay put do not lean on the assumption that nothing slower is there.
struct SlowCheck {
  std::vector<double> taus;       ///< [s], [K].
  std::vector<double> sd_ln_tau;  ///< [K]; infinite where nothing is left.
};
SlowCheck check_against_slow(const Choice& choice,
                             const std::vector<double>& taus,
                             double duration,
                             double noise_factor);

}  // namespace psi_xlstm::tau
