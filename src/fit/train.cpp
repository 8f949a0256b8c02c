#include "fit/train.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "core/parallel.hpp"
#include "fit/falling_penalty.hpp"
#include "fit/least_squares.hpp"
#include "fit/schedule.hpp"
#include "fit/sensitivity.hpp"
#include "metrics/statistics.hpp"
#include "psi_xlstm/core/error.hpp"

namespace psi_xlstm::fit {
namespace {

// A start under way: parameters and corrections of ln g0.
struct Candidate {
  Curriculum curriculum = Curriculum::kWhole;
  std::vector<double> x;
  double chi2_per_sample = std::numeric_limits<double>::infinity();
  double cost = std::numeric_limits<double>::infinity();
  int iterations = 0;
  std::string reason;
  Eigen::MatrixXd information;  ///< J^T J of the last stage, priors included.
};

class Trainer {
 public:
  Trainer(const std::vector<TrainingRecord>& records,
          const FitConfig& config,
          const ir::Network& network)
      : records_(records),
        config_(config),
        network_(network),
        falling_(falling_penalty(records, config, network)) {
    for (const TrainingRecord& r : records) {
      longest_ = std::max(longest_, r.record.time.back() - r.record.time.front());
      const bool tied = network.state_count() > 0 && network.start == ir::Start::kTied;
      corrections_.push_back(tied && r.start.log_sd > 0 ? correction_count_++ : -1);
    }
  }

  int correction_count() const { return correction_count_; }
  const std::vector<int>& corrections() const { return corrections_; }

  void run(const TrainingStage& stage, Candidate& candidate) const {
    const std::vector<Segment> segments = cut(stage);
    if (segments.empty()) return;
    const SensitivityModel model(network_, segments, correction_count_);
    const Objective objective = [&](std::span<const double> x, bool derivatives) {
      NormalEquations normal = model.evaluate(x, derivatives);
      model.add_zero_bias(x, penalty(), normal);
      falling_.add(x, normal);
      add_priors(x, normal);
      return normal;
    };
    const LeastSquaresResult result = minimise(
        objective, candidate.x,
        {.iterations = stage.iterations, .initial_radius = candidate.iterations == 0 ? 1e2 : 1e4});
    if (!result.usable) return;
    candidate.x = result.x;
    candidate.reason = result.reason;
    candidate.iterations += result.iterations;
    const NormalEquations normal = model.evaluate(candidate.x, false);
    candidate.cost = normal.cost + model.misfit_inside();
    candidate.chi2_per_sample = candidate.cost / model.sample_count();
  }

  // J^T J with its priors at the end, on the records as the last stage saw them.
  Eigen::MatrixXd information(const TrainingStage& stage, const std::vector<double>& x) const {
    const std::vector<Segment> segments = cut(stage);
    const SensitivityModel model(network_, segments, correction_count_);
    NormalEquations normal = model.evaluate(x, true);
    model.add_zero_bias(x, penalty(), normal);
    falling_.add(x, normal);
    add_priors(x, normal);
    return normal.hessian;
  }

 private:
  static FallingPenalty falling_penalty(const std::vector<TrainingRecord>& records,
                                        const FitConfig& config,
                                        const ir::Network& network) {
    double lowest = 0, highest = 0, samples = 0;
    for (const TrainingRecord& r : records) {
      const auto [low, high] =
          std::minmax_element(r.record.voltage[0].begin(), r.record.voltage[0].end());
      lowest = std::min(lowest, *low);
      highest = std::max(highest, *high);
      samples += static_cast<double>(r.record.size());
    }
    return {network, lowest, highest, config.falling_current * samples};
  }

  std::vector<Segment> cut(const TrainingStage& stage) const {
    std::vector<Segment> all;
    for (std::size_t i = 0; i < records_.size(); ++i) {
      const TrainingRecord& r = records_[i];
      SegmentOptions options;
      options.decimation = stage.decimation;
      options.window = stage.window;
      options.noise_sd = r.noise_sd;
      options.start = r.start;
      options.correction = corrections_[i];
      for (Segment& segment : make_segments(r.record, options)) all.push_back(std::move(segment));
    }
    return all;
  }

  ZeroBiasPenalty penalty() const {
    ZeroBiasPenalty out{.weight = config_.zero_bias_rate, .duration = longest_};
    for (const TrainingRecord& r : records_)
      out.log_conductances.push_back(std::log(r.start.value));
    return out;
  }

  // Ridge on the parameters; each correction of ln g0 has the sd of its estimate.
  void add_priors(std::span<const double> x, NormalEquations& normal) const {
    const int parameters = network_.parameter_count();
    const bool derivatives = normal.gradient.size() > 0;
    const auto pull = [&](int i, double weight) {
      const double value = x[static_cast<std::size_t>(i)];
      normal.cost += weight * value * value;
      if (!derivatives) return;
      normal.gradient[i] += weight * value;
      normal.hessian(i, i) += weight;
    };
    for (int i = 0; i < parameters; ++i) pull(i, config_.ridge);
    for (std::size_t r = 0; r < records_.size(); ++r) {
      if (corrections_[r] < 0) continue;
      const double sd = records_[r].start.log_sd;
      pull(parameters + corrections_[r], 1 / (sd * sd));
    }
  }

