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
std::vector<ModelOutcome> stored_outcomes(const std::filesystem::path& run,
                                          const NetworkStudyConfig& config,
                                          const SeedData& data,
                                          CheckResult& result) {
  std::vector<ModelOutcome> outcomes;
  const int networks = static_cast<int>(config.networks.size());
  const std::vector<std::string> labels = model_labels(config);
  for (int n = 0; n < static_cast<int>(labels.size()); ++n) {
    ++result.values;
    const std::string& label = labels[static_cast<std::size_t>(n)];
    const int network = n < networks ? n : -1;
    if (!is_trained(run, data.seed, label)) {
      outcomes.push_back({.seed = data.seed, .network = network, .label = label});
      continue;
    }
    outcomes.push_back(network >= 0 ? load_outcome(config, run, data, network)
                                    : load_compact(run, data));
    check_predictions(config, data, outcomes.back(), result);
  }
  return outcomes;
}

}  // namespace

CheckResult check_network_run(const std::filesystem::path& run) {
  CheckResult result;
  const auto config = read_config<NetworkStudyConfig>(run / "config.json");
  check_config(config);
  const std::filesystem::path file = run / "metrics.json";
  const StudyMetrics stored = parse_metrics(read_file(file), file.string());
  std::vector<SeedData> seeds;
  std::vector<ModelOutcome> outcomes;
  for (const int seed : config.seeds) {
    seeds.push_back(seed_data(config, seed));
    for (ModelOutcome& o : stored_outcomes(run, config, seeds.back(), result)) {
      outcomes.push_back(std::move(o));
    }
  }
  const std::vector<Reference> held_against = references(config, seeds);
  const StudyMetrics again =
      network_metrics(config, outcomes, held_against, band_rows(seeds, outcomes, held_against));
  result.values += static_cast<int>(again.baselines.size() + again.numbers.size());
  for (const std::string& sentence : compare_metrics(again, stored, kTolerance)) {
    result.differences.push_back(fmt::format("{}: {}", file.string(), sentence));
  }
  std::vector<std::string> ignored;  // warnings were told by the run
  const auto taus = network_time_constants(config, seeds.front(), outcomes, kThreads, ignored);
  if (taus) compare_tau(*taus, run / kTauFolder, result);
  check_manifest(run, result);
  return result;
}

}  // namespace psi_xlstm
