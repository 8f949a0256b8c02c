#include "tau/separable.hpp"

#include <cmath>

namespace psi_xlstm::tau {
namespace {

using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::VectorXd;

// Directions with less of the columns' own power than this are not told apart from rounding.
constexpr double kIndependent = 1e-10;

// Solves symmetric systems of columns that may depend on each other, with the smallest solution.
class Factor {
 public:
  Factor() = default;

  // `power`: of the columns before anything was eliminated from them, the scale of rounding.
  Factor(const MatrixXd& matrix, const VectorXd& power) {
    scale_ = power.cwiseMax(1e-300).cwiseSqrt().cwiseInverse();
    const Eigen::SelfAdjointEigenSolver<MatrixXd> eigen(scale_.asDiagonal() * matrix *
                                                        scale_.asDiagonal());
    vectors_ = eigen.eigenvectors();
    const auto invert = [](double x) { return x > kIndependent ? 1 / x : 0.0; };
    inverse_ = eigen.eigenvalues().unaryExpr(invert);
  }

  MatrixXd solve(const MatrixXd& right) const {
    const MatrixXd scaled = vectors_.transpose() * (scale_.asDiagonal() * right);
    return scale_.asDiagonal() * (vectors_ * (inverse_.asDiagonal() * scaled));
  }

 private:
  VectorXd scale_, inverse_;
  MatrixXd vectors_;
};

// The columns in use: current, shared linear ones, those of one record's starts, and derivatives.
struct Used {
  Index shared = 0, local = 0, searched = 0;  // Counts.
  MatrixXd combination;                       // [W, 1 + shared + local + 2 searched]

