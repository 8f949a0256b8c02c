#include "psi_xlstm/fit/train.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "psi_xlstm/core/error.hpp"
#include "psi_xlstm/fit/least_squares.hpp"
#include "psi_xlstm/fit/parallel.hpp"
#include "psi_xlstm/fit/sensitivity.hpp"
#include "psi_xlstm/ir/dynamics.hpp"
#include "psi_xlstm/metrics/spectrum.hpp"
#include "psi_xlstm/metrics/statistics.hpp"

namespace psi_xlstm::fit {
namespace {

double duration(const Record& record) { return record.time.back() - record.time.front(); }

// Extremes of the conductance over the blocks of every record that say something about it.
StartHint hint_for(const std::vector<TrainingRecord>& records,
                   const StudentScales& scales,
                   double time_constant_fraction) {
  constexpr int kBlocksPerRecord = 40;
  StartHint hint;
  hint.log_conductance_low = std::numeric_limits<double>::infinity();
  hint.log_conductance_high = -hint.log_conductance_low;
  double longest = 0;
  for (const TrainingRecord& r : records) {
    longest = std::max(longest, duration(r.record));
    const int length = std::max<int>(1, static_cast<int>(r.record.size()) / kBlocksPerRecord);
    for (int first = 0; first + length <= static_cast<int>(r.record.size()); first += length) {
      const StartConductance g = start_conductance(r.record, first, length, r.noise_sd);
      if (!(g.value > 0) || g.log_sd > 0.1) continue;
      const double log_g = std::log(g.value / scales.conductance);
      hint.log_conductance_low = std::min(hint.log_conductance_low, log_g);
      hint.log_conductance_high = std::max(hint.log_conductance_high, log_g);
    }
  }
  if (!(hint.log_conductance_high > hint.log_conductance_low)) {
    hint.log_conductance_low = -1;
    hint.log_conductance_high = 1;
  }
  hint.time_constant = time_constant_fraction * longest;
  return hint;
}

int total_samples(const std::vector<TrainingRecord>& records) {
  std::size_t total = 0;
  for (const TrainingRecord& r : records) total += r.record.size();
  return static_cast<int>(total);
}

// Coarsest decimation: about 9,000 steps an iteration.
int coarsest(const std::vector<TrainingRecord>& records) {
  constexpr int kSteps = 9000;
  int decimation = 1;
  while (decimation < 32 && total_samples(records) / (2 * decimation) > kSteps * 3 / 4) {
    decimation *= 2;
  }
  return decimation;
}

std::vector<TrainingStage> whole_stages(const std::vector<TrainingRecord>& records) {
  return {{.decimation = coarsest(records), .iterations = 30}};
}

std::vector<TrainingStage> window_stages(const std::vector<TrainingRecord>& records) {
  constexpr int kFirstWindow = 40, kFewestSteps = 10, kDoublings = 4;
  const int decimation = coarsest(records);
  const int first = std::max(kFirstWindow, kFewestSteps * decimation);
  std::vector<TrainingStage> stages;
  for (int i = 0; i < kDoublings; ++i) {
    stages.push_back({.decimation = decimation, .iterations = 25, .window = first << i});
  }
  stages.push_back({.decimation = decimation, .iterations = 80});
  return stages;
}

std::vector<TrainingStage> refine_stages(const std::vector<TrainingRecord>& records) {
  const int d = coarsest(records);
  std::vector<TrainingStage> stages;
  const int iterations[] = {50, 20, 8};
  for (int i = 0; i < 3; ++i) {
    const int decimation = std::max(1, d >> (i + 1));
    if (!stages.empty() && stages.back().decimation == decimation) continue;
    stages.push_back({.decimation = decimation, .iterations = iterations[i]});
  }
  if (d == 1) stages.front().iterations = 150;
  return stages;
}

// Frequency of the fastest strong line of the drive [Hz]: at least 30 % of the largest amplitude.
double drive_frequency(const std::vector<TrainingRecord>& records) {
  constexpr double kStrong = 0.3;
  double fastest = 0;
  for (const TrainingRecord& r : records) {
    const Spectrum spectrum = amplitude_spectrum(r.record.time, r.record.voltage[0]);
    double largest = 0;
    for (std::size_t i = 1; i < spectrum.amplitude.size(); ++i) {
      largest = std::max(largest, spectrum.amplitude[i]);
    }
    for (std::size_t i = 1; i < spectrum.amplitude.size(); ++i) {
      if (spectrum.amplitude[i] >= kStrong * largest) {
        fastest = std::max(fastest, spectrum.frequency[i]);
      }
    }
  }
  return fastest;
}

// Largest relaxation rate along a trajectory, taken at every 16th sample [1/s].
double fastest_rate(const ir::Network& network,
                    const std::vector<double>& voltage,
                    const ir::Trajectory& run) {
  constexpr std::size_t kEvery = 16;
  double fastest = 0;
  ir::Evaluator evaluator(network);
  std::vector<double> c(run.states.size());
  for (std::size_t k = 0; k < voltage.size() && !c.empty(); k += kEvery) {
    for (std::size_t s = 0; s < c.size(); ++s) c[s] = run.states[s][k];
    evaluator.evaluate(ir::Part::kDynamics, &voltage[k], c.data());
    for (int i = 0; i < network.rate_count(); ++i) fastest = std::max(fastest, evaluator.rate(i));
  }
  return fastest;
}

// Median of the rates at which something happens: a device with thresholds rests most of the time.
double typical_rate(std::vector<double> rates) {
  constexpr double kHappens = 1e-3;
  if (rates.empty()) return 0;
  const double largest = *std::max_element(rates.begin(), rates.end());
  std::erase_if(rates, [&](double rate) { return rate < kHappens * largest; });
  return rates.empty() ? 0 : median(rates);
}

// A start under way: parameters and corrections of ln g0.
struct Candidate {
  std::string curriculum;
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
      : records_(records), config_(config), network_(network) {
    for (const TrainingRecord& r : records) {
      longest_ = std::max(longest_, duration(r.record));
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
      add_priors(x, normal);
      return normal;
    };
    const LeastSquaresResult result =
        minimise(objective, candidate.x,
                 {.iterations = stage.iterations,
                  .initial_radius = candidate.iterations == 0 ? 1e2 : 1e4});
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
    add_priors(x, normal);
    return normal.hessian;
  }

