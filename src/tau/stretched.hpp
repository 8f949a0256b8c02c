#pragma once

/// @file
/// The stretched exponential (Kohlrausch, Williams, Watts), the memory that looks like several
/// relaxations and has none: with 0 < beta < 1
///
///     exp(-(t/tau)^beta) = int_0^inf f(u) exp(-u t/tau) du
///
/// where f is the one-sided stable density of exponent beta, positive (M. Kanter, Ann. Probab. 3
/// (1975), after V. M. Zolotarev):
///
///     f(u) = b/(1-b) u^(-1/(1-b)) 1/pi int_0^pi A(p) exp(-A(p) u^(-b/(1-b))) dp,    b = beta,
///     A(p) = sin((1-b) p) sin(b p)^(b/(1-b)) / sin(p)^(1/(1-b)).
///
/// So it is a mixture of the relaxations of a TauGrid with one amplitude.

#include <Eigen/Dense>

#include "tau/separable.hpp"

namespace psi_xlstm::tau {

inline constexpr double kSmallestBeta = 0.2;
inline constexpr double kLargestBeta = 0.95;  ///< Above it a single relaxation is as good.

/// The density of ln u, u f(u), for `beta` in (0, 1) and `log_u` = ln u.
double stretched_density(double beta, double log_u);

/// Weights of the relaxations of `grid` in a stretched exponential of `tau` [s] and `beta`, [M];
/// their sum is 1. Rates beyond the ends of the grid count at its ends.
Eigen::VectorXd stretched_weights(const TauGrid& grid, double tau, double beta);

/// A fit of one stretched exponential.
struct StretchedFit {
  double tau = 0;   ///< [s]
  double beta = 1;  ///< Dimensionless.
  Process process;
  Solution solution;
};

/// Fits one stretched exponential: every pair of a coarse net of tau and beta, then
/// Levenberg-Marquardt from the best.
StretchedFit fit_stretched(const Problem& problem, const TauGrid& grid);

}  // namespace psi_xlstm::tau
