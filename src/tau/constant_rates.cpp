#include "tau/constant_rates.hpp"

#include <algorithm>
#include <cmath>
#include <span>

#include "fit/least_squares.hpp"

namespace psi_xlstm::tau {
namespace {

constexpr int kStartsOfGrid = 8;  // From the coarse grid.
constexpr int kMostSets = 1500;   // That are tried.
constexpr int kMostIterations = 60;

std::vector<Process> processes_at(const TauGrid& grid,
                                  const ColumnLayout& layout,
                                  const std::vector<double>& taus) {
  std::vector<Process> processes;
  for (double tau : taus) processes.push_back(grid_process(grid, layout, tau));
  return processes;
}

// `problem` with one column per point of `points` instead of the whole grid.
Problem reduced_to(const std::vector<double>& points, const Problem& problem, const TauGrid& grid) {
  Problem out{.layout = {.taus = static_cast<int>(points.size()), .derivatives = false},
              .moments = {},
              .curved = problem.curved,
              .free_start = problem.free_start};
  Eigen::MatrixXd pick = Eigen::MatrixXd::Zero(problem.layout.width(), out.layout.width());
  pick.topLeftCorner(out.layout.response(), out.layout.response()).setIdentity();
  for (std::size_t i = 0; i < points.size(); ++i) {
    const Process p = grid_process(grid, problem.layout, points[i]);
    pick.col(out.layout.response() + static_cast<int>(i)) = p.response;
    pick.col(out.layout.start() + static_cast<int>(i)) = p.start;
  }
  for (const Eigen::MatrixXd& m : problem.moments) {
    out.moments.emplace_back(pick.transpose() * m * pick);
  }
  return out;
}

// chi^2 without a search. Fast: the moments of the columns in use are picked, not combined.
class SetCost {
 public:
  SetCost(const Problem& problem, const TauGrid& grid, const std::vector<double>& points)
      : small_(reduced_to(points, problem, grid)) {}

  double operator()(const std::vector<int>& set) const {
    const Solution s = solve(small_, picked(set), false);
    return s.finite ? s.cost : INFINITY;
  }

 private:
  std::vector<Process> picked(const std::vector<int>& set) const {
    std::vector<Process> processes;
    const Eigen::Index width = small_.layout.width();
    for (int i : set) {
      processes.push_back({.response = Eigen::VectorXd::Unit(width, small_.layout.response() + i),
                           .start = Eigen::VectorXd::Unit(width, small_.layout.start() + i),
                           .response_slopes = {},
                           .start_slopes = {}});
    }
    return processes;
  }

  Problem small_;
};

double sets_of(int points, int count) {
  double sets = 1;
  for (int i = 0; i < count; ++i) sets = sets * (points - i) / (i + 1);
  return sets;
}

// Coarse points over the part of the grid that a record can tell apart.
std::vector<double> coarse_points(const TauGrid& grid, int count, std::size_t records) {
  const double most = kMostSets / static_cast<double>(std::min<std::size_t>(records, 10));
  int points = 24;
  while (points > count + 3 && sets_of(points, count) > most) --points;
  std::vector<double> out;
  const double low = std::log(grid.low() * 2), high = std::log(grid.high() / 3);
  for (int i = 0; i < points; ++i) out.push_back(std::exp(low + (high - low) * i / (points - 1)));
  return out;
}

struct RankedSet {
  double cost = INFINITY;
  std::vector<int> members;
};

// All sets of `count` of `points` indices, best first, as many as `wanted`, no two neighbours.
std::vector<RankedSet> best_sets(const SetCost& cost, int points, int count, int wanted) {
  std::vector<RankedSet> ranked;
  std::vector<int> set(static_cast<std::size_t>(count));
  for (int i = 0; i < count; ++i) set[static_cast<std::size_t>(i)] = i;
  for (;;) {
    ranked.push_back({cost(set), set});
    int i = count - 1;
    while (i >= 0 && set[static_cast<std::size_t>(i)] == points - count + i) --i;
    if (i < 0) break;
    ++set[static_cast<std::size_t>(i)];
    for (int j = i + 1; j < count; ++j) {
      set[static_cast<std::size_t>(j)] = set[static_cast<std::size_t>(j - 1)] + 1;
    }
  }
  std::stable_sort(ranked.begin(), ranked.end(),
                   [](const RankedSet& a, const RankedSet& b) { return a.cost < b.cost; });
  const auto near = [](const RankedSet& a, const RankedSet& b) {
    int furthest = 0;
    for (std::size_t i = 0; i < a.members.size(); ++i) {
      furthest = std::max(furthest, std::abs(a.members[i] - b.members[i]));
    }
    return furthest <= 1;
  };
  std::vector<RankedSet> chosen;
  for (const RankedSet& candidate : ranked) {
    const bool known = std::any_of(chosen.begin(), chosen.end(),
                                   [&](const RankedSet& c) { return near(c, candidate); });
    if (!known) chosen.push_back(candidate);
    if (static_cast<int>(chosen.size()) == wanted) break;
  }
  return chosen;
}

bool same_point(const std::vector<double>& a, const std::vector<double>& b) {
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (std::abs(std::log(a[i] / b[i])) > 1e-2) return false;
  }
  return true;
}

std::vector<std::vector<double>> starting_points(const Problem& problem,
                                                 const TauGrid& grid,
                                                 int count,
                                                 const std::vector<double>& previous) {
  const std::vector<double> points = coarse_points(grid, count, problem.moments.size());
  const SetCost cost(problem, grid, points);
  std::vector<std::vector<double>> starts;
  for (const RankedSet& set :
       best_sets(cost, static_cast<int>(points.size()), count, kStartsOfGrid)) {
    starts.emplace_back();
    for (int i : set.members) starts.back().push_back(points[static_cast<std::size_t>(i)]);
  }
  if (static_cast<int>(previous.size()) + 1 != count) return starts;
  std::vector<double> best;
  double best_cost = INFINITY;
  for (double tau : points) {
    std::vector<double> taus = previous;
    taus.push_back(tau);
    std::sort(taus.begin(), taus.end());
    const Solution s = solve(problem, processes_at(grid, problem.layout, taus), false);
    if (s.finite && s.cost < best_cost) {
      best_cost = s.cost;
      best = taus;
    }
  }
  if (!best.empty()) starts.push_back(best);
  return starts;
}

}  // namespace

