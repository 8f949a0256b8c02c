#include "psi_xlstm/experiments/network_check.hpp"

#include <fmt/format.h>

#include <string>
#include <utility>
#include <vector>

#include "psi_xlstm/core/atomic_file.hpp"
#include "psi_xlstm/experiments/network_study.hpp"
#include "psi_xlstm/metrics/errors.hpp"
#include "psi_xlstm/report/manifest.hpp"

namespace psi_xlstm::experiments {
namespace {

constexpr double kTolerance = 1e-9;  // relative; the same formulas on the same numbers

bool is_trained(const std::filesystem::path& run, int seed, const std::string& label) {
  return std::filesystem::exists(network_folder(run, seed, label) / "model.safetensors");
}

// The stored currents of the compact student must be those of the stored model.
void check_compact(const NetworkStudyConfig& config,
                   const SeedData& data,
                   const ModelOutcome& outcome,
                   CheckResult& result) {
  const auto again = predict_compact(config, data, outcome.compact->network);
  for (std::size_t i = 0; i < again.size(); ++i) {
    const auto error = max_error_over_full_scale(outcome.predictions[i].current, again[i].current);
    ++result.values;
    if (error && *error <= kTolerance) continue;
    result.differences.push_back(fmt::format(
        "seed {}, compact, record {}: the stored prediction differs from the stored model by {} of "
        "full scale",
        data.seed, data.dataset.records[static_cast<std::size_t>(again[i].record)].id,
        error ? fmt::format("{:.3g}", *error) : "more than any part"));
  }
}

// Every model of one seed as it is stored; one whose training failed left none.
void load_seed(const std::filesystem::path& run,
               const SeedData& data,
               NetworkStudyResult& again,
               CheckResult& result) {
  const NetworkStudyConfig& config = again.config;
  for (int n = 0; n < static_cast<int>(config.networks.size()); ++n) {
    const std::string label = label_of(config.networks[static_cast<std::size_t>(n)]);
    again.outcomes.push_back(is_trained(run, data.seed, label)
                                 ? load_outcome(config, run, data, n)
                                 : ModelOutcome{.seed = data.seed, .network = n, .label = label});
    ++result.values;
  }
  if (!config.with_compact) return;
  ++result.values;
  if (!is_trained(run, data.seed, kCompactLabel)) {
    again.outcomes.push_back({.seed = data.seed, .label = kCompactLabel});
    return;
  }
  again.outcomes.push_back(load_compact(run, data));
  check_compact(config, data, again.outcomes.back(), result);
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
  const std::filesystem::path manifest = run / kManifestName;
  for (std::string& sentence :
       compare_files(parse_manifest(read_file(manifest), manifest.string()), run)) {
    result.differences.push_back(std::move(sentence));
  }
  return result;
}

}  // namespace psi_xlstm::experiments
