#pragma once

/// @file
/// Levenberg-Marquardt on normal equations: Ceres Solver's trust region, fed the reduced form
/// R^T R = J^T J instead of tens of thousands of rows.

#include <Eigen/Dense>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "fit/sensitivity.hpp"

namespace psi_xlstm::fit {

/// r^T r at `x`, and J^T J and J^T r where `derivatives` is true.
using Objective = std::function<NormalEquations(std::span<const double> x, bool derivatives)>;

struct LeastSquaresOptions {
  int iterations = 30;               ///< Most accepted or rejected steps.
  double initial_radius = 1e4;       ///< Of the trust region: 1 / damping.
  double function_tolerance = 1e-7;  ///< Ends when a step lowers the cost by less, relative.
};

struct LeastSquaresResult {
  std::vector<double> x;
  double cost = 0;  ///< r^T r at x.
  int iterations = 0;
  std::string reason;   ///< Why it ended, one sentence.
  bool usable = false;  ///< The start could be evaluated and x is finite.
};

/// Minimises r^T r from `start`. Deterministic: one thread, nothing stops by the clock. Throws
/// Interrupted where this thread is.
LeastSquaresResult minimise(const Objective& objective,
                            std::vector<double> start,
                            const LeastSquaresOptions& options);

}  // namespace psi_xlstm::fit
