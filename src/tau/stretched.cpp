#include "tau/stretched.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <span>
#include <vector>

#include "fit/least_squares.hpp"

namespace psi_xlstm::tau {
namespace {

constexpr int kAngles = 121;      // Of the integral over p, in y with p = pi/(1 + exp(-y)).
constexpr double kFurthest = 15;  // Largest |y|: beyond it nothing is left of the integrand.
constexpr int kFine = 4;          // Points of the density per point of the grid.
constexpr double kReach =
    14;  // Nepers of the density on both sides of tau, while it is not nothing.

// ln A(p) at p = pi/(1 + exp(-y)).
double log_angle_term(double beta, double y) {
  const double p = std::numbers::pi / (1 + std::exp(-y));
  const double rest = std::numbers::pi / (1 + std::exp(y));  // pi - p, of the same sine
  const double sine = std::sin(std::min(p, rest));
  return std::log(std::sin((1 - beta) * p)) + beta / (1 - beta) * std::log(std::sin(beta * p)) -
         std::log(sine) / (1 - beta);
}

Eigen::VectorXd in_row(const ColumnLayout& layout, int index, const Eigen::VectorXd& weights) {
  Eigen::VectorXd row = Eigen::VectorXd::Zero(layout.width());
  row.segment(index, weights.size()) = weights;
  return row;
}

Process stretched_process(const TauGrid& grid,
                          const ColumnLayout& layout,
                          double log_tau,
                          double beta,
                          bool derivatives) {
  const Eigen::VectorXd weights = stretched_weights(grid, std::exp(log_tau), beta);
  Process process{.response = in_row(layout, layout.response(), weights),
                  .start = in_row(layout, layout.start(), weights),
                  .response_slopes = {},
                  .start_slopes = {}};
  if (!derivatives) return process;
  constexpr double kStep = 1e-4;
  const auto slope = [&](double by_tau, double by_beta) {
    const Eigen::VectorXd up = stretched_weights(grid, std::exp(log_tau + by_tau), beta + by_beta);
    const Eigen::VectorXd down =
        stretched_weights(grid, std::exp(log_tau - by_tau), beta - by_beta);
    const Eigen::VectorXd d = (up - down) / (2 * kStep);
    process.response_slopes.push_back(in_row(layout, layout.response(), d));
    process.start_slopes.push_back(in_row(layout, layout.start(), d));
  };
  slope(kStep, 0);
  slope(0, kStep);
  return process;
}

}  // namespace

double stretched_density(double beta, double log_u) {
  const double power = -beta / (1 - beta) * log_u;  // of exp(-A u^...)
  const double step = 2 * kFurthest / (kAngles - 1);
  double sum = 0;
  for (int i = 0; i < kAngles; ++i) {
    const double y = -kFurthest + i * step;
    const double log_a = log_angle_term(beta, y);
    const double slope = 1 / ((1 + std::exp(-y)) * (1 + std::exp(y)));  // dp/dy / pi
    sum += slope * std::exp(log_a + power - std::exp(std::min(log_a + power, 700.0)));
  }
  return beta / (1 - beta) * sum * step;
}

Eigen::VectorXd stretched_weights(const TauGrid& grid, double tau, double beta) {
  const auto M = static_cast<Eigen::Index>(grid.taus.size());
  const double spacing = std::log(grid.high() / grid.low()) / static_cast<double>(M - 1);
  const double step = spacing / kFine;
  const double low = std::log(grid.low());
  Eigen::VectorXd weights = Eigen::VectorXd::Zero(M);
  // Fine points stand at fixed places of the grid, so that weights change smoothly with tau.
  const auto first = static_cast<int>(std::floor((std::log(tau) - kReach - low) / step));
  const int count = static_cast<int>(2 * kReach / step) + 2;
  for (int i = first; i < first + count; ++i) {
    const double density = step * stretched_density(beta, std::log(tau) - (low + i * step));
    if (density < 1e-14) continue;
    if (i <= 0) {
      weights[0] += density;
    } else if (i >= kFine * (M - 1)) {
      weights[M - 1] += density;
    } else {
      weights += density * grid.interpolation(std::exp(low + i * step));
    }
  }
  weights[0] += 1 - weights.sum();  // the tail of fast rates beyond the reach
  return weights;
}

StretchedFit fit_stretched(const Problem& problem, const TauGrid& grid) {
  StretchedFit best;
  best.solution.cost = INFINITY;
  for (double beta = 0.3; beta < 0.95; beta += 0.1) {
    for (std::size_t i = 2; i + 4 < grid.taus.size(); i += 3) {
      const Process p =
          stretched_process(grid, problem.layout, std::log(grid.taus[i]), beta, false);
      const Solution s = solve(problem, {p}, false);
      if (s.finite && s.cost < best.solution.cost) {
        best = {.tau = grid.taus[i], .beta = beta, .process = p, .solution = s};
      }
    }
  }
  const double low = std::log(grid.low()), high = std::log(grid.high());
  const fit::Objective objective = [&](std::span<const double> x, bool derivatives) {
    const bool inside = x[0] > low && x[0] < high && x[1] > kSmallestBeta && x[1] < kLargestBeta;
    if (!inside) return fit::NormalEquations{.finite = false};
    return normal_equations(
        problem, {stretched_process(grid, problem.layout, x[0], x[1], derivatives)}, derivatives);
  };
  const fit::LeastSquaresResult result = fit::minimise(
      objective, {std::log(best.tau), best.beta}, {.iterations = 30, .function_tolerance = 1e-9});
  best.tau = std::exp(result.x[0]);
  best.beta = result.x[1];
  best.process = stretched_process(grid, problem.layout, result.x[0], result.x[1], true);
  best.solution = solve(problem, {best.process}, true);
  return best;
}

}  // namespace psi_xlstm::tau
