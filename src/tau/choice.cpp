#include "tau/choice.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include "psi_xlstm/core/error.hpp"

namespace psi_xlstm::tau {
namespace {

constexpr int kFolds = 4;
constexpr int kQuickProcesses = 3;  // Enough to tell one class of response from another.

std::vector<bool> starts_to_try(StartKnowledge start) {
  if (start == StartKnowledge::kRest) return {false};
  if (start == StartKnowledge::kUnknown) return {true};
  return {false, true};
}

// Constant rates for K = 0 .. most, and their criteria.
struct Series {
  bool curved = false, free_start = false;
  std::vector<ConstantRates> fits;
  std::vector<double> bic;

  std::size_t best() const {
    return static_cast<std::size_t>(std::min_element(bic.begin(), bic.end()) - bic.begin());
  }
  double best_bic() const { return bic[best()]; }
};

Series fit_series(const PreparedRecords& records, bool curved, bool free_start, int most) {
  Series out{.curved = curved, .free_start = free_start, .fits = {}, .bic = {}};
  const Problem problem = records.problem(curved, free_start);
  for (int k = 0; k <= most; ++k) {
    const std::vector<double> previous = k > 0 ? out.fits.back().taus : std::vector<double>();
    out.fits.push_back(fit_constant_rates(problem, records.grid, k, previous));
    out.bic.push_back(records.bic(problem, out.fits.back().solution, k, k));
  }
  return out;
}

// The noise of every record from what `solution` leaves over.
void update_variances(PreparedRecords& records, const Solution& solution) {
  for (std::size_t r = 0; r < records.variances.size(); ++r) {
    const double per_sample = solution.record_costs[r] / records.moments[r].count();
    records.variances[r] *= std::max(per_sample, 1e-24);
  }
}

// The class of response that explains the records best, with what was prepared for it.
PreparedRecords best_response(const std::vector<Record>& records, const ChoiceOptions& options) {
  std::vector<Response> responses = all_responses();
  if (options.response) responses = {*options.response};
  PreparedRecords best;
  double best_bic = INFINITY;
  for (const Response& response : responses) {
    PreparedRecords prepared = prepare(records, response);
    for (bool free_start : starts_to_try(options.start)) {
      const Series series = fit_series(prepared, false, free_start, kQuickProcesses);
      if (series.best_bic() < best_bic) {
        best_bic = series.best_bic();
        best = prepared;
        update_variances(best, series.fits[series.best()].solution);
      }
    }
  }
  if (best.moments.empty()) throw DataError("tau: expected numbers of ordinary size, found others");
  return best;
}

// chi^2 per sample of each fold's samples under a fit of the other folds.
double held_out_error(const PreparedRecords& records, const Series& series, std::size_t k) {
  double cost = 0;
  for (int fold = 0; fold < kFolds; ++fold) {
    const Problem others = records.fold_problem(series.curved, series.free_start, fold, false);
    const Problem own = records.fold_problem(series.curved, series.free_start, fold, true);
    const ConstantRates fit = search_constant_rates(others, records.grid, series.fits[k].taus);
    if (!fit.solution.finite) return INFINITY;
    for (std::size_t r = 0; r < own.moments.size(); ++r) {
      const Eigen::VectorXd& left = fit.solution.residual_columns[r];
      cost += left.dot(own.moments[r] * left);
    }
  }
  return cost / records.samples();
}

}  // namespace

int PreparedRecords::samples() const {
  int sum = 0;
  for (const RecordMoments& m : moments) sum += m.count();
  return sum;
}

Problem PreparedRecords::problem(bool curved, bool free_start) const {
  Problem out{
      .layout = moments.front().layout, .moments = {}, .curved = curved, .free_start = free_start};
  for (std::size_t r = 0; r < moments.size(); ++r) {
    out.moments.emplace_back(moments[r].total() / variances[r]);
  }
  return out;
}

Problem PreparedRecords::fold_problem(bool curved, bool free_start, int fold, bool held_out) const {
  Problem out = problem(curved, free_start);
  for (std::size_t r = 0; r < moments.size(); ++r) {
    const Eigen::MatrixXd own = moments[r].folds[static_cast<std::size_t>(fold)] / variances[r];
    if (held_out) {
      out.moments[r] = own;
    } else {
      out.moments[r] -= own;
    }
  }
  return out;
}

double PreparedRecords::bic(const Problem& problem,
                            const Solution& solution,
                            int processes,
                            int searched) const {
  if (!solution.finite) return INFINITY;
  double sum = 0;
  for (std::size_t r = 0; r < moments.size(); ++r) {
    const auto n = static_cast<double>(moments[r].count());
    sum += n * std::log(std::max(solution.record_costs[r] / n, 1e-300) * variances[r]);
  }
  return sum + unknown_count(problem, processes, searched) * std::log(samples());
}

PreparedRecords prepare(const std::vector<Record>& records, const Response& response) {
  PreparedRecords out{
      .response = response, .grid = grid_for(records), .moments = {}, .variances = {}};
  for (const Record& record : records) {
    out.moments.push_back(moments(record, response, out.grid.taus, false, kFolds));
    out.variances.push_back(out.moments.back().total()(0, 0) / out.moments.back().count());
  }
  return out;
}

Choice choose_memory(const std::vector<Record>& records, const ChoiceOptions& options) {
  if (records.empty()) throw DataError("tau: expected at least one record, found none");
  for (const Record& record : records) check_record(record, "tau");
  Choice out;
  out.records = best_response(records, options);
  Series best;
  double best_bic = INFINITY;
  for (bool curved : {false, true}) {
    for (bool free_start : starts_to_try(options.start)) {
      Series series = fit_series(out.records, curved, free_start, kMostProcesses);
      if (series.best_bic() >= best_bic) continue;
      best_bic = series.best_bic();
      best = std::move(series);
    }
  }
  if (best.fits.empty()) throw DataError("tau: expected numbers of ordinary size, found others");
  update_variances(out.records, best.fits[best.best()].solution);
  best = fit_series(out.records, best.curved, best.free_start, kMostProcesses);
  for (std::size_t k = 0; k < best.fits.size(); ++k) {
    out.held_out.push_back(held_out_error(out.records, best, k));
  }
  out.processes = static_cast<int>(best.best());
  // One process less wherever the last one does not help on samples that were held out.
  while (out.processes > 0 && out.held_out[static_cast<std::size_t>(out.processes)] >
                                  out.held_out[static_cast<std::size_t>(out.processes - 1)]) {
    --out.processes;
  }
  out.curved = best.curved;
  out.free_start = best.free_start;
  out.bic = best.bic;
  out.fits = std::move(best.fits);
  const Problem problem = out.records.problem(out.curved, out.free_start);
  out.stretched = fit_stretched(problem, out.records.grid);
  out.stretched_bic = out.records.bic(problem, out.stretched.solution, 1, 2);
  return out;
}

}  // namespace psi_xlstm::tau
