#include "tau/separable.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "core/rng.hpp"
#include "devices/mem3.hpp"
#include "devices/vteam.hpp"
#include "tau/one_process.hpp"
#include "tau/stretched.hpp"

namespace psi_xlstm::tau {
namespace {

Record noisy_bursts(std::uint32_t seed, double offset) {
  Mem3Config config;
  config.duration = 10e-3;
  config.sample_rate = 1e6;
  config.noise = 0;
  config.carrier = 20e3;
  Record record = mem3_record(config, mem3_drive(config));
  // A start away from rest: what is left of it decays with the middle time constant.
  for (std::size_t i = 0; i < record.size(); ++i) {
    record.clean_current[i] +=
        offset * record.voltage[0][i] * std::exp(-record.time[i] / config.taus[1]);
  }
  record.current = {record.clean_current};
  Rng rng(seed);
  add_noise(record, 0.03, rng);
  return record;
}

// chi^2 with the linear unknowns eliminated by a dense QR of all rows.
double dense_cost(const std::vector<Record>& records,
                  const std::vector<double>& taus,
                  bool free_start) {
  Eigen::Index rows = 0;
  for (const Record& r : records) rows += static_cast<Eigen::Index>(r.size());
  const auto K = static_cast<Eigen::Index>(taus.size());
  const auto R = static_cast<Eigen::Index>(records.size());
  Eigen::MatrixXd X = Eigen::MatrixXd::Zero(rows, 1 + K + (free_start ? K * R : 0));
  Eigen::VectorXd y(rows);
  Eigen::Index at = 0;
  for (Eigen::Index r = 0; r < R; ++r) {
    const Record& record = records[static_cast<std::size_t>(r)];
    ColumnStream stream(record, kSquareResponse, taus, false);
    Eigen::VectorXd row(stream.layout().width());
    for (std::size_t i = 0; i < record.size(); ++i, ++at) {
      stream.next({row.data(), static_cast<std::size_t>(row.size())});
      y[at] = row[0];
      X(at, 0) = row[1];
      X.row(at).segment(1, K) = row.segment(stream.layout().response(), K);
      if (free_start) X.row(at).segment(1 + K + r * K, K) = row.segment(stream.layout().start(), K);
    }
  }
  return (y - X * X.colPivHouseholderQr().solve(y)).squaredNorm();
}

Problem exact_problem(const std::vector<Record>& records,
                      const std::vector<double>& taus,
                      bool free_start) {
  Problem problem{.layout = {}, .moments = {}, .curved = false, .free_start = free_start};
  for (const Record& record : records) {
    const RecordMoments m = moments(record, kSquareResponse, taus, true);
    problem.layout = m.layout;
    problem.moments.push_back(m.total());
  }
  return problem;
}

Solution exact_solution(const std::vector<Record>& records,
                        const std::vector<double>& taus,
                        bool free_start) {
  const Problem problem = exact_problem(records, taus, free_start);
  std::vector<Process> processes;
  for (int k = 0; k < static_cast<int>(taus.size()); ++k) {
    processes.push_back(exact_process(problem.layout, k));
  }
  return solve(problem, processes, true);
}

TEST(Solve, HasTheCostOfADenseLeastSquares) {
  const std::vector<Record> records = {noisy_bursts(1, 0), noisy_bursts(2, 3e-4)};
  const std::vector<double> taus = {0.3e-3, 2e-3};
  for (bool free_start : {false, true}) {
    const double expected = dense_cost(records, taus, free_start);
    EXPECT_NEAR(exact_solution(records, taus, free_start).cost, expected, 1e-8 * expected);
  }
}

// Half of d chi^2 / d ln tau, and what is left of it at once by another evaluation.
TEST(Solve, GradientMatchesFiniteDifferences) {
  const std::vector<Record> records = {noisy_bursts(1, 0), noisy_bursts(2, 3e-4)};
  const std::vector<double> taus = {0.3e-3, 2e-3};
  const double d = 1e-4;
  for (bool free_start : {false, true}) {
    const Solution s = exact_solution(records, taus, free_start);
    for (std::size_t k = 0; k < taus.size(); ++k) {
      std::vector<double> up = taus, down = taus;
      up[k] *= std::exp(d);
      down[k] *= std::exp(-d);
      const double slope = (exact_solution(records, up, free_start).cost -
                            exact_solution(records, down, free_start).cost) /
                           (4 * d);
      EXPECT_NEAR(s.gradient[static_cast<int>(k)], slope, 1e-4 * std::abs(slope));
    }
  }
}

TEST(Solve, OnTheGridIsAsGoodAsOnAllSamples) {
  const std::vector<Record> records = {noisy_bursts(1, 0)};
  const TauGrid grid = grid_for(records);
  const RecordMoments m = moments(records[0], kSquareResponse, grid.taus, false, 3);
  const Problem problem{
      .layout = m.layout, .moments = {m.total()}, .curved = false, .free_start = false};
  for (double tau : {3e-6, 0.41e-3, 9e-3}) {
    const Solution exact = exact_solution(records, {tau}, false);
    const Solution found = solve(problem, {grid_process(grid, m.layout, tau)}, true);
    EXPECT_NEAR(found.cost / exact.cost, 1, 5e-6) << tau;
    EXPECT_NEAR(found.gradient[0] / exact.gradient[0], 1, 3e-3) << tau;
    EXPECT_NEAR(found.information(0, 0) / exact.information(0, 0), 1, 3e-3) << tau;
  }
}

TEST(Solve, SurvivesColumnsThatDependOnEachOther) {
  const std::vector<Record> records = {noisy_bursts(1, 0)};
  const double single = exact_solution(records, {1e-3}, false).cost;
  const Solution twice = exact_solution(records, {1e-3, 1e-3}, false);
  ASSERT_TRUE(twice.finite);
  EXPECT_NEAR(twice.cost, single, 1e-9 * single);
}

// exp(-sqrt(t)) has the density exp(-1/(4u)) / (2 sqrt(pi) u^(3/2)).
TEST(StretchedDensity, MatchesItsClosedFormAtOneHalf) {
  for (double u : {0.02, 0.1, 0.5, 3.0, 100.0}) {
    const double f = std::exp(-1 / (4 * u)) / (2 * std::sqrt(M_PI) * std::pow(u, 1.5));
    EXPECT_NEAR(stretched_density(0.5, std::log(u)), u * f, 5e-6 * u * f) << u;
  }
}

TEST(StretchedWeights, AddUpToTheStretchedExponential) {
  const TauGrid grid = [] {
    TauGrid g;
    for (int i = 0; i < 97; ++i) g.taus.push_back(std::pow(10.0, -8 + i / 8.0));
    return g;
  }();
  for (double beta : {0.4, 0.5, 0.8}) {
    const Eigen::VectorXd w = stretched_weights(grid, 1e-3, beta);
    for (double t : {1e-5, 1e-4, 1e-3, 5e-3}) {
      double sum = 0;
      for (std::size_t i = 0; i < grid.taus.size(); ++i) {
        sum += w[static_cast<int>(i)] * std::exp(-t / grid.taus[i]);
      }
      EXPECT_NEAR(sum, std::exp(-std::pow(t / 1e-3, beta)), 3e-4) << beta << " " << t;
    }
  }
}

}  // namespace
}  // namespace psi_xlstm::tau
