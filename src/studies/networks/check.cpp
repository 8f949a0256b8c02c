#include "studies/networks/check.hpp"

#include <fmt/format.h>

#include <string>
#include <utility>
#include <vector>

#include "core/atomic_file.hpp"
#include "metrics/errors.hpp"
#include "model/network_prediction.hpp"
#include "studies/networks/study.hpp"
#include "studies/time_constants/check.hpp"

namespace psi_xlstm {
namespace {

constexpr double kTolerance = 1e-9;  // relative; the same formulas on the same numbers
constexpr int kThreads = 2;          // no result depends on it

bool is_trained(const std::filesystem::path& run, int seed, const std::string& label) {
  return std::filesystem::exists(network_folder(run, seed, label) / "model.safetensors");
}

// The currents of the stored model on the test records.
std::vector<fit::Prediction> predicted_again(const NetworkStudyConfig& config,
                                             const SeedData& data,
                                             const ModelOutcome& outcome) {
  if (outcome.compact) return predict_compact(config, data, outcome.compact->network);
  std::vector<fit::Prediction> again = data.frame;
  for (fit::Prediction& p : again) {
    p.current = network_current(
        *outcome.stored, data.dataset.records[static_cast<std::size_t>(p.record)], p.start.value);
  }
  return again;
}

// The stored currents must be those of the stored model.
void check_predictions(const NetworkStudyConfig& config,
                       const SeedData& data,
                       const ModelOutcome& outcome,
                       CheckResult& result) {
  const auto again = predicted_again(config, data, outcome);
  for (std::size_t i = 0; i < again.size(); ++i) {
    const auto error = max_error_over_full_scale(again[i].current, outcome.predictions[i].current);
    ++result.values;
    if (error && *error <= kTolerance) continue;
    result.differences.push_back(fmt::format(
        "seed {}, {}, record {}: the stored prediction differs from the stored model by {} of full "
        "scale",
        data.seed, outcome.label,
        data.dataset.records[static_cast<std::size_t>(again[i].record)].id,
        error ? fmt::format("{:.3g}", *error) : "more than any part"));
  }
}

// Every model of one seed as it is stored; one whose training failed left none.
void load_seed(const std::filesystem::path& run,
               const SeedData& data,
               NetworkStudyResult& again,
               CheckResult& result) {
  const NetworkStudyConfig& config = again.config;
  const int networks = static_cast<int>(config.networks.size());
  const std::vector<std::string> labels = model_labels(config);
  for (int n = 0; n < static_cast<int>(labels.size()); ++n) {
    ++result.values;
    const std::string& label = labels[static_cast<std::size_t>(n)];
    const int network = n < networks ? n : -1;
    if (!is_trained(run, data.seed, label)) {
      again.outcomes.push_back({.seed = data.seed, .network = network, .label = label});
      continue;
    }
    again.outcomes.push_back(network >= 0 ? load_outcome(config, run, data, network)
                                          : load_compact(run, data));
    check_predictions(config, data, again.outcomes.back(), result);
  }
}

}  // namespace

CheckResult check_network_run(const std::filesystem::path& run) {
  CheckResult result;
  NetworkStudyResult again;
  again.folder = run;
  again.config = read_config<NetworkStudyConfig>(run / "config.json");
  check_config(again.config);
  const std::filesystem::path file = run / "metrics.json";
  const StudyMetrics stored = parse_metrics(read_file(file), file.string());
  for (int seed : again.config.seeds) {
    again.seeds.push_back(seed_data(again.config, seed));
    load_seed(run, again.seeds.back(), again, result);
  }
  again.references = references(again.config, again.seeds);
  collect_network_metrics(again);
  result.values += static_cast<int>(again.metrics.baselines.size() + again.metrics.numbers.size());
  for (const std::string& sentence : compare_metrics(again.metrics, stored, kTolerance)) {
    result.differences.push_back(fmt::format("{}: {}", file.string(), sentence));
  }
  estimate_time_constants(again, kThreads);
  if (again.time_constants) compare_tau(*again.time_constants, run / kTauFolder, result);
  check_manifest(run, result);
  return result;
}

}  // namespace psi_xlstm
