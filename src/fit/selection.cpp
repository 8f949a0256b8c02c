#include "psi_xlstm/fit/selection.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <mutex>
#include <utility>

#include "psi_xlstm/core/error.hpp"
#include "psi_xlstm/fit/parallel.hpp"
#include "psi_xlstm/metrics/statistics.hpp"

namespace psi_xlstm::fit {
namespace {

// One fit of one shape.
struct Attempt {
  std::size_t shape = 0;
  FitConfig config;
  TrainingResult training;
  CandidateReport report;
};

constexpr int kFitsPerShape = 2;

void judge(const Dataset& dataset, const StartOptions& starts, Attempt& attempt) {
  CandidateReport& report = attempt.report;
  report.shape = attempt.config.student;
  report.parameters = attempt.training.network.parameter_count();
  report.chi2_per_sample = attempt.training.chi2_per_sample;
  report.validation_mse = std::numeric_limits<double>::infinity();
  if (!attempt.training.usable) return;
  const std::vector<Prediction> predictions =
      predict(attempt.training.network, dataset, dataset.split.validation, starts, true);
  const double mse = score(dataset, predictions).mse.value_or(report.validation_mse);
  report.validation_mse = mse;
  constexpr int kPieces = 10;
  const std::vector<double> pieces = piecewise_mse(dataset, predictions, kPieces);
  report.validation_standard_error = summarize(pieces).standard_error.value_or(0);
}

bool simpler(const CandidateReport& a, const CandidateReport& b) {
  if (a.parameters != b.parameters) return a.parameters < b.parameters;
  return a.validation_mse < b.validation_mse;
}

}  // namespace

std::vector<StudentShape> candidate_shapes(const StudentShape& base, int states, int features) {
  std::vector<StudentShape> shapes;
  const auto add = [&](int s, int m, int curve) {
    if (states >= 0 && s != states) return;
    StudentShape shape = base;
    shape.states = s;
    shape.rates = std::max(1, s);
    shape.features = features > 0 ? features : m;
    shape.static_features = curve;
    for (const StudentShape& other : shapes) {
      if (other.states == shape.states && other.features == shape.features &&
          other.static_features == curve) {
        return;
      }
    }
    shapes.push_back(shape);
  };
  for (int curve : {0, 4}) {
    if (states <= 0) add(0, 1, curve);
    for (int m : {3, 8, 12}) add(1, m, curve);
    for (int s : {2, 3}) add(s, 6, curve);
    if (states > 3) add(states, 6, curve);
  }
  return shapes;
}

SelectionResult select(const Dataset& dataset,
                       const std::vector<StudentShape>& shapes,
                       const FitConfig& config,
                       const StartOptions& starts,
                       const std::string& name,
                       int threads,
                       const SelectionProgress& progress) {
  if (dataset.split.train.empty() || dataset.split.validation.empty()) {
    throw DataError("selection: expected training and validation records, found none");
  }
  const std::vector<TrainingRecord> records =
      training_records(dataset, dataset.split.train, starts);
  std::vector<Attempt> attempts;
  for (std::size_t i = 0; i < shapes.size(); ++i) {
    for (int fit = 0; fit < (shapes[i].states == 0 ? 1 : kFitsPerShape); ++fit) {
      Attempt attempt{.shape = i, .config = config};
      attempt.config.student = shapes[i];
      attempt.config.seed = config.seed + 1000 * fit;
      attempts.push_back(std::move(attempt));
    }
  }
  std::mutex mutex;
  int done = 0;
  for_each_index(static_cast<int>(attempts.size()), threads, [&](int i) {
    Attempt& attempt = attempts[static_cast<std::size_t>(i)];
    attempt.training = train(records, attempt.config, name);
    judge(dataset, starts, attempt);
    const std::lock_guard lock(mutex);
    progress(++done, static_cast<int>(attempts.size()), attempt.report);
  });

  const auto best = std::min_element(
      attempts.begin(), attempts.end(), [](const Attempt& a, const Attempt& b) {
        return a.report.validation_mse < b.report.validation_mse;
      });
  const double limit = best->report.validation_mse + best->report.validation_standard_error;
  auto chosen = best;
  for (auto it = attempts.begin(); it != attempts.end(); ++it) {
    if (it->report.validation_mse <= limit && simpler(it->report, chosen->report)) chosen = it;
  }
  chosen->report.chosen = true;
  SelectionResult result;
  result.shape = chosen->config.student;
  for (const Attempt& attempt : attempts) result.candidates.push_back(attempt.report);
  std::stable_sort(result.candidates.begin(), result.candidates.end(), simpler);
  result.training = std::move(chosen->training);
  return result;
}

}  // namespace psi_xlstm::fit
