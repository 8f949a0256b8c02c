#include "studies/compact/check.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <optional>
#include <set>
#include <utility>

#include "config/study.hpp"
#include "core/atomic_file.hpp"
#include "cosimulation/traces.hpp"
#include "data/checksum.hpp"
#include "ir/dynamics.hpp"
#include "metrics/errors.hpp"
#include "model/compact_model.hpp"
#include "model/predictions.hpp"
#include "psi_xlstm/core/error.hpp"
#include "run/manifest.hpp"
#include "studies/compact/fits.hpp"
#include "studies/compact/left_out.hpp"
#include "studies/compact/numbers.hpp"
#include "studies/compact/study.hpp"
#include "studies/time_constants/check.hpp"

namespace psi_xlstm {
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
    const std::optional<double> error = max_error_over_full_scale(p.current, run.current);
    ++result.values;
    if (error ? *error <= kTolerance : p.current == run.current) continue;
    result.differences.push_back(fmt::format(
        "{}, record {}: the stored prediction differs from the stored model by {} of full scale",
        where, record.id, error ? fmt::format("{:.3g}", *error) : "more than any part"));
  }
}

// The stored predictions of `model` in `folder`, with their records behind those of `dataset`.
void take_predictions(const std::filesystem::path& folder,
                      const StoredModel& model,
                      CheckResult& result,
                      FitOutcome& outcome,
                      Dataset& dataset) {
  StoredPredictions stored = load_predictions(folder / "predictions.safetensors");
  check_predictions(model.network, stored, folder.string(), result);
  dataset.noise = stored.dataset.noise;
  for (fit::Prediction& p : stored.predictions) {
    dataset.records.push_back(
        std::move(stored.dataset.records[static_cast<std::size_t>(p.record)]));
    p.record = static_cast<int>(dataset.records.size()) - 1;
    dataset.split.test.push_back(p.record);
    outcome.predictions.push_back(std::move(p));
  }
  outcome.baselines.push_back(std::move(stored.baselines));
}

// One stored fit, judged again; `dataset` becomes the test records it was judged on.
FitOutcome stored_outcome(const std::filesystem::path& folder,
                          int seed,
                          int fit,
                          const DataSourceConfig& source,
                          CheckResult& result,
                          Dataset& dataset) {
  FitOutcome outcome{.seed = seed, .fit = fit};
  const auto model_in = [](const std::filesystem::path& f) { return f / kModelName; };
  ++result.values;
  if (!std::filesystem::exists(model_in(folder))) return outcome;
  outcome.model = load_model(model_in(folder));
  outcome.usable = true;
  for (int part = 1; std::filesystem::exists(model_in(part_folder(folder, part))); ++part) {
    const std::filesystem::path without = part_folder(folder, part);
    outcome.left_out.push_back(load_model(model_in(without)));
    take_predictions(without, outcome.left_out.back(), result, outcome, dataset);
  }
  if (outcome.left_out.empty()) take_predictions(folder, outcome.model, result, outcome, dataset);
  outcome.test = fit::score(dataset, outcome.predictions);
  if (outcome.left_out.empty()) {
    outcome.device_law = device_law_errors(source, dataset, outcome.predictions);
  }
  return outcome;
}

// The model in the folder of the run must be that of the first fit.
void check_chosen(const std::filesystem::path& run, const FitOutcome& first, CheckResult& result) {
  const std::filesystem::path file = run / kModelName;
  if (!std::filesystem::exists(file))
    return;  // Of a version before 0.3; else the manifest says it.
  ++result.values;
  const std::filesystem::path fitted = run / fit_folder(first.seed, first.fit) / kModelName;
  if (read_file(file) == read_file(fitted)) return;
  result.differences.push_back(
      fmt::format("{}: expected the model of {}, found another", file.string(), fitted.string()));
}

// Rows with traces again from the traces; the others have none and stay as they are.
void recompute_cosim(const std::filesystem::path& run,
                     std::vector<CosimRow>& rows,
                     CheckResult& result) {
  std::set<std::string> seen;
  for (CosimRow& row : rows) {
    const std::string name = trace_file_name(row);
    const std::filesystem::path file = run / "cosim" / name;
    if (!std::filesystem::exists(file) || !seen.insert(name).second) continue;
    const CosimOutcome traces = load_traces(file);
    row.max_abs_err_over_fs = max_error_over_full_scale(traces.reference, traces.current);
    row.rmse_over_fs = rmse_over_full_scale(traces.reference, traces.current);
    row.correlation = correlation(traces.reference, traces.current);
    row.points = static_cast<int>(traces.time.size());
    if (row.limit && row.passed) {
      row.passed = row.max_abs_err_over_fs && *row.max_abs_err_over_fs <= *row.limit;
    }
    ++result.values;
  }
}

