#include "tau/intervals.hpp"

#include <algorithm>
#include <cmath>
#include <span>

#include "fit/least_squares.hpp"

namespace psi_xlstm::tau {
namespace {

constexpr double kNormal = 1.959963984540054;  // 95 %, two sides.
constexpr double kChiSquared = 3.841458820694124;
constexpr double kWidestSd = 50;  // Of ln tau: e^50 is no limit.

// The problem of `choice` with columns at `taus` and their derivatives: a pass over all samples.
Problem exact_problem(const std::vector<Record>& records,
                      const Choice& choice,
                      const std::vector<double>& taus) {
  Problem out{
      .layout = {}, .moments = {}, .curved = choice.curved, .free_start = choice.free_start};
  for (std::size_t r = 0; r < records.size(); ++r) {
    const RecordMoments m = moments(records[r], choice.records.response, taus, true);
    out.layout = m.layout;
    out.moments.emplace_back(m.total() / choice.records.variances[r]);
  }
  return out;
}

Solution solve_exact(const std::vector<Record>& records,
                     const Choice& choice,
                     const std::vector<double>& taus) {
  const Problem problem = exact_problem(records, choice, taus);
  std::vector<Process> processes;
  for (int k = 0; k < static_cast<int>(taus.size()); ++k) {
    processes.push_back(exact_process(problem.layout, k));
  }
  return solve(problem, processes, true);
}

std::vector<double> exponentials(std::span<const double> x) {
  std::vector<double> out;
  for (double v : x) out.push_back(std::exp(v));
  return out;
}

Eigen::MatrixXd inverse(const Eigen::MatrixXd& information) {
  if (information.rows() == 0) return information;
  const Eigen::SelfAdjointEigenSolver<Eigen::MatrixXd> eigen(information);
  const Eigen::VectorXd variances =
      eigen.eigenvalues().cwiseMax(1 / (kWidestSd * kWidestSd)).cwiseInverse();
  return eigen.eigenvectors() * variances.asDiagonal() * eigen.eigenvectors().transpose();
}

double scaled_condition(const Eigen::MatrixXd& information) {
  if (information.rows() == 0) return 1;
  const Eigen::VectorXd scale = information.diagonal().cwiseMax(1e-300).cwiseSqrt().cwiseInverse();
  const Eigen::VectorXd values = Eigen::SelfAdjointEigenSolver<Eigen::MatrixXd>(
                                     scale.asDiagonal() * information * scale.asDiagonal())
                                     .eigenvalues();
  return values[values.size() - 1] / std::max(values[0], 1e-300);
}

}  // namespace

RefinedFit refine(const std::vector<Record>& records, const Choice& choice) {
  const ConstantRates& found = choice.fits[static_cast<std::size_t>(choice.processes)];
  RefinedFit out;
  std::vector<double> start;
  for (double tau : found.taus) start.push_back(std::log(tau));
  if (!start.empty()) {
    const double low = std::log(choice.records.grid.low()) - 1;
    const double high = std::log(choice.records.grid.high()) + 1;
    const fit::Objective objective = [&](std::span<const double> x, bool) {
      fit::NormalEquations normal;
      normal.finite =
          std::all_of(x.begin(), x.end(), [&](double v) { return v > low && v < high; });
      if (!normal.finite) return normal;
      const Solution s = solve_exact(records, choice, exponentials(x));
      normal = {
          .cost = s.cost, .hessian = s.information, .gradient = s.gradient, .finite = s.finite};
      return normal;
    };
    start = fit::minimise(objective, start, {.iterations = 8, .function_tolerance = 1e-11}).x;
    std::sort(start.begin(), start.end());
  }
  out.taus = exponentials(start);
  out.solution = solve_exact(records, choice, out.taus);
  out.residuals = residuals_of(records, choice.records.response, out.taus, true, out.solution,
                               choice.records.variances);
  out.whiteness = whiteness_of(out.residuals);
  const auto K = static_cast<int>(out.taus.size());
  const int unknowns =
      unknown_count(choice.records.problem(choice.curved, choice.free_start), K, K);
  out.noise_factor = out.solution.cost / std::max(1, choice.records.samples() - unknowns);
  out.condition = scaled_condition(out.solution.information);
  const Eigen::MatrixXd H = inverse(out.solution.information);
  out.covariance = out.noise_factor * H;
  out.widening = Eigen::VectorXd::Ones(K);
  if (!out.whiteness.white() && K > 0) {
    const Eigen::MatrixXd sandwich = H * out.residuals.score_products * H;
    out.widening = (sandwich.diagonal().array() / out.covariance.diagonal().array()).max(1.0);
    const Eigen::VectorXd wider = out.widening.cwiseSqrt();
    out.covariance = wider.asDiagonal() * out.covariance * wider.asDiagonal();
    out.sandwich = true;
  }
  return out;
}

Interval normal_interval(double tau, double sd_ln_tau) {
  return {.low = tau * std::exp(-kNormal * sd_ln_tau), .high = tau * std::exp(kNormal * sd_ln_tau)};
}

Interval profile_interval(const Choice& choice,
                          const std::vector<double>& taus,
                          int k,
                          double inflation) {
  const Problem problem = choice.records.problem(choice.curved, choice.free_start);
  const TauGrid& grid = choice.records.grid;
  const ConstantRates best = search_constant_rates(problem, grid, taus);
  const double limit = best.solution.cost + kChiSquared * inflation;
  const auto index = static_cast<std::size_t>(k);
  const auto side = [&](double direction) -> std::optional<double> {
    std::vector<double> inside = best.taus, trial;
    double step = 0.1;
    const auto cost_at = [&](double tau) {
      trial = inside;
      trial[index] = tau;
      const ConstantRates fit = search_constant_rates(problem, grid, trial, {k});
      trial = fit.taus;
      return fit.solution.finite ? fit.solution.cost : INFINITY;
    };
    double outside = 0;
    for (;;) {
      const double tau = inside[index] * std::exp(direction * step);
      if (tau <= grid.low() || tau >= grid.high()) return std::nullopt;
      if (cost_at(tau) > limit) {
        outside = tau;
        break;
      }
      inside = trial;
      step = std::min(1.5 * step, 0.5);
    }
    for (int i = 0; i < 8; ++i) {
      const double middle = std::sqrt(inside[index] * outside);
      if (cost_at(middle) > limit) {
        outside = middle;
      } else {
        inside = trial;
      }
    }
    return std::sqrt(inside[index] * outside);
  };
  return {.low = side(-1), .high = side(1)};
}

SlowCheck check_against_slow(const Choice& choice,
                             const std::vector<double>& taus,
                             double duration,
                             double noise_factor) {
  const Problem problem = choice.records.problem(choice.curved, choice.free_start);
  const TauGrid& grid = choice.records.grid;
  const auto K = static_cast<Eigen::Index>(taus.size());
  const auto processes_at = [&](std::span<const double> x) {
    std::vector<Process> processes;
    for (double tau : exponentials(x)) {
      processes.push_back(grid_process(grid, problem.layout, tau));
    }
    for (double fraction : {1.0 / 3, 2.5 / 3, 2.0}) {
      processes.push_back(grid_process(grid, problem.layout, fraction * duration));
      processes.back().response_slopes.clear();
      processes.back().start_slopes.clear();
    }
    return processes;
  };
  const double low = std::log(grid.low()), high = std::log(grid.high());
  const fit::Objective objective = [&](std::span<const double> x, bool derivatives) {
    const bool inside =
        std::all_of(x.begin(), x.end(), [&](double v) { return v > low && v < high; });
    return inside ? normal_equations(problem, processes_at(x), derivatives)
                  : fit::NormalEquations{.finite = false};
  };
  std::vector<double> start;
  for (double tau : taus) start.push_back(std::log(tau));
  const std::vector<double> x =
      fit::minimise(objective, start, {.iterations = 40, .function_tolerance = 1e-9}).x;
  const Solution s = solve(problem, processes_at(x), true);
  SlowCheck out;
  out.taus = exponentials(x);
  const Eigen::MatrixXd covariance = s.finite
                                         ? Eigen::MatrixXd(noise_factor * inverse(s.information))
                                         : Eigen::MatrixXd::Constant(K, K, INFINITY);
  for (Eigen::Index k = 0; k < K; ++k) out.sd_ln_tau.push_back(std::sqrt(covariance(k, k)));
  return out;
}

}  // namespace psi_xlstm::tau