  Index first_local() const { return 1 + shared; }
  Index first_slope() const { return 1 + shared + local; }
};

Used used_columns(const Problem& problem, const std::vector<Process>& processes, bool derivatives) {
  Used used;
  const auto K = static_cast<Index>(processes.size());
  const Index statics = problem.static_columns();
  used.shared = statics + K;
  used.local = problem.free_start ? K : 0;
  if (derivatives) {
    for (const Process& p : processes)
      used.searched += static_cast<Index>(p.response_slopes.size());
  }
  const Index width = problem.layout.width();
  MatrixXd& out = used.combination;
  out = MatrixXd::Zero(width, used.first_slope() + 2 * used.searched);
  out(problem.layout.current(), 0) = 1;
  for (Index s = 0; s < statics; ++s) out(problem.layout.statics() + s, 1 + s) = 1;
  Index slope = used.first_slope();
  for (Index k = 0; k < K; ++k) {
    const Process& process = processes[static_cast<std::size_t>(k)];
    out.col(1 + statics + k) = process.response;
    if (used.local > 0) out.col(used.first_local() + k) = process.start;
    for (std::size_t p = 0; derivatives && p < process.response_slopes.size(); ++p) {
      out.col(slope) = process.response_slopes[p];
      out.col(slope + used.searched) = process.start_slopes[p];
      ++slope;
    }
  }
  return used;
}

// Derivatives of the model by the searched parameters, as combinations of the used columns.
MatrixXd model_slopes(const Used& used,
                      const std::vector<Process>& processes,
                      const VectorXd& amplitudes,
                      const VectorXd& starts) {
  MatrixXd out = MatrixXd::Zero(used.combination.cols(), used.searched);
  Index p = 0;
  for (Index k = 0; k < amplitudes.size(); ++k) {
    const std::size_t count = processes[static_cast<std::size_t>(k)].response_slopes.size();
    for (std::size_t j = 0; j < count; ++j, ++p) {
      out(used.first_slope() + p, p) = amplitudes[k];
      if (used.local > 0) out(used.first_slope() + used.searched + p, p) = starts[k];
    }
  }
  return out;
}

// The factors that eliminate the linear unknowns, and the shared ones among these.
struct Elimination {
  const std::vector<MatrixXd>& products;
  const std::vector<Factor>& local;
  const Factor& shared;
  const VectorXd& linear;
};

void add_derivatives(const Problem& problem,
                     const Used& used,
                     const std::vector<Process>& processes,
                     const Elimination& by,
                     Solution& out) {
  const Index S = used.shared, L = used.local, P = used.searched, first = used.first_local();
  const std::size_t R = problem.moments.size();
  out.information = MatrixXd::Zero(P, P);
  out.gradient = VectorXd::Zero(P);
  MatrixXd to_shared = MatrixXd::Zero(S, P);  // shared^T slopes, starts eliminated
  std::vector<MatrixXd> slopes(R), crossings(R);
  for (std::size_t r = 0; r < R; ++r) {
    VectorXd residual = VectorXd::Zero(used.combination.cols());
    residual[0] = 1;
    residual.segment(1, S) = -by.linear;
    const VectorXd starts = L > 0 ? out.starts[r] : VectorXd();
    if (L > 0) residual.segment(first, L) = -starts;
    out.record_costs.push_back(residual.dot(by.products[r] * residual));
    out.residual_columns.emplace_back(used.combination * residual);
    if (P == 0) continue;
    slopes[r] = model_slopes(used, processes, out.amplitudes, starts);
    const MatrixXd applied = by.products[r] * slopes[r];
    out.gradient -= applied.transpose() * residual;
    out.information += slopes[r].transpose() * applied;
    to_shared += applied.middleRows(1, S);
    if (L == 0) continue;
    crossings[r] = applied.middleRows(first, L);
    const MatrixXd solved = by.local[r].solve(crossings[r]);
    out.information -= crossings[r].transpose() * solved;
    to_shared -= by.products[r].block(first, 1, L, S).transpose() * solved;
  }
  if (P == 0) {
    out.slope_columns.assign(R, MatrixXd(used.combination.rows(), 0));
    return;
  }
  const MatrixXd along_shared = by.shared.solve(to_shared);
  out.information -= to_shared.transpose() * along_shared;
  out.information = 0.5 * (out.information + out.information.transpose()).eval();
  for (std::size_t r = 0; r < R; ++r) {
    slopes[r].middleRows(1, S) -= along_shared;
    if (L > 0) {
      slopes[r].middleRows(first, L) -=
          by.local[r].solve(crossings[r] - by.products[r].block(first, 1, L, S) * along_shared);
    }
    out.slope_columns.emplace_back(used.combination * slopes[r]);
  }
}

VectorXd column(const ColumnLayout& layout, int index, const VectorXd& weights) {
  VectorXd out = VectorXd::Zero(layout.width());
  out.segment(index, weights.size()) = weights;
  return out;
}

}  // namespace

Process grid_process(const TauGrid& grid, const ColumnLayout& layout, double tau) {
  const VectorXd weights = grid.interpolation(tau), slopes = grid.interpolation_slope(tau);
  return {.response = column(layout, layout.response(), weights),
          .start = column(layout, layout.start(), weights),
          .response_slopes = {column(layout, layout.response(), slopes)},
          .start_slopes = {column(layout, layout.start(), slopes)}};
}

Process exact_process(const ColumnLayout& layout, int index) {
  const VectorXd one = VectorXd::Ones(1);
  return {.response = column(layout, layout.response() + index, one),
          .start = column(layout, layout.start() + index, one),
          .response_slopes = {column(layout, layout.response_slope() + index, one)},
          .start_slopes = {column(layout, layout.start_slope() + index, one)}};
}

Solution solve(const Problem& problem, const std::vector<Process>& processes, bool derivatives) {
  const Used used = used_columns(problem, processes, derivatives);
  const Index S = used.shared, L = used.local, statics = problem.static_columns();
  const std::size_t R = problem.moments.size();
  std::vector<MatrixXd> products(R);
  std::vector<Factor> local(R);
  VectorXd power = VectorXd::Zero(S);              // of the shared columns
  MatrixXd normal = MatrixXd::Zero(1 + S, 1 + S);  // current and shared, starts eliminated
  for (std::size_t r = 0; r < R; ++r) {
    products[r] = used.combination.transpose() * (problem.moments[r] * used.combination);
    normal += products[r].topLeftCorner(1 + S, 1 + S);
    power += products[r].diagonal().segment(1, S);
    if (L == 0) continue;
    const MatrixXd coupling = products[r].block(used.first_local(), 0, L, 1 + S);
    const MatrixXd own = products[r].block(used.first_local(), used.first_local(), L, L);
    local[r] = Factor(own, own.diagonal());
    normal -= coupling.transpose() * local[r].solve(coupling);
  }
  Solution out;
  const Factor shared(normal.bottomRightCorner(S, S), power);
  const VectorXd linear = shared.solve(normal.col(0).tail(S));
  out.cost = normal(0, 0) - 2 * linear.dot(normal.col(0).tail(S)) +
             linear.dot(normal.bottomRightCorner(S, S) * linear);
  out.statics = linear.head(statics);
  out.amplitudes = linear.tail(S - statics);
  out.finite = std::isfinite(out.cost) && linear.allFinite();
  for (std::size_t r = 0; L > 0 && r < R; ++r) {
    const MatrixXd coupling = products[r].block(used.first_local(), 0, L, 1 + S);
    out.starts.push_back(local[r].solve(coupling.col(0) - coupling.rightCols(S) * linear));
    out.finite = out.finite && out.starts.back().allFinite();
  }
  if (!derivatives || !out.finite) return out;

  add_derivatives(problem, used, processes, {products, local, shared, linear}, out);
  out.finite = out.information.allFinite() && out.gradient.allFinite();
  return out;
}

fit::NormalEquations normal_equations(const Problem& problem,
                                      const std::vector<Process>& processes,
                                      bool derivatives) {
  const Solution s = solve(problem, processes, derivatives);
  fit::NormalEquations out;
  out.cost = s.cost;
  out.finite = s.finite;
  if (derivatives && s.finite) {
    out.hessian = s.information;
    out.gradient = s.gradient;
  }
  return out;
}

int unknown_count(const Problem& problem, int processes, int searched) {
  const int starts = problem.free_start ? processes * static_cast<int>(problem.moments.size()) : 0;
  return problem.static_columns() + processes + starts + searched;
}

}  // namespace psi_xlstm::tau
