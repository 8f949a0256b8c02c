#include "psi_xlstm/experiments/check.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "psi_xlstm/config/study.hpp"
#include "psi_xlstm/core/atomic_file.hpp"
#include "psi_xlstm/experiments/run_folder.hpp"
#include "psi_xlstm/experiments/study.hpp"
#include "psi_xlstm/ir/dynamics.hpp"
#include "psi_xlstm/metrics/errors.hpp"
#include "psi_xlstm/report/manifest.hpp"

namespace psi_xlstm::experiments {
namespace {

constexpr double kTolerance = 1e-9;  // relative; the same formulas on the same numbers

// The stored predictions must be what the stored model gives on the stored voltages.
void check_predictions(const ir::Network& network,
                       const StoredPredictions& stored,
                       const std::string& where,
                       CheckResult& result) {
  for (const fit::Prediction& p : stored.predictions) {
    const Record& record = stored.dataset.records[static_cast<std::size_t>(p.record)];
    std::vector<double> initial;
    for (const auto& state : p.states) initial.push_back(state.front());
    const ir::Trajectory run = ir::simulate(network, record.time, record.voltage[0], initial);
    const double error = max_error_over_full_scale(p.current, run.current).value_or(0);
    ++result.values;
    if (!(error <= kTolerance)) {
      result.differences.push_back(fmt::format(
          "{}, record {}: the stored prediction differs from the stored model by {:.3g} "
          "of full scale",
          where, record.id, error));
    }
  }
}

FitOutcome stored_outcome(const std::filesystem::path& folder,
                          int seed,
                          int fit,
                          CheckResult& result,
                          StoredPredictions& predictions) {
  FitOutcome outcome{.seed = seed, .fit = fit};
  if (!std::filesystem::exists(folder / "model.safetensors")) return outcome;
  outcome.model = load_model(folder / "model.safetensors");
  predictions = load_predictions(folder / "predictions.safetensors");
  check_predictions(outcome.model.network, predictions, folder.string(), result);
  outcome.test = fit::score(predictions.dataset, predictions.predictions);
  outcome.usable = true;
  return outcome;
}

// Rows with traces again from the traces; the others have none and stay as they are.
void recompute_cosim(const std::filesystem::path& run,
                     std::vector<CosimRow>& rows,
                     CheckResult& result) {
  std::set<std::string> seen;
  for (CosimRow& row : rows) {
    const std::filesystem::path file = run / "cosim" / trace_file_name(row.stimulus);
    if (!std::filesystem::exists(file) || !seen.insert(row.stimulus).second) continue;
    const CosimOutcome traces = load_traces(file);
    row.max_abs_err_over_fs = max_error_over_full_scale(traces.reference, traces.current);
    row.rmse_over_fs = rmse_over_full_scale(traces.reference, traces.current);
    row.correlation = correlation(traces.reference, traces.current);
    if (row.limit && row.passed) {
      row.passed = row.max_abs_err_over_fs && *row.max_abs_err_over_fs <= *row.limit;
    }
    ++result.values;
  }
}

}  // namespace

CheckResult check_run(const std::filesystem::path& run) {
  CheckResult result;
  const auto config = read_config<StudyConfig>(run / "config.json");
  const std::filesystem::path file = run / "metrics.json";
  const StudyMetrics stored = parse_metrics(read_file(file), file.string());
  StudyMetrics again = stored;
  again.models.clear();
  bool first = true;
  for (int seed : config.seeds) {
    for (int fit = 0; fit < config.fits; ++fit) {
      StoredPredictions predictions;
      const FitOutcome outcome =
          stored_outcome(fit_folder(run, seed, fit), seed, fit, result, predictions);
      again.models.push_back(model_row(config, outcome));
      ++result.values;
      if (first && outcome.usable) {
        again.baselines = fit::score_baselines(predictions.baselines, predictions.dataset,
                                               predictions.predictions);
        result.values += static_cast<int>(again.baselines.size());
      }
      first = false;
    }
  }
  recompute_cosim(run, again.cosim, result);
  for (const std::string& sentence : compare_metrics(again, stored, kTolerance)) {
    result.differences.push_back(fmt::format("{}: {}", file.string(), sentence));
  }
  const std::filesystem::path manifest = run / kManifestName;
  const std::vector<std::string> files =
      compare_files(parse_manifest(read_file(manifest), manifest.string()), run);
  result.differences.insert(result.differences.end(), files.begin(), files.end());
  return result;
}

}  // namespace psi_xlstm::experiments
