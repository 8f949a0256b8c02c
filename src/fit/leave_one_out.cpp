#include "fit/leave_one_out.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <mutex>
#include <utility>

#include "core/index.hpp"
#include "core/parallel.hpp"
#include "core/seed.hpp"
#include "metrics/statistics.hpp"
#include "psi_xlstm/core/error.hpp"

namespace psi_xlstm::fit {
namespace {

constexpr int kFitsToAll = 3;

// One shape, fitted without each record.
struct ShapeFits {
  std::vector<LeftOut> parts;
  CandidateReport report;
};

FitConfig config_of(const FitConfig& base, const StudentShape& shape, int fit) {
  FitConfig config = base;
  config.student = shape;
  config.seed = derived_seed(base.seed, 1000, fit);
  return config;
}

LeftOut fit_without(const Dataset& dataset,
                    int left_out,
                    const FitConfig& config,
                    const StartOptions& starts,
                    const std::string& name) {
  const Dataset others = without(dataset, left_out);
  LeftOut out;
  out.training = train(training_records(others, others.split.train, starts), config, name);
  if (!out.training.usable) return out;
  out.prediction = predict(out.training.network, others, {left_out}, starts, true).front();
  out.baselines = fit_baselines(others, {out.prediction});
  return out;
}

// The error over all records together, with its scatter along them.
void judge_shape(const Dataset& dataset, ShapeFits& shape) {
  constexpr int kPieces = 10;
  CandidateReport& report = shape.report;
  report.validation_mse = report.shape_score = std::numeric_limits<double>::infinity();
  std::vector<Prediction> predictions;
  for (const LeftOut& part : shape.parts) {
    if (!part.training.usable) return;
    predictions.push_back(part.prediction);
    report.chi2_per_sample +=
        part.training.chi2_per_sample / static_cast<double>(shape.parts.size());
  }
  report.parameters = shape.parts.front().training.network.parameter_count();
  report.validation_mse = report.shape_score =
      score(dataset, predictions).mse.value_or(report.validation_mse);
  const std::vector<double> pieces = piecewise_mse(dataset, predictions, kPieces);
  report.shape_standard_error = summarize(pieces).standard_error.value_or(0);
}

std::size_t choose_shape(const std::vector<ShapeFits>& shapes) {
  std::size_t best = 0;
  for (std::size_t i = 1; i < shapes.size(); ++i) {
    if (shapes[i].report.shape_score < shapes[best].report.shape_score) best = i;
  }
  const CandidateReport& least = shapes[best].report;
  std::size_t chosen = best;
  for (std::size_t i = 0; i < shapes.size(); ++i) {
    const CandidateReport& report = shapes[i].report;
    if (report.shape_score > least.shape_score + least.shape_standard_error) continue;
    if (simpler(report, shapes[chosen].report)) chosen = i;
  }
  return chosen;
}

TrainingResult fit_to_all(const std::vector<TrainingRecord>& records,
                          const FitConfig& base,
                          const StudentShape& shape,
                          const std::string& name,
                          int threads) {
  std::vector<TrainingResult> fits(shape.states == 0 ? 1 : kFitsToAll);
  for_each_index(static_cast<int>(fits.size()), threads, [&](int fit) {
    fits[at(fit)] = train(records, config_of(base, shape, fit), name);
  });
  const auto cost = [](const TrainingResult& t) {
    return t.usable ? t.chi2_per_sample : std::numeric_limits<double>::infinity();
  };
  const auto best = std::min_element(
      fits.begin(), fits.end(), [&](const auto& a, const auto& b) { return cost(a) < cost(b); });
  return std::move(*best);
}

}  // namespace

Dataset without(const Dataset& dataset, int left_out) {
  Dataset out = dataset;
  out.leave_one_out = false;
  std::erase(out.split.train, left_out);
  std::erase(out.split.validation, left_out);
  out.split.test = {left_out};
  return out;
}

LeaveOneOutResult leave_one_out(const Dataset& dataset,
                                const std::vector<StudentShape>& wanted,
                                const FitConfig& config,
                                const StartOptions& starts,
                                const std::string& name,
                                int threads,
                                const SelectionProgress& progress) {
  const int records = static_cast<int>(dataset.records.size());
  if (records < 2) {
    throw DataError(fmt::format("leave one out: expected two records or parts, found {}", records));
  }
  const auto all = training_records(dataset, dataset.split.train, starts);
  Candidates candidates{.shapes = wanted, .config = config};
  if (wanted.size() > 1) {
    candidates = worth_fitting(dataset, all, wanted, config, starts, threads);
  }
  std::vector<ShapeFits> shapes(candidates.shapes.size());
  for (std::size_t i = 0; i < shapes.size(); ++i) {
    shapes[i].parts.resize(at(records));
    shapes[i].report.shape = candidates.shapes[i];
  }
  std::mutex mutex;
  std::vector<int> parts_done(shapes.size());
  int done = 0;
  for_each_index(static_cast<int>(shapes.size()) * records, threads, [&](int task) {
    const std::size_t i = at(task / records);
    const int left_out = task % records;
    const FitConfig one = config_of(candidates.config, candidates.shapes[i], 0);
    shapes[i].parts[at(left_out)] = fit_without(dataset, left_out, one, starts, name);
    const std::lock_guard lock(mutex);
    if (++parts_done[i] < records) return;
    judge_shape(dataset, shapes[i]);
    progress(++done, static_cast<int>(shapes.size()), shapes[i].report);
  });

  const std::size_t chosen = choose_shape(shapes);
  shapes[chosen].report.chosen = true;
  LeaveOneOutResult result;
  result.selection.shape = candidates.shapes[chosen];
  for (const ShapeFits& shape : shapes) result.selection.candidates.push_back(shape.report);
  std::stable_sort(result.selection.candidates.begin(), result.selection.candidates.end(), simpler);
  result.selection.training =
      fit_to_all(all, candidates.config, result.selection.shape, name, threads);
  if (std::isfinite(shapes[chosen].report.shape_score)) {
    result.parts = std::move(shapes[chosen].parts);
  }
  return result;
}

}  // namespace psi_xlstm::fit
