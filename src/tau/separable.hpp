#pragma once

/// @file
/// Separable least squares: with the time constants given, static curve, amplitudes and starts are
/// linear and are eliminated (variable projection, G. H. Golub and V. Pereyra, SIAM J. Numer. Anal.
/// 10 (1973); Jacobian of L. Kaufman, BIT 15 (1975)), so a search runs over the time constants
/// alone. All from sums of products (tau/moments.hpp): no pass over the samples.
///
/// Axes: K processes, P searched parameters, R records, S static columns, W columns of a row.

#include <Eigen/Dense>
#include <vector>

#include "fit/sensitivity.hpp"
#include "tau/moments.hpp"

namespace psi_xlstm::tau {

/// One process as combinations of the columns of a row, [W] each: its response from rest, the
/// memory of its start, and the derivatives of both by each of its searched parameters.
struct Process {
  Eigen::VectorXd response;
  Eigen::VectorXd start;
  std::vector<Eigen::VectorXd> response_slopes;
  std::vector<Eigen::VectorXd> start_slopes;
};

/// A relaxation with time constant `tau` [s] within `grid`; its searched parameter is ln tau.
Process grid_process(const TauGrid& grid, const ColumnLayout& layout, double tau);

/// The relaxation with the time constant at `index` of rows that carry derivatives.
Process exact_process(const ColumnLayout& layout, int index);

/// What is fitted.
struct Problem {
  ColumnLayout layout;
  std::vector<Eigen::MatrixXd> moments;  ///< X^T X over the noise variance, [R][W, W].
  bool curved = false;                   ///< The static curve has all its columns, else s_1 V.
  bool free_start = false;  ///< Every process starts anywhere in every record, else at rest.

  int static_columns() const { return curved ? kStaticColumns : 1; }
};

/// The best linear unknowns for given processes.
struct Solution {
  double cost = 0;                      ///< chi^2.
  Eigen::VectorXd statics;              ///< [S]
  Eigen::VectorXd amplitudes;           ///< a_k, [K]
  std::vector<Eigen::VectorXd> starts;  ///< a_k z_k(0), [R][K]; empty from rest.
  Eigen::MatrixXd
      information;           ///< Of the searched parameters, all linear unknowns eliminated, [P,P].
  Eigen::VectorXd gradient;  ///< Half of the derivative of chi^2 by the searched parameters, [P].
  /// chi^2 of each record, [R]; what is left over as a combination of the columns of a row, [R][W];
  /// and the derivatives of the model by the searched parameters with all linear unknowns
  /// eliminated, as such combinations, [R][W, P].
  std::vector<double> record_costs;
  std::vector<Eigen::VectorXd> residual_columns;
  std::vector<Eigen::MatrixXd> slope_columns;
  bool finite = true;
};

/// Solves for the linear unknowns; `derivatives` fills all that comes
/// after the starts.
Solution solve(const Problem& problem, const std::vector<Process>& processes, bool derivatives);

/// The normal equations of solve() in the searched parameters, for fit::minimise.
fit::NormalEquations normal_equations(const Problem& problem,
                                      const std::vector<Process>& processes,
                                      bool derivatives);

/// Numbers of unknowns: linear ones and searched ones.
int unknown_count(const Problem& problem, int processes, int searched);

}  // namespace psi_xlstm::tau
