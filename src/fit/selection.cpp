#include "fit/selection.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <mutex>
#include <span>
#include <utility>

#include "core/parallel.hpp"
#include "core/seed.hpp"
#include "fit/falling_current.hpp"
#include "fit/schedule.hpp"
#include "metrics/statistics.hpp"
#include "psi_xlstm/core/error.hpp"

namespace psi_xlstm::fit {
namespace {

// One fit of one shape.
struct Attempt {
  std::size_t shape = 0;
  FitConfig config;
  TrainingResult training;
  CandidateReport report;
  double error_along_records = 0;  ///< Standard error of the validation error along the records.
  bool falls = false;              ///< The current falls with the voltage (falling_voltage()).
  bool left_out = false;           ///< Is not chosen and says nothing about its shape.
};

constexpr int kFitsPerShape = 3;

void judge(const Dataset& dataset, const StartOptions& starts, Attempt& attempt) {
  CandidateReport& report = attempt.report;
  report.shape = attempt.config.student;
  report.parameters = attempt.training.network.parameter_count();
  report.chi2_per_sample = attempt.training.chi2_per_sample;
  report.validation_mse = std::numeric_limits<double>::infinity();
  if (!attempt.training.usable) return;
  const std::vector<Prediction> predictions =
      predict(attempt.training.network, dataset, dataset.split.validation, starts, true);
  attempt.falls = falling_voltage(attempt.training.network).has_value();
  const double mse = score(dataset, predictions).mse.value_or(report.validation_mse);
  report.validation_mse = mse;
  constexpr int kPieces = 10;
  const std::vector<double> pieces = piecewise_mse(dataset, predictions, kPieces);
  attempt.error_along_records = summarize(pieces).standard_error.value_or(0);
}

// The curriculum that reached the lowest cost on one shape with states; whole records at equal
// cost.
Curriculum better_curriculum(const std::vector<TrainingRecord>& records,
                             const FitConfig& config,
                             int threads) {
  constexpr double kClearly = 0.5;
  FitConfig probe = config;
  probe.student.states = probe.student.rates = 1;
  probe.student.features = 8;
  probe.student.static_features = 4;
  probe.refine = {{.decimation = 32, .iterations = 1}};
  double whole = std::numeric_limits<double>::infinity(), windows = whole;
  for (const StartReport& start : train(records, probe, "probe", threads).starts) {
    double& best = start.curriculum == Curriculum::kWindows ? windows : whole;
    best = std::min(best, start.chi2_per_sample);
  }
  return windows < kClearly * whole ? Curriculum::kWindows : Curriculum::kWhole;
}

// Whether a static curve beats a resistor on the validation records: whether I(V) bends at all.
bool is_curved(const Dataset& dataset,
               const std::vector<TrainingRecord>& records,
               const FitConfig& config,
               const StartOptions& starts) {
  constexpr double kClearly = 0.9;
  const auto validation_error = [&](int static_features) {
    Attempt attempt;
    attempt.config = config;
    attempt.config.student.states = 0;
    attempt.config.student.static_features = static_features;
    attempt.config.curriculum = Curriculum::kWhole;
    attempt.training = train(records, attempt.config, "probe");
    judge(dataset, starts, attempt);
    return attempt.report.validation_mse;
  };
  return validation_error(4) < kClearly * validation_error(0);
}

// Without the shapes that have a static curve and states, where there is nothing to bend.
std::vector<StudentShape> worth_trying(std::vector<StudentShape> shapes, bool curved) {
  std::vector<StudentShape> kept = shapes;
  std::erase_if(kept, [&](const StudentShape& shape) {
    return !curved && shape.states > 0 && shape.static_features > 0;
  });
  return kept.empty() ? std::move(shapes) : kept;
}

// Middle error of the fits of each shape; the scatter between fits is the step from the best to the
// middle one, since a fit that got stuck says little about the shape.
void score_shapes(std::size_t shapes, std::vector<Attempt>& attempts) {
  for (std::size_t shape = 0; shape < shapes; ++shape) {
    std::vector<const Attempt*> fits;
    for (const Attempt& a : attempts) {
      if (a.shape == shape && !a.left_out) fits.push_back(&a);
    }
    if (fits.empty()) continue;
    std::sort(fits.begin(), fits.end(), [](const Attempt* a, const Attempt* b) {
      return a->report.validation_mse < b->report.validation_mse;
    });
    const Attempt& middle = *fits[fits.size() / 2];
    const double score = middle.report.validation_mse, along = middle.error_along_records;
    const double between = score - fits.front()->report.validation_mse;
    const double error = std::isfinite(score) ? std::hypot(along, between) : 0;
    for (Attempt& a : attempts) {
      if (a.shape != shape) continue;
      a.report.shape_score = score;
      a.report.shape_standard_error = error;
    }
  }
}

double best_score(const std::vector<Attempt>& attempts) {
  double best = std::numeric_limits<double>::infinity();
  for (const Attempt& a : attempts) {
    if (!a.left_out) best = std::min(best, a.report.shape_score);
  }
  return best;
}

void score_without_falling(std::size_t shapes, std::vector<Attempt>& attempts) {
  score_shapes(shapes, attempts);
  const double best = best_score(attempts);
  for (Attempt& a : attempts) a.left_out = a.falls;
  score_shapes(shapes, attempts);
  if (leaves_out_falling(best_score(attempts), best)) return;
  for (Attempt& a : attempts) a.left_out = false;
  score_shapes(shapes, attempts);
}

std::vector<Attempt>::iterator choose(std::vector<Attempt>& all) {
  const auto kept =
      std::stable_partition(all.begin(), all.end(), [](const Attempt& a) { return !a.left_out; });
  const std::span<Attempt> attempts(all.begin(), kept);
  const auto best =
      std::min_element(attempts.begin(), attempts.end(), [](const Attempt& a, const Attempt& b) {
        return a.report.shape_score < b.report.shape_score;
      });
  const double limit = best->report.shape_score + best->report.shape_standard_error;
  auto simplest = best;
  for (auto it = attempts.begin(); it != attempts.end(); ++it) {
    if (it->report.shape_score <= limit && simpler(it->report, simplest->report)) simplest = it;
  }
  // The validation records cannot tell these fits apart; the training records may.
  const double close = simplest->report.validation_mse + simplest->report.shape_standard_error;
  auto chosen = simplest;
  for (auto it = attempts.begin(); it != attempts.end(); ++it) {
    if (it->shape == simplest->shape && it->report.validation_mse <= close &&
        it->report.chi2_per_sample < chosen->report.chi2_per_sample) {
      chosen = it;
    }
  }
  return all.begin() + (chosen - attempts.begin());
}

// Goes on with the fits of one shape, which were tried on thinned records.
void refine_shape(std::size_t shape,
                  const Dataset& dataset,
                  const std::vector<TrainingRecord>& records,
                  const SelectionRequest& request,
                  std::vector<Attempt>& attempts) {
  std::vector<Attempt*> fits;
  for (Attempt& attempt : attempts) {
    if (attempt.shape == shape && attempt.training.usable) fits.push_back(&attempt);
  }
  for_each_index(static_cast<int>(fits.size()), request.threads, [&](int i) {
    Attempt& attempt = *fits[static_cast<std::size_t>(i)];
    attempt.training = refined(records, attempt.config, attempt.training);
    judge(dataset, request.starts, attempt);
  });
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
    for (int m : {3, 8}) add(1, m, curve);
    if (curve == 0) add(1, 12, curve);
    for (int s : {2, 3}) add(s, 6, curve);
    if (states > 3) add(states, 6, curve);
  }
  return shapes;
}

bool simpler(const CandidateReport& a, const CandidateReport& b) {
  if (a.parameters != b.parameters) return a.parameters < b.parameters;
  return a.validation_mse < b.validation_mse;
}

Candidates worth_fitting(const Dataset& dataset,
                         const std::vector<TrainingRecord>& records,
                         const SelectionRequest& request) {
  const FitConfig& config = request.config;
  const bool curved = is_curved(dataset, records, config, request.starts);
  Candidates out{.shapes = worth_trying(request.shapes, curved), .config = config};
  const bool dynamic = std::any_of(out.shapes.begin(), out.shapes.end(),
                                   [](const StudentShape& shape) { return shape.states > 0; });
  if (dynamic && config.curriculum == Curriculum::kBoth) {
    out.config.curriculum = better_curriculum(records, config, request.threads);
  }
  return out;
}

FitConfig fit_config(const FitConfig& base, const StudentShape& shape, int fit) {
  FitConfig config = base;
  config.student = shape;
  config.seed = derived_seed(base.seed, 1000, fit);
  return config;
}

bool leaves_out_falling(double not_falling, double all) {
  constexpr double kFar = 4;
  return std::isfinite(not_falling) && not_falling <= kFar * all;
}

SelectionResult select(const Dataset& dataset, const SelectionRequest& request) {
  if (dataset.split.train.empty() || dataset.split.validation.empty()) {
    throw DataError("selection: expected training and validation records, found none");
  }
  const std::vector<TrainingRecord> records =
      training_records(dataset, dataset.split.train, request.starts);
  auto [shapes, base] = worth_fitting(dataset, records, request);
  base.thinning = thinning_of_trials(records);
  std::vector<Attempt> attempts;
  for (std::size_t i = 0; i < shapes.size(); ++i) {
    for (int fit = 0; fit < (shapes[i].states == 0 ? 1 : kFitsPerShape); ++fit) {
      Attempt attempt{.shape = i, .config = fit_config(base, shapes[i], fit)};
      attempts.push_back(std::move(attempt));
    }
  }
  std::mutex mutex;
  int done = 0;
  for_each_index(static_cast<int>(attempts.size()), request.threads, [&](int i) {
    Attempt& attempt = attempts[static_cast<std::size_t>(i)];
    attempt.training = train(records, attempt.config, request.name);
    judge(dataset, request.starts, attempt);
    const std::lock_guard lock(mutex);
    request.progress(++done, static_cast<int>(attempts.size()), attempt.report);
  });

  score_without_falling(shapes.size(), attempts);
  auto chosen = choose(attempts);
  if (base.thinning > 1) {
    refine_shape(chosen->shape, dataset, records, request, attempts);
    score_without_falling(shapes.size(), attempts);
    chosen = choose(attempts);
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
