#include "tau/bias_rates.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <exception>
#include <numeric>

#include "fit/evaluation.hpp"
#include "ir/evaluator.hpp"
#include "psi_xlstm/core/error.hpp"

namespace psi_xlstm::tau {
namespace {

constexpr int kVoltages = 41;
constexpr int kFeatures = 8;
constexpr int kStarts = 1;                       // Of each curriculum.
constexpr int kIterations = 25;                  // After the first stages.
constexpr std::size_t kRefinedSamples = 50'000;  // About so many steps are fitted at the end.

double mean_square(const std::vector<double>& values) {
  double sum = 0;
  for (double x : values) sum += x * x;
  return sum / static_cast<double>(values.size());
}

// The mean square of what the predictions leave over, over that of the current of each record.
double relative_residual(const Dataset& dataset, const std::vector<fit::Prediction>& predictions) {
  double sum = 0, count = 0;
  for (const fit::Prediction& p : predictions) {
    const std::vector<double>& measured =
        dataset.records[static_cast<std::size_t>(p.record)].current[0];
    double square = 0;
    for (std::size_t i = 0; i < measured.size(); ++i) {
      square += (measured[i] - p.current[i]) * (measured[i] - p.current[i]);
    }
    sum += square / mean_square(measured);
    count += static_cast<double>(measured.size());
  }
  return sum / count;
}

// States at the tenth, the half and nine tenths of what the predictions went through.
std::vector<double> typical_states(const std::vector<fit::Prediction>& predictions) {
  std::vector<double> all;
  for (const fit::Prediction& p : predictions) {
    all.insert(all.end(), p.states[0].begin(), p.states[0].end());
  }
  std::sort(all.begin(), all.end());
  const auto n = static_cast<double>(all.size() - 1);
  std::vector<double> out;
  for (double q : {0.1, 0.5, 0.9}) out.push_back(all[static_cast<std::size_t>(q * n)]);
  return out;
}

RateCurve rate_curve(const ir::Network& network,
                     const Eigen::MatrixXd& covariance,
                     const std::vector<double>& voltages,
                     double state) {
  ir::Evaluator evaluator(network);
  RateCurve curve{.state = state, .taus = {}, .sd_ln_tau = {}};
  double by_port = 0, by_state = 0;
  Eigen::VectorXd by_parameters(network.parameter_count());
  for (double V : voltages) {
    evaluator.evaluate(ir::Part::kDynamics, {&V, 1}, {&state, 1});
    const double rate = evaluator.rate(0);
    evaluator.gradient(network.rate_node, 0, {&by_port, 1}, {&by_state, 1},
                       {by_parameters.data(), static_cast<std::size_t>(by_parameters.size())});
    const double variance = by_parameters.dot(covariance * by_parameters);
    curve.taus.push_back(1 / rate);
    curve.sd_ln_tau.push_back(std::sqrt(std::max(0.0, variance)) / rate);
  }
  const double zero = 0;
  evaluator.evaluate(ir::Part::kOutput, {&zero, 1}, {&state, 1});
  curve.conductance = evaluator.value(network.conductance().node);
  return curve;
}

double largest_voltage(const std::vector<Record>& records) {
  double largest = 0;
  for (const Record& record : records) {
    for (double V : record.voltage[0]) largest = std::max(largest, std::abs(V));
  }
  return largest;
}

}  // namespace

BiasRates fit_bias_rates(const std::vector<Record>& records, int threads) {
  BiasRates out;
  Dataset dataset;
  dataset.records = records;
  std::vector<int> indices(records.size());
  std::iota(indices.begin(), indices.end(), 0);
  const fit::StartOptions starts{.conductance = std::nullopt, .exact = true};
  FitConfig config;
  config.student.features = kFeatures;
  config.starts = kStarts;
  config.curriculum = Curriculum::kBoth;
  std::size_t samples = 0;
  for (const Record& record : records) samples += record.size();
  const int decimation = 1 + static_cast<int>(samples / kRefinedSamples);
  config.refine = {{.decimation = decimation, .iterations = kIterations}};
  fit::TrainingResult training;
  try {
    training =
        fit::train(fit::training_records(dataset, indices, starts), config, "bias_rates", threads);
  } catch (const DataError& e) {
    out.reason = e.what();  // no conductance to start from
    return out;
  }
  out.reason = training.reason;
  out.usable = training.usable;
  if (!out.usable) return out;
  const std::vector<fit::Prediction> predictions =
      fit::predict(training.network, dataset, indices, starts, true);
  out.parameters = training.network.parameter_count();
  out.mean_square = relative_residual(dataset, predictions);
  const double limit = largest_voltage(records);
  for (int j = 0; j < kVoltages; ++j) {
    out.voltages.push_back(limit * (2.0 * j / (kVoltages - 1) - 1));
  }
  double shortest = INFINITY, longest = 0;
  for (double state : typical_states(predictions)) {
    out.curves.push_back(rate_curve(training.network, training.covariance, out.voltages, state));
    const auto [low, high] =
        std::minmax_element(out.curves.back().taus.begin(), out.curves.back().taus.end());
    shortest = std::min(shortest, *low);
    longest = std::max(longest, *high);
  }
  out.spread = longest / shortest;
  out.usable = std::isfinite(out.mean_square) && std::isfinite(out.spread);
  return out;
}

}  // namespace psi_xlstm::tau
