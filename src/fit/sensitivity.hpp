#pragma once

/// @file
/// The residuals of a network on segments of records and their exact derivatives by every
/// parameter, carried forward through the recurrence, as normal equations J^T J and J^T r.
///
/// Axes: Q parameters of the network, R corrections of ln g0.

#include <Eigen/Dense>
#include <span>
#include <vector>

#include "fit/segment.hpp"
#include "psi_xlstm/ir/network.hpp"

namespace psi_xlstm::fit {

/// A sum of squares and, where asked for, its Gauss-Newton model.
struct NormalEquations {
  double cost = 0;           ///< r^T r.
  Eigen::MatrixXd hessian;   ///< J^T J, [Q+R, Q+R], all of it filled.
  Eigen::VectorXd gradient;  ///< J^T r, [Q+R].
  bool finite = true;        ///< False where the network overflowed: the point is unusable.
};

/// A term that pulls the drift at 0 V towards nothing.
struct ZeroBiasPenalty {
  double weight = 0;                     ///< 0: none.
  double duration = 0;                   ///< Over which the drift counts [s].
  std::vector<double> log_conductances;  ///< Where it is taken, ln relative to 1 S.
};

/// The residuals of `network` (its structure; the numbers come with each call) on `segments`.
class SensitivityModel {
 public:
  /// Keeps references to both. Throws ShapeError where ir::validate(network) would, where the
  /// network is not one conductance and where that has states and no readout.
  SensitivityModel(const ir::Network& network,
                   const std::vector<Segment>& segments,
                   int corrections);

  /// chi^2 of all residuals at `x` = (parameters [Q], corrections [R]), without priors; with
  /// `derivatives`, J^T J and J^T r too. A misfit that no model can remove is not in it.
  NormalEquations evaluate(std::span<const double> x, bool derivatives) const;

  /// Adds the squared drift at 0 V, with its derivatives where `normal` has room for them.
  void add_zero_bias(std::span<const double> x,
                     const ZeroBiasPenalty& penalty,
                     NormalEquations& normal) const;

  int parameter_count() const { return network_.parameter_count(); }
  int correction_count() const { return corrections_; }
  int sample_count() const;      ///< Samples that count.
  double misfit_inside() const;  ///< The part of chi^2 that no model can remove.

 private:
  const ir::Network& network_;
  const std::vector<Segment>& segments_;
  int corrections_;
};

}  // namespace psi_xlstm::fit