ConstantRates search_constant_rates(const Problem& problem,
                                    const TauGrid& grid,
                                    std::vector<double> taus,
                                    const std::vector<int>& fixed) {
  std::vector<int> free;
  for (int k = 0; k < static_cast<int>(taus.size()); ++k) {
    if (std::find(fixed.begin(), fixed.end(), k) == fixed.end()) free.push_back(k);
  }
  std::vector<double> start;
  for (int k : free) start.push_back(std::log(taus[static_cast<std::size_t>(k)]));
  const auto place = [&](std::span<const double> x) {
    std::vector<double> out = taus;
    for (std::size_t i = 0; i < free.size(); ++i) {
      out[static_cast<std::size_t>(free[i])] = std::exp(x[i]);
    }
    return out;
  };
  const double low = std::log(grid.low()), high = std::log(grid.high());
  const fit::Objective objective = [&](std::span<const double> x, bool derivatives) {
    fit::NormalEquations normal;
    normal.finite = std::all_of(x.begin(), x.end(), [&](double v) { return v > low && v < high; });
    if (!normal.finite) return normal;
    const Solution s = solve(problem, processes_at(grid, problem.layout, place(x)), derivatives);
    normal.cost = s.cost;
    normal.finite = s.finite;
    if (!derivatives || !s.finite) return normal;
    const Eigen::Map<const Eigen::VectorXi> rows(free.data(),
                                                 static_cast<Eigen::Index>(free.size()));
    normal.hessian = s.information(rows, rows);
    normal.gradient = s.gradient(rows);
    return normal;
  };
  ConstantRates out;
  if (!free.empty()) {
    const fit::LeastSquaresResult result = fit::minimise(
        objective, start, {.iterations = kMostIterations, .function_tolerance = 1e-10});
    taus = place(result.x);
  }
  out.taus = taus;
  if (fixed.empty()) std::sort(out.taus.begin(), out.taus.end());
  out.solution = solve(problem, processes_at(grid, problem.layout, out.taus), true);
  out.starts = out.agreeing = out.solution.finite ? 1 : 0;
  return out;
}

ConstantRates fit_constant_rates(const Problem& problem,
                                 const TauGrid& grid,
                                 int count,
                                 const std::vector<double>& previous) {
  if (count == 0) return search_constant_rates(problem, grid, {});
  ConstantRates best;
  best.solution.cost = INFINITY;
  int usable = 0, agreeing = 0;
  for (const std::vector<double>& start : starting_points(problem, grid, count, previous)) {
    const ConstantRates found = search_constant_rates(problem, grid, start);
    if (!found.solution.finite) continue;
    ++usable;
    const bool merged = agreeing > 0 && same_point(found.taus, best.taus);
    const bool better = found.solution.cost < best.solution.cost;
    agreeing = merged ? agreeing + 1 : (better ? 1 : agreeing);
    if (better) best = found;
  }
  best.starts = usable;
  best.agreeing = agreeing;
  return best;
}

}  // namespace psi_xlstm::tau
