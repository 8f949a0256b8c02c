#include "fit/evaluation.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>

#include "core/index.hpp"
#include "ir/dynamics.hpp"
#include "metrics/baselines.hpp"
#include "metrics/statistics.hpp"
#include "psi_xlstm/core/error.hpp"

namespace psi_xlstm::fit {
namespace {

double standard_deviation_of(const std::vector<double>& values) {
  const double average = mean(values);
  double sum = 0;
  for (double value : values) sum += (value - average) * (value - average);
  return std::sqrt(sum / static_cast<double>(values.size()));
}

const Record& record_of(const Dataset& dataset, int index) { return dataset.records[at(index)]; }

// `tail` behind `head`; a time axis that starts anew is shifted by the end of the one before.
void append(Record& head, const Record& tail) {
  double shift = 0;
  if (tail.time.front() <= head.time.back()) {
    const double step =
        (tail.time.back() - tail.time.front()) / static_cast<double>(tail.size() - 1);
    shift = head.time.back() + step - tail.time.front();
  }
  for (double t : tail.time) head.time.push_back(t + shift);
  const auto join = [](std::vector<double>& to, const std::vector<double>& from) {
    to.insert(to.end(), from.begin(), from.end());
  };
  join(head.voltage[0], tail.voltage[0]);
  join(head.current[0], tail.current[0]);
  if (head.clean_current.size() + tail.size() == head.time.size()) {
    join(head.clean_current, tail.clean_current);
  }
}

// All records from the first to the last of `indices` as one.
Record joined(const Dataset& dataset, int first, int last) {
  Record all = record_of(dataset, first);
  for (int i = first + 1; i <= last; ++i) append(all, record_of(dataset, i));
  return all;
}

// Moves g0 so that the model fits the prefix: Gauss-Newton in ln g0, five steps.
double refined_start(const ir::Network& network,
                     const Record& record,
                     const StartConductance& start) {
  constexpr double kStep = 1e-4, kLongest = 0.5;
  const std::size_t n = std::min(at(start.samples), record.size());
  const std::span<const double> time(record.time.data(), n);
  const std::span<const double> voltage(record.voltage[0].data(), n);
  double log_g = std::log(start.value);
  for (int i = 0; i < 5; ++i) {
    const auto run = [&](double log_conductance) {
      return ir::simulate(network, time, voltage,
                          ir::initial_state(network, std::exp(log_conductance)))
          .current;
    };
    const std::vector<double> base = run(log_g), moved = run(log_g + kStep);
    double jj = 0, jr = 0;
    for (std::size_t k = 0; k < n; ++k) {
      const double slope = (moved[k] - base[k]) / kStep;
      jj += slope * slope;
      jr += slope * (record.current[0][k] - base[k]);
    }
    if (!(jj > 0)) break;
    log_g += std::clamp(jr / jj, -kLongest, kLongest);
  }
  return std::isfinite(log_g) ? std::exp(log_g) : start.value;
}

struct Run {
  StartConductance start;
  ir::Trajectory trajectory;
};

Run run_record(const ir::Network& network,
               const Record& record,
               std::optional<double> noise,
               const StartOptions& options,
               bool refine) {
  Run run;
  run.start = find_start(record, noise_of(record, noise), options);
  const bool tied = network.state_count() > 0 && network.start == ir::Start::kTied;
  if (tied && refine && run.start.log_sd > 0) {
    run.start.value = refined_start(network, record, run.start);
  }
  run.trajectory = ir::simulate(network, record.time, record.voltage[0],
                                ir::initial_state(network, run.start.value));
  return run;
}

std::vector<double> piece(const std::vector<double>& values, std::size_t first, std::size_t count) {
  const auto begin = values.begin() + static_cast<std::ptrdiff_t>(first);
  return {begin, begin + static_cast<std::ptrdiff_t>(count)};
}

Prediction cut(const Run& run, int record, std::size_t first, std::size_t count) {
  Prediction out;
  out.record = record;
  out.start = run.start;
  const std::size_t prefix = run.start.log_sd > 0 ? at(run.start.samples) : 0;
  out.scored_from = static_cast<int>(std::clamp(prefix, first, first + count) - first);
  out.current = piece(run.trajectory.current, first, count);
  out.conductance = piece(run.trajectory.conductance, first, count);
  for (const auto& state : run.trajectory.states) out.states.push_back(piece(state, first, count));
  return out;
}

template <class Values>
std::span<const double> scored(const Values& values, const Prediction& p) {
  if (values.empty()) return {};
  return std::span<const double>(values).subspan(at(p.scored_from));
}

std::vector<Trace> traces(const Dataset& dataset, const std::vector<int>& indices) {
  std::vector<Trace> out;
  for (int i : indices) {
    out.push_back({record_of(dataset, i).voltage[0], record_of(dataset, i).current[0]});
  }
  return out;
}

}  // namespace

double noise_of(const Record& record, std::optional<double> noise) {
  require_one_port(record);
  constexpr double kLeast = 0.005;  // a model is never better than half a percent of the signal
  const double sd = standard_deviation_of(record.current[0]);
  if (noise && *noise > 0) return *noise * sd;
  return std::max(noise_sd_from_differences(record.current[0]), kLeast * sd);
}

StartConductance find_start(const Record& record, double noise_sd, const StartOptions& options) {
  constexpr int kFewest = 8;
  if (options.conductance) return {.value = *options.conductance};
  if (options.exact && record.initial_conductance) return {.value = *record.initial_conductance};
  const int size = static_cast<int>(record.size());
  if (options.prefix > 0) {
    const auto end = std::lower_bound(record.time.begin(), record.time.end(),
                                      record.time.front() + options.prefix * (1 - 1e-9));
    const int samples = std::max(1, static_cast<int>(end - record.time.begin()));
    return start_conductance(record, 0, samples, noise_sd);
  }
  const int longest =
      std::max(kFewest, static_cast<int>(options.longest_fraction * static_cast<double>(size)));
  int samples = std::min(kFewest, size);
  StartConductance start = start_conductance(record, 0, samples, noise_sd);
  while (samples < longest && !(start.value > 0 && start.log_sd <= options.wanted_log_sd)) {
    samples = std::min(longest, samples + std::max(1, samples / 4));
    start = start_conductance(record, 0, samples, noise_sd);
  }
  if (!(start.value > 0)) {  // nothing at the start says anything: the whole record on average
    start = start_conductance(record, 0, size, noise_sd);
    start.value = std::abs(start.value);
    start.samples = samples;
    start.log_sd = 1;
  }
  // An unknown device: the state may move and the curve may bend within the prefix.
  constexpr double kUnknown = 0.3;
  start.log_sd = std::max(start.log_sd, kUnknown);
  return start;
}

std::vector<TrainingRecord> training_records(const Dataset& dataset,
                                             const std::vector<int>& indices,
                                             const StartOptions& options) {
  std::vector<TrainingRecord> out;
  const auto add = [&](Record record) {
    TrainingRecord training;
    training.noise_sd = noise_of(record, dataset.noise);
    training.start = find_start(record, training.noise_sd, options);
    training.record = std::move(record);
    out.push_back(std::move(training));
  };
  for (std::size_t i = 0; i < indices.size();) {
    std::size_t last = i;
    while (dataset.continuous && last + 1 < indices.size() &&
           indices[last + 1] == indices[last] + 1) {
      ++last;
    }
    add(joined(dataset, indices[i], indices[last]));
    i = last + 1;
  }
  return out;
}

std::vector<Prediction> predict(const ir::Network& network,
                                const Dataset& dataset,
                                const std::vector<int>& indices,
                                const StartOptions& options,
                                bool refine_starts) {
  ir::require_one_conductance(network, "prediction");
  std::vector<Prediction> out;
  if (!dataset.continuous) {
    for (int i : indices) {
      const Record& record = record_of(dataset, i);
      const Run run = run_record(network, record, dataset.noise, options, refine_starts);
      out.push_back(cut(run, i, 0, record.size()));
    }
    return out;
  }
  if (indices.empty()) return out;
  const int last = *std::max_element(indices.begin(), indices.end());
  const Record all = joined(dataset, 0, last);
  const Run run = run_record(network, all, dataset.noise, options, refine_starts);
  for (int i : indices) {
    std::size_t first = 0;
    for (int j = 0; j < i; ++j) first += record_of(dataset, j).size();
    out.push_back(cut(run, i, first, record_of(dataset, i).size()));
  }
  return out;
}

ErrorMetrics score(const Dataset& dataset, const std::vector<Prediction>& predictions) {
  std::vector<PredictedRecord> records;
  for (const Prediction& p : predictions) {
    const Record& record = record_of(dataset, p.record);
    records.push_back({.measured = scored(record.current[0], p),
                       .predicted = scored(p.current, p),
                       .clean = scored(record.clean_current, p)});
  }
  return error_metrics(records);
}

std::vector<double> piecewise_mse(const Dataset& dataset,
                                  const std::vector<Prediction>& predictions,
                                  int pieces) {
  std::size_t total = 0;
  for (const Prediction& p : predictions) total += p.current.size() - at(p.scored_from);
  const std::size_t length = std::max<std::size_t>(1, total / at(pieces));
  std::vector<double> out;
  for (const Prediction& p : predictions) {
    const auto measured = scored(record_of(dataset, p.record).current[0], p);
    const auto predicted = scored(p.current, p);
    for (std::size_t k = 0; k + length <= measured.size(); k += length) {
      out.push_back(mean_squared_error(measured.subspan(k, length), predicted.subspan(k, length)));
    }
  }
  return out;
}

Baselines fit_baselines(const Dataset& dataset, const std::vector<Prediction>& scored_records) {
  const std::vector<Trace> train = traces(dataset, dataset.split.train);
  const std::vector<Trace> validation = traces(dataset, dataset.split.validation);
  Baselines out;
  out.mean = mean_current(train);
  out.resistor = resistor_conductance(train).value_or(0);
  const StaticPolynomial polynomial = fit_static_polynomial(train, validation);
  out.polynomial = polynomial.coefficients;
  out.polynomial_scale = polynomial.voltage_scale;
  for (const Prediction& p : scored_records) {
    const Record& record = record_of(dataset, p.record);
    const int samples = std::max(8, p.start.samples);
    out.record_conductances.push_back(start_conductance(record, 0, samples, 1).value);
  }
  return out;
}

std::vector<BaselineResult> score_baselines(const Baselines& baselines,
                                            const Dataset& dataset,
                                            const std::vector<Prediction>& predictions) {
  std::vector<Baselines> of_each(predictions.size(), baselines);
  for (std::size_t i = 0; i < of_each.size(); ++i) {
    of_each[i].record_conductances = {baselines.record_conductances[i]};
  }
  return score_baselines(of_each, dataset, predictions);
}

std::vector<BaselineResult> score_baselines(const std::vector<Baselines>& of_each,
                                            const Dataset& dataset,
                                            const std::vector<Prediction>& predictions) {
  const auto result = [&](const char* name, const auto& current_of) {
    std::vector<Prediction> copy = predictions;
    for (std::size_t i = 0; i < copy.size(); ++i) {
      copy[i].current = current_of(of_each[i], record_of(dataset, copy[i].record).voltage[0]);
    }
    const ErrorMetrics errors = score(dataset, copy);
    return BaselineResult{.name = name, .mse = errors.mse, .nrmse_std = errors.nrmse_std};
  };
  using Voltages = std::vector<double>;
  return {result("mean", [](const Baselines& b,
                            const Voltages& v) { return std::vector<double>(v.size(), b.mean); }),
          result("resistor", [](const Baselines& b,
                                const Voltages& v) { return resistor_current(b.resistor, v); }),
          result("static polynomial",
                 [](const Baselines& b, const Voltages& v) {
                   return polynomial_current({b.polynomial, b.polynomial_scale}, v);
                 }),
          result("one conductance per record", [](const Baselines& b, const Voltages& v) {
            return resistor_current(b.record_conductances.front(), v);
          })};
}

}  // namespace psi_xlstm::fit