// Records that were given in memory went with the run, wherever it is now.
void find_own_data(const std::filesystem::path& run, DataSourceConfig& source) {
  std::error_code ignored;
  for (std::string& file : source.files) {
    const bool own = std::filesystem::path(file).filename() == kOwnData;
    if (own && std::filesystem::exists(run / kOwnData, ignored)) file = (run / kOwnData).string();
  }
}

// The first of `files` that is no file; empty where all are.
std::string missing_one(const std::vector<std::string>& files) {
  std::error_code ignored;
  const auto found = std::find_if(files.begin(), files.end(), [&](const std::string& file) {
    return !std::filesystem::is_regular_file(file, ignored);
  });
  return found == files.end() ? "" : *found;
}

// What differs first where the files are others than those of the fit of `model`.
void check_data(const StoredModel& model,
                const DataSourceConfig& source,
                const Dataset& dataset,
                CheckResult& result) {
  if (source.source != DataSource::kCsv || model.data_checksum.empty()) return;
  ++result.values;
  const std::string found = checksum(dataset);
  if (found == model.data_checksum) return;
  result.differences.insert(
      result.differences.begin(),
      fmt::format("{}: expected the records that this run was fitted to, of checksum {}, found "
                  "others, of {}: put the file back as it was, or fit again",
                  dataset.source, model.data_checksum, found));
}

// What is in the records again, where their files are still there: findings and time constants.
void check_records(const StudyConfig& config,
                   const FitOutcome& first,
                   const std::filesystem::path& run,
                   std::vector<Finding>& findings,
                   CheckResult& result) {
  DataSourceConfig source = config.data;
  find_own_data(run, source);
  if (const std::string file = missing_one(source.files); !file.empty()) {
    const bool relative = std::filesystem::path(file).is_relative();
    result.not_verified.push_back(fmt::format(
        "{}: expected the data file that this run was fitted to, found none, so that what comes "
        "from its records was not computed again: put it back{}",
        file, relative ? ", or run psi check in the folder where psi run was run" : ""));
    return;
  }
  SourcedData data = load_data(source, first.seed);
  check_data(first.model, source, data.dataset, result);
  if (first.usable && config.time_constants.enabled) {
    check_tau_stage(config.time_constants, data.dataset, data.starts, run, result);
  }
  result.values += static_cast<int>(data.findings.size());
  findings = std::move(data.findings);
}

}  // namespace

CheckResult check_compact_run(const std::filesystem::path& run) {
  CheckResult result;
  const auto config = read_config<StudyConfig>(run / "config.json");
  const std::filesystem::path file = run / "metrics.json";
  const StudyMetrics stored = parse_metrics(read_file(file), file.string());
  StudyMetrics again{.study = stored.study};
  std::vector<FitOutcome> fits;
  Dataset tested;  // of the first fit
  for (const int seed : config.seeds) {
    for (int fit = 0; fit < config.fits; ++fit) {
      Dataset dataset;
      fits.push_back(
          stored_outcome(run / fit_folder(seed, fit), seed, fit, config.data, result, dataset));
      again.models.push_back(model_row(config, fits.back()));
      if (fits.size() == 1) tested = std::move(dataset);
    }
  }
  if (fits.empty()) throw DataError(fmt::format("{}: expected a fit, found none", run.string()));
  const FitOutcome& first = fits.front();
  if (first.usable) {
    check_chosen(run, first, result);
    again.baselines = baseline_rows(first, tested);
  }
  try {
    again.numbers = study_numbers(config, tested, fits);
  } catch (const EmitError& e) {  // a model that could not have been emitted
    result.differences.push_back(e.what());
    again.numbers = stored.numbers;
  }
  again.cosim = stored.cosim;
  again.not_run = stored.not_run;
  recompute_cosim(run, again.cosim, result);
  again.findings = stored.findings;
  check_records(config, first, run, again.findings, result);
  result.values += static_cast<int>(again.baselines.size() + again.numbers.size());
  for (const std::string& sentence : compare_metrics(again, stored, kTolerance)) {
    result.differences.push_back(fmt::format("{}: {}", file.string(), sentence));
  }
  check_manifest(run, result);
  return result;
}

}  // namespace psi_xlstm