 private:
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
    for (const TrainingRecord& r : records_) out.log_conductances.push_back(std::log(r.start.value));
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
};

std::vector<Candidate> make_candidates(const FitConfig& config,
                                       const StartHint& hint,
                                       const ir::Network& network,
                                       int corrections) {
  std::vector<Candidate> candidates;
  Rng rng(static_cast<std::uint32_t>(config.seed));
  const auto add = [&](const std::string& curriculum, const StartHint& start) {
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
    if (config.curriculum != "windows") add("whole", hint);
    if (config.curriculum != "whole") add("windows", short_memory);
  }
  return candidates;
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
      make_candidates(config, hint_for(records, scales, config.initial_time_constant),
                      result.network, trainer.correction_count());
  for_each_index(static_cast<int>(candidates.size()), threads, [&](int i) {
    Candidate& candidate = candidates[static_cast<std::size_t>(i)];
    const bool windows = candidate.curriculum == "windows";
    const auto stages = !config.first.empty() ? config.first
                        : windows             ? window_stages(records)
                                              : whole_stages(records);
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
  const auto refine = config.refine.empty() ? refine_stages(records) : config.refine;
  for (const TrainingStage& stage : refine) trainer.run(stage, best);

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
  const Eigen::MatrixXd information = trainer.information(refine.back(), best.x);
  result.covariance = information.ldlt()
                          .solve(Eigen::MatrixXd::Identity(information.rows(), information.cols()))
                          .topLeftCorner(parameters, parameters);
  result.network.box = training_box(result.network, records);
  return result;
}

ir::TrainingBox training_box(const ir::Network& network,
                             const std::vector<TrainingRecord>& records) {
  ir::TrainingBox box;
  box.conductance_min = std::numeric_limits<double>::infinity();
  std::vector<double> rates;
  for (const TrainingRecord& r : records) {
    const std::vector<double>& time = r.record.time;
    const std::vector<double>& voltage = r.record.voltage[0];
    const ir::Trajectory run =
        ir::simulate(network, time, voltage, ir::initial_state(network, r.start.value));
    box.fastest_rate = std::max(box.fastest_rate, fastest_rate(network, voltage, run));
    const auto [low, high] = std::minmax_element(voltage.begin(), voltage.end());
    box.voltage_min = std::min(box.voltage_min, *low);
    box.voltage_max = std::max(box.voltage_max, *high);
    box.duration = std::max(box.duration, duration(r.record));
    for (std::size_t k = 0; k < time.size(); ++k) {
      box.conductance_min = std::min(box.conductance_min, run.conductance[k]);
      box.conductance_max = std::max(box.conductance_max, run.conductance[k]);
      if (k == 0) continue;
      box.step_max = std::max(box.step_max, time[k] - time[k - 1]);
      for (std::size_t s = 0; s < run.states.size(); ++s) {
        const double readout =
            network.parameters[static_cast<std::size_t>(network.readout_weight) + s];
        rates.push_back(std::abs(readout * (run.states[s][k] - run.states[s][k - 1]) /
                                 (time[k] - time[k - 1])));
      }
    }
  }
  box.median_rate = typical_rate(std::move(rates));
  box.drive_frequency = drive_frequency(records);
  return box;
}

}  // namespace psi_xlstm::fit
