#include "fit/leave_one_out.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <mutex>
#include <utility>

#include "core/index.hpp"
#include "core/parallel.hpp"
#include "fit/falling_current.hpp"
#include "metrics/statistics.hpp"
#include "psi_xlstm/core/error.hpp"

namespace psi_xlstm::fit {
namespace {

constexpr int kFitsToAll = 3;

// One shape, fitted without each record.
struct ShapeFits {
  std::vector<LeftOut> parts;
  CandidateReport report;
  bool falls = false;  // The current of any part's model falls with the voltage.
};

// What is fitted without one record, and where the model is judged.
struct Part {
  Dataset dataset;
  std::vector<TrainingRecord> training;
};

LeftOut fit_without(const Part& part, const FitConfig& config, const SelectionRequest& request) {
  LeftOut out{.training = train(part.training, config, request.name), .prediction = {}};
  if (!out.training.usable) return out;
  const std::vector<int>& judged = part.dataset.split.test;
  out.prediction =
      predict(out.training.network, part.dataset, judged, request.starts, true).front();
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
    shape.falls = shape.falls || falling_voltage(part.training.network).has_value();
    report.chi2_per_sample +=
        part.training.chi2_per_sample / static_cast<double>(shape.parts.size());
  }
  report.parameters = shape.parts.front().training.network.parameter_count();
  report.validation_mse = report.shape_score =
      score(dataset, predictions).mse.value_or(report.validation_mse);
  const std::vector<double> pieces = piecewise_mse(dataset, predictions, kPieces);
  report.shape_standard_error = summarize(pieces).standard_error.value_or(0);
}

double least_score(const std::vector<ShapeFits>& shapes, bool with_falling) {
  double least = std::numeric_limits<double>::infinity();
  for (const ShapeFits& s : shapes) {
    if (with_falling || !s.falls) least = std::min(least, s.report.shape_score);
  }
  return least;
}

// The simplest shape within a standard error of the best one.
std::size_t choose_shape(const std::vector<ShapeFits>& shapes) {
  const bool keep_falling =
      !leaves_out_falling(least_score(shapes, false), least_score(shapes, true));
  const double least = least_score(shapes, keep_falling);
  std::size_t best = 0;
  while (shapes[best].report.shape_score > least || (shapes[best].falls && !keep_falling)) ++best;
  const double limit = least + shapes[best].report.shape_standard_error;
  std::size_t chosen = best;
  for (std::size_t i = 0; i < shapes.size(); ++i) {
    const CandidateReport& report = shapes[i].report;
    if (report.shape_score > limit || (shapes[i].falls && !keep_falling)) continue;
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
    fits[at(fit)] = train(records, fit_config(base, shape, fit), name);
  });
  const auto cost = [](const TrainingResult& t, bool with_falling) {
    const bool counts = t.usable && (with_falling || !falling_voltage(t.network));
    return counts ? t.chi2_per_sample : std::numeric_limits<double>::infinity();
  };
  const auto least = [&](bool with_falling) {
    return std::min_element(fits.begin(), fits.end(), [&](const auto& a, const auto& b) {
      return cost(a, with_falling) < cost(b, with_falling);
    });
  };
  const auto standing = least(false), any = least(true);
  return std::move(leaves_out_falling(cost(*standing, false), cost(*any, true)) ? *standing : *any);
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

LeaveOneOutResult leave_one_out(const Dataset& dataset, const SelectionRequest& request) {
  const int records = static_cast<int>(dataset.records.size());
  if (records < 2) {
    throw DataError(fmt::format("leave one out: expected two records or parts, found {}", records));
  }
  const auto all = training_records(dataset, dataset.split.train, request.starts);
  Candidates candidates{.shapes = request.shapes, .config = request.config};
  if (request.shapes.size() > 1) candidates = worth_fitting(dataset, all, request);
  std::vector<Part> without_one;
  for (int left_out = 0; left_out < records; ++left_out) {
    without_one.push_back({.dataset = without(dataset, left_out), .training = {}});
    Part& part = without_one.back();
    part.training = training_records(part.dataset, part.dataset.split.train, request.starts);
  }
  std::vector<ShapeFits> shapes(candidates.shapes.size());
  for (std::size_t i = 0; i < shapes.size(); ++i) {
    shapes[i].parts.resize(at(records));
    shapes[i].report.shape = candidates.shapes[i];
  }
  std::mutex mutex;
  std::vector<int> parts_done(shapes.size());
  int done = 0;
  for_each_index(static_cast<int>(shapes.size()) * records, request.threads, [&](int task) {
    const std::size_t i = at(task / records);
    const int left_out = task % records;
    const FitConfig one = fit_config(candidates.config, candidates.shapes[i], 0);
    shapes[i].parts[at(left_out)] = fit_without(without_one[at(left_out)], one, request);
    const std::lock_guard lock(mutex);
    if (++parts_done[i] < records) return;
    judge_shape(dataset, shapes[i]);
    request.progress(++done, static_cast<int>(shapes.size()), shapes[i].report);
  });

  const std::size_t chosen = choose_shape(shapes);
  shapes[chosen].report.chosen = true;
  LeaveOneOutResult result;
  result.selection.shape = candidates.shapes[chosen];
  for (const ShapeFits& shape : shapes) result.selection.candidates.push_back(shape.report);
  std::stable_sort(result.selection.candidates.begin(), result.selection.candidates.end(), simpler);
  result.selection.training =
      fit_to_all(all, candidates.config, result.selection.shape, request.name, request.threads);
  if (std::isfinite(shapes[chosen].report.shape_score)) {
    result.parts = std::move(shapes[chosen].parts);
  }
  return result;
}

}  // namespace psi_xlstm::fit
