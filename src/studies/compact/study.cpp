#include "studies/compact/study.hpp"

#include <fmt/format.h>

#include <cmath>
#include <set>
#include <utility>

#include "core/atomic_file.hpp"
#include "core/identifier.hpp"
#include "core/sha256.hpp"
#include "cosimulation/traces.hpp"
#include "hdl/model_files.hpp"
#include "hdl/text/names.hpp"
#include "hdl/text/plan.hpp"
#include "ir/dynamics.hpp"
#include "model/predictions.hpp"
#include "psi_xlstm/core/error.hpp"
#include "psi_xlstm/core/version.hpp"
#include "run/stopwatch.hpp"
#include "studies/compact/numbers.hpp"
#include "studies/time_constants/study.hpp"

namespace psi_xlstm {
namespace {

// Everything that a fit depends on; threads, co-simulation and names of other things are not in it.
std::string fingerprint(const StudyConfig& config, const FitConfig& fit, const SourcedData& data) {
  const nlohmann::ordered_json tree = {{"version", version()},
                                       {"model", config.model},
                                       {"fit", config_tree(fit)},
                                       {"selection", config_tree(config.selection)},
                                       {"data", checksum(data.dataset)},
                                       {"noise", config.data.noise.value_or(0)},
                                       {"g0", config.data.initial_conductance.value_or(0)},
                                       {"prefix", config.data.prefix}};
  return sha256_hex(tree.dump());
}

FitConfig fit_config(const StudyConfig& config, int fit) {
  constexpr int kApart = 10;
  FitConfig out = config.fit;
  out.seed += kApart * fit;
  return out;
}

// Trains from nothing; `outcome` says how it went.
void train_model(const StudyConfig& config,
                 const FitConfig& fit,
                 const SourcedData& data,
                 int threads,
                 const Progress& progress,
                 FitOutcome& outcome) {
  fit::TrainingResult training;
  StudentShape shape = fit.student;
  std::vector<fit::CandidateReport> candidates;
  if (config.selection.enabled) {
    const auto shapes = fit::candidate_shapes(fit.student, config.selection.states.value_or(-1),
                                              config.selection.features.value_or(-1));
    const auto told = [&](int done, int count, const fit::CandidateReport& c) {
      progress("choose", static_cast<double>(done) / count,
               fmt::format("{} states, {} features, {} static: validation MSE {:.4g} A^2",
                           c.shape.states, c.shape.states > 0 ? c.shape.features : 0,
                           c.shape.static_features, c.validation_mse));
    };
    fit::SelectionResult selected =
        fit::select(data.dataset, shapes, fit, data.starts, config.model, threads, told);
    training = std::move(selected.training);
    shape = selected.shape;
    candidates = std::move(selected.candidates);
  } else {
    training =
        fit::train(fit::training_records(data.dataset, data.dataset.split.train, data.starts), fit,
                   config.model, threads);
  }
  outcome.usable = training.usable;
  outcome.reason = training.reason;
  if (!training.usable) return;
  outcome.model = stored_model(training, shape);
  outcome.model.candidates = std::move(candidates);
}

StoredPredictions to_store(const Dataset& dataset, const FitOutcome& outcome) {
  StoredPredictions out;
  out.baselines = outcome.baselines;
  out.dataset.noise = dataset.noise;
  for (const fit::Prediction& p : outcome.predictions) {
    out.dataset.records.push_back(dataset.records[static_cast<std::size_t>(p.record)]);
    out.predictions.push_back(p);
    out.predictions.back().record = static_cast<int>(out.dataset.records.size()) - 1;
  }
  return out;
}

// The model of an earlier run, where it is whole and what is wanted; else its folder is emptied.
bool take_finished(const std::filesystem::path& folder,
                   const std::string& wanted,
                   FitOutcome& outcome) {
  const std::filesystem::path file = folder / "model.safetensors";
  if (std::filesystem::exists(file)) {
    try {
      outcome.model = load_model(file);
      if (outcome.model.fingerprint == wanted) return true;
    } catch (const DataError&) {  // e.g. an interrupted copy: fitted again
    }
    outcome.model = {};
  }
  std::filesystem::remove_all(folder);
  return false;
}

FitOutcome run_fit(const StudyConfig& config,
                   int seed,
                   int fit,
                   const SourcedData& data,
                   const RunOptions& run,
                   const Progress& progress) {
  FitOutcome outcome{.seed = seed, .fit = fit};
  const FitConfig options = fit_config(config, fit);
  const std::string wanted = fingerprint(config, options, data);
  const std::filesystem::path folder = fit_folder(run.folder, seed, fit);
  const std::filesystem::path file = folder / "model.safetensors";
  outcome.usable = take_finished(folder, wanted, outcome);
  if (!outcome.usable) {
    train_model(config, options, data, run.threads, progress, outcome);
    if (!outcome.usable) return outcome;
    outcome.model.fingerprint = wanted;
    save_model(file, outcome.model);
  }
  outcome.predictions = fit::predict(outcome.model.network, data.dataset, data.dataset.split.test,
                                     data.starts, data.refine_starts);
  outcome.baselines = fit::fit_baselines(data.dataset, outcome.predictions);
  outcome.test = fit::score(data.dataset, outcome.predictions);
  outcome.device_law = device_law_errors(config.data, data.dataset, outcome.predictions);
  save_predictions(folder / "predictions.safetensors", to_store(data.dataset, outcome));
  return outcome;
}

void emit(StudyResult& result) {
  const hdl::ModelFiles written =
      hdl::write_model_files(result.fits.front().model.network, result.folder / "hdl");
  if (!written.left_out.empty()) result.warnings.push_back(written.left_out);
}

void run_cosimulation(StudyResult& result) {
  const FitOutcome& first = result.fits.front();
  const ir::Network& network = first.model.network;
  const hdl::EmissionPlan plan = hdl::plan_emission(network);
  const fit::Prediction& shown = first.predictions.back();
  const Record& record = result.data.dataset.records[static_cast<std::size_t>(shown.record)];
  const CosimConfig& config = result.config.cosim;
  CosimCase wanted = training_like_case(result.config.data, record);
  wanted.conductance = shown.conductance.front();
  if (!shown.states.empty()) {
    std::vector<double> c;
    for (const auto& state : shown.states) c.push_back(state.front());
    ir::Evaluator evaluator(network);
    const double zero = 0;
    evaluator.evaluate(ir::Part::kOutput, {&zero, 1}, c);
    wanted.conductance = evaluator.value(network.conductance().node);
  }
  if (config.training_like_max_step > 0) wanted.max_step = config.training_like_max_step;
  if (wanted.max_step == 0 || wanted.max_step > plan.max_step * 4) {
    wanted.max_step = plan.max_step;
  }
  wanted.relative_tolerance = config.relative_tolerance;
  wanted.limit = config.limit_training_like;
  try {
    result.cosim = cosimulate_all(network, config, wanted, plan.default_conductance,
                                  {.time_limit_s = config.time_limit_s});
  } catch (const SpiceError& e) {  // everything computed before is kept
    result.reason = e.what();
    return;
  }
  for (const CosimOutcome& outcome : result.cosim.transients) {
    if (outcome.time.empty()) continue;
    save_traces(result.folder / "cosim" / trace_file_name(outcome.row), outcome);
  }
  result.metrics.cosim = result.cosim.rows();
  for (const std::string& warning : result.cosim.warnings) result.warnings.push_back(warning);
}

void write_manifest(const StudyResult& result) {
  Manifest manifest;
  manifest.program_version = version();
  manifest.git_commit = git_commit();
  manifest.versions = library_versions();
  manifest.seeds = result.config.seeds;
  manifest.files = file_checksums(result.folder);
  write_file(result.folder / kManifestName, manifest_text(manifest));
}

void check_config(const StudyConfig& config) {
  checked_identifier(config.study, "study");
  checked_identifier(config.model, "model");
  if (hdl::is_reserved_word(config.model)) {
    throw ConfigError(fmt::format(
        "model: expected another name than \"{}\", which is a word of Verilog-A", config.model));
  }
  if (config.seeds.empty()) throw ConfigError("seeds: expected at least one seed, found none");
  const std::set<int> different(config.seeds.begin(), config.seeds.end());
  if (different.size() != config.seeds.size()) {
    throw ConfigError("seeds: expected different seeds, found one twice");
  }
  if (config.data.source == "csv" && config.seeds.size() > 1) {
    throw ConfigError(
        fmt::format("seeds: expected one seed for data from files, found {}", config.seeds.size()));
  }
}

// What a reader should know before believing a model.
void collect_warnings(StudyResult& result) {
  const FitOutcome& first = result.fits.front();
  for (const Record& record : result.data.dataset.records) {
    result.warnings.insert(result.warnings.end(), record.remarks.begin(), record.remarks.end());
  }
  if (first.baselines.resistor < 0) {
    result.warnings.push_back(
        "the current runs against the voltage in the training records: if it was counted out of "
        "the "
        "device, use --sign -1");
  }
  constexpr double kClearly = 1.02;
  for (const BaselineResult& b : result.metrics.baselines) {
    if (b.mse && first.test.mse && *b.mse <= kClearly * *first.test.mse) {
      result.warnings.push_back(
          fmt::format("the model is no better than the trivial predictor \"{}\"", b.name));
    }
  }
}

// All fits of all seeds; result.data is that of the first seed.
void run_fits(const RunOptions& options,
              const Progress& progress,
              Stopwatch& watch,
              StudyResult& result) {
  const StudyConfig& config = result.config;
  const auto total = static_cast<double>(config.seeds.size()) * config.fits;
  for (int seed : config.seeds) {
    progress("data", 0, fmt::format("{}, seed {}", config.data.source, seed));
    const SourcedData data = load_data(config.data, seed);
    if (result.fits.empty()) {  // the input is right: from here on the folder belongs to this run
      claim(options.folder);
      write_file(options.folder / "config.json", config_text(config));
      result.data = data;
    }
    watch.stage(fmt::format("data, seed {}", seed));
    for (int fit = 0; fit < config.fits; ++fit) {
      progress("fit", static_cast<double>(result.fits.size()) / total,
               fmt::format("seed {}, fit {} of {}", seed, fit + 1, config.fits));
      result.fits.push_back(run_fit(config, seed, fit, data, options, progress));
      result.metrics.models.push_back(model_row(config, result.fits.back()));
      watch.stage(fmt::format("fit {}, seed {}", fit, seed));
    }
  }
}

}  // namespace

ModelResult model_row(const StudyConfig& config, const FitOutcome& outcome) {
  ModelResult row;
  row.name = "compact";
  row.seed = outcome.seed;
  row.init = fit_config(config, outcome.fit).seed;
  if (!outcome.usable) return row;
  row.parameters = outcome.model.network.parameter_count();
  row.states = outcome.model.network.state_count();
  row.test = outcome.test;
  return row;
}

StudyResult run_study(const StudyConfig& config,
                      const RunOptions& options,
                      const Progress& progress) {
  check_config(config);
  Stopwatch watch;
  StudyResult result;
  result.folder = options.folder;
  result.config = config;
  result.metrics.study = config.study;
  run_fits(options, progress, watch, result);
  const FitOutcome& first = result.fits.front();
  if (first.usable) {
    result.metrics.baselines =
        fit::score_baselines(first.baselines, result.data.dataset, first.predictions);
    collect_warnings(result);
    emit(result);
    watch.stage("emit");
    if (config.time_constants.enabled) {
      progress("time constants", 0, "of all records");
      result.time_constants = tau_stage(config.time_constants, result.data.dataset,
                                        result.data.starts, options.threads, result.warnings);
      watch.stage("time constants");
    }
    if (config.cosimulate) {
      progress("co-simulate", 0, "ngspice against the reference integration");
      run_cosimulation(result);
      watch.stage("co-simulate");
    }
  }
  collect_numbers(result);
  judge(result);
  write_file(result.folder / "metrics.json", metrics_text(result.metrics));
  progress("report", 0, "tables, figures, page");
  write_report(result);
  watch.stage("report");
  write_manifest(result);
  write_file(result.folder / kTimingsName, watch.text());
  return result;
}

}  // namespace psi_xlstm