  const std::vector<TrainingRecord>& records_;
  const FitConfig& config_;
  const ir::Network& network_;
  std::vector<int> corrections_;
  int correction_count_ = 0;
  double longest_ = 0;
  const FallingPenalty falling_;
};

std::vector<Candidate> make_candidates(const FitConfig& config,
                                       const StartHint& hint,
                                       const ir::Network& network,
                                       int corrections) {
  std::vector<Candidate> candidates;
  Rng rng(static_cast<std::uint32_t>(config.seed));
  const auto add = [&](Curriculum curriculum, const StartHint& start) {
    ir::Network copy = network;
    randomise(copy, config.student, start, rng);
    Candidate candidate;
    candidate.curriculum = curriculum;
    candidate.x = copy.parameters;
    candidate.x.resize(candidate.x.size() + static_cast<std::size_t>(corrections), 0.0);
    candidates.push_back(std::move(candidate));
  };
  StartHint short_memory = hint;
  short_memory.time_constant = hint.time_constant / 3;
  for (int i = 0; i < config.starts; ++i) {
    if (config.curriculum != Curriculum::kWindows) add(Curriculum::kWhole, hint);
    if (config.curriculum != Curriculum::kWhole) add(Curriculum::kWindows, short_memory);
  }
  return candidates;
}

// Takes `best`, which the stage `last` left, into `result`.
void finish(const std::vector<TrainingRecord>& records,
            const Trainer& trainer,
            const TrainingStage& last,
            const Candidate& best,
            TrainingResult& result) {
  const auto parameters = static_cast<std::ptrdiff_t>(result.network.parameters.size());
  result.network.parameters.assign(best.x.begin(), best.x.begin() + parameters);
  for (int correction : trainer.corrections()) {
    result.corrections.push_back(
        correction < 0 ? 0.0 : best.x[static_cast<std::size_t>(parameters + correction)]);
  }
  result.usable = true;
  result.reason = best.reason;
  result.chi2_per_sample = best.chi2_per_sample;
  result.iterations = best.iterations;
  const Eigen::MatrixXd information = trainer.information(last, best.x);
  result.covariance = information.ldlt()
                          .solve(Eigen::MatrixXd::Identity(information.rows(), information.cols()))
                          .topLeftCorner(parameters, parameters);
  result.network.box = training_box(result.network, records);
}

}  // namespace

StudentScales scales_of(const std::vector<TrainingRecord>& records) {
  StudentScales scales{.voltage = 0};
  std::vector<double> conductances, steps;
  for (const TrainingRecord& r : records) {
    const int all = static_cast<int>(r.record.size());
    conductances.push_back(std::abs(start_conductance(r.record, 0, all, r.noise_sd).value));
    for (double v : r.record.voltage[0]) scales.voltage = std::max(scales.voltage, std::abs(v));
    for (std::size_t k = 1; k < r.record.size(); ++k) {
      steps.push_back(r.record.time[k] - r.record.time[k - 1]);
    }
  }
  scales.conductance = median(conductances);
  scales.step = median(steps);
  if (!(scales.voltage > 0) || !(scales.conductance > 0) || !(scales.step > 0)) {
    throw DataError("training: expected records with voltage and current, found only zeros");
  }
  return scales;
}

TrainingResult train(const std::vector<TrainingRecord>& records,
                     const FitConfig& config,
                     const std::string& name,
                     int threads) {
  if (records.empty()) throw DataError("training: expected at least one record, found none");
  const StudentScales scales = scales_of(records);
  TrainingResult result;
  result.network = build_compact_student(config.student, scales, name);
  const Trainer trainer(records, config, result.network);
  std::vector<Candidate> candidates =
      make_candidates(config, start_hint(records, scales, config.initial_time_constant),
                      result.network, trainer.correction_count());
  for_each_index(static_cast<int>(candidates.size()), threads, [&](int i) {
    Candidate& candidate = candidates[static_cast<std::size_t>(i)];
    const bool windows = candidate.curriculum == Curriculum::kWindows;
    const auto stages = !config.first.empty() ? config.first
                        : windows             ? window_stages(records, config.thinning)
                                              : whole_stages(records, config.thinning);
    for (const TrainingStage& stage : stages) trainer.run(stage, candidate);
  });
  for (const Candidate& c : candidates) result.starts.push_back({c.curriculum, c.chi2_per_sample});
  Candidate& best = *std::min_element(
      candidates.begin(), candidates.end(),
      [](const Candidate& a, const Candidate& b) { return a.chi2_per_sample < b.chi2_per_sample; });
  if (!std::isfinite(best.chi2_per_sample)) {
    result.reason = "no start could be evaluated";
    return result;
  }
  const auto refine =
      config.refine.empty() ? refine_stages(records, config.thinning) : config.refine;
  for (const TrainingStage& stage : refine) trainer.run(stage, best);
  finish(records, trainer, refine.back(), best, result);
  return result;
}

TrainingResult refined(const std::vector<TrainingRecord>& records,
                       FitConfig config,
                       const TrainingResult& start) {
  TrainingResult result = start;
  const Trainer trainer(records, config, result.network);
  Candidate candidate;
  candidate.x = start.network.parameters;
  for (std::size_t r = 0; r < trainer.corrections().size(); ++r) {
    if (trainer.corrections()[r] >= 0) candidate.x.push_back(start.corrections[r]);
  }
  candidate.iterations = start.iterations;
  config.thinning = 1;
  const auto stages = refine_stages(records, config.thinning);
  for (const TrainingStage& stage : stages) trainer.run(stage, candidate);
  if (!(candidate.chi2_per_sample < start.chi2_per_sample)) return start;
  finish(records, trainer, stages.back(), candidate, result);
  return result;
}

}  // namespace psi_xlstm::fit
