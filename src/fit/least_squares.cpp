#include "fit/least_squares.hpp"

#include <ceres/ceres.h>
#include <glog/logging.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "core/interruption.hpp"

namespace psi_xlstm::fit {
namespace {

// One cost function over one parameter block. Where derivatives are asked for, the residuals are
// rho = R^-T J^T r and one constant, with the Jacobian R: the same cost, gradient and Gauss-Newton
// model as the full rows, and the same Gauss-Newton step.
class ReducedCost : public ceres::CostFunction {
 public:
  ReducedCost(const Objective& objective, int parameters)
      : objective_(objective), parameters_(parameters) {
    set_num_residuals(parameters + 1);
    mutable_parameter_block_sizes()->push_back(parameters);
  }

  bool Evaluate(double const* const* x, double* residuals, double** jacobians) const override {
    const std::span<const double> point(x[0], static_cast<std::size_t>(parameters_));
    const bool derivatives = jacobians != nullptr && jacobians[0] != nullptr;
    const NormalEquations normal = evaluated(point, derivatives);
    if (!normal.finite) return false;
    Eigen::Map<Eigen::VectorXd> out(residuals, parameters_ + 1);
    out.setZero();
    if (!derivatives) {
      out[parameters_] = std::sqrt(normal.cost);
      return true;
    }
    return reduce(normal, out, jacobians[0]);
  }

 private:
  // No exception passes through the solver: what cannot be evaluated ends it soon.
  NormalEquations evaluated(std::span<const double> point, bool derivatives) const {
    NormalEquations none;
    none.finite = false;
    if (interruption_asked()) return none;
    try {
      return objective_(point, derivatives);
    } catch (const Interrupted&) {
      return none;
    }
  }

  bool reduce(const NormalEquations& normal,
              Eigen::Map<Eigen::VectorXd>& residuals,
              double* jacobian) const {
    Eigen::MatrixXd hessian = normal.hessian;
    // Rounding can make a flat direction of J^T J slightly negative.
    const double floor = 1e-15 * std::max(hessian.diagonal().maxCoeff(), 1e-300);
    hessian.diagonal().array() += floor;
    Eigen::LLT<Eigen::MatrixXd> cholesky(hessian);
    for (double jitter = 10 * floor; cholesky.info() != Eigen::Success; jitter *= 10) {
      if (!(jitter < 1e300)) return false;
      hessian.diagonal().array() += jitter;
      cholesky.compute(hessian);
    }
    const Eigen::VectorXd rho = cholesky.matrixL().solve(normal.gradient);
    residuals.head(parameters_) = rho;
    residuals[parameters_] = std::sqrt(std::max(0.0, normal.cost - rho.squaredNorm()));
    using RowMajor = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
    Eigen::Map<RowMajor> out(jacobian, parameters_ + 1, parameters_);
    out.topRows(parameters_) = cholesky.matrixU();
    out.bottomRows(1).setZero();
    return true;
  }

  const Objective& objective_;
  int parameters_;
};

}  // namespace

namespace {

// Ceres reports a start that cannot be evaluated to its log; here that is a field of the result.
[[maybe_unused]] const bool kQuiet = [] {
  FLAGS_minloglevel = google::GLOG_FATAL;
  return true;
}();

}  // namespace

LeastSquaresResult minimise(const Objective& objective,
                            std::vector<double> start,
                            const LeastSquaresOptions& options) {
  LeastSquaresResult result;
  result.x = std::move(start);
  ceres::Problem problem;
  problem.AddResidualBlock(new ReducedCost(objective, static_cast<int>(result.x.size())), nullptr,
                           result.x.data());
  ceres::Solver::Options solver;
  solver.trust_region_strategy_type = ceres::LEVENBERG_MARQUARDT;
  solver.linear_solver_type = ceres::DENSE_QR;
  solver.max_num_iterations = options.iterations;
  solver.initial_trust_region_radius = options.initial_radius;
  solver.function_tolerance = options.function_tolerance;
  solver.gradient_tolerance = 0;
  solver.parameter_tolerance = 0;
  solver.max_num_consecutive_invalid_steps = 12;
  solver.num_threads = 1;
  solver.logging_type = ceres::SILENT;
  ceres::Solver::Summary summary;
  ceres::Solve(solver, &problem, &summary);
  check_interruption();
  result.cost = 2 * summary.final_cost;
  result.iterations = static_cast<int>(summary.iterations.size());
  result.reason = summary.message;
  result.usable = std::isfinite(summary.final_cost) && summary.initial_cost >= 0 &&
                  summary.termination_type != ceres::FAILURE;
  return result;
}

}  // namespace psi_xlstm::fit
