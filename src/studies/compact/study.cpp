#include "studies/compact/study.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <utility>

#include "core/fingerprint.hpp"
#include "core/identifier.hpp"
#include "core/seed.hpp"
#include "cosimulation/traces.hpp"
#include "hdl/model_files.hpp"
#include "hdl/text/names.hpp"
#include "hdl/text/plan.hpp"
#include "ir/dynamics.hpp"
#include "model/predictions.hpp"
#include "psi_xlstm/core/error.hpp"
#include "studies/compact/check.hpp"
#include "studies/compact/left_out.hpp"
#include "studies/compact/numbers.hpp"
#include "studies/compact/quality.hpp"
#include "studies/time_constants/study.hpp"

namespace psi_xlstm {
namespace {

// Everything that a fit depends on; threads, co-simulation and names of other things are not in it.
std::string fingerprint(const StudyConfig& config, const FitConfig& fit, const SourcedData& data) {
  return Fingerprint()
      .add("model", config.model)
      .add_tree("fit", config_tree(fit))
      .add_tree("selection", config_tree(config.selection))
      .add("data", checksum(data.dataset))
      .add("noise", config.data.noise)
      .add("g0", config.data.initial_conductance)
      .add("prefix", config.data.prefix)
      .hex();
}

FitConfig fit_config(const StudyConfig& config, int fit) {
  constexpr int kApart = 10;
  FitConfig out = config.fit;
  out.seed = derived_seed(config.fit.seed, kApart, fit);
  return out;
}

// Trains from nothing; `outcome` says how it went.
void train_model(const StudyConfig& config,
                 const FitConfig& fit,
                 const SourcedData& data,
                 int threads,
                 const Progress& progress,
                 FitOutcome& outcome) {
  if (data.dataset.leave_one_out) {
    return train_left_out(config, fit, data, threads, progress, outcome);
  }
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
  out.baselines = outcome.baselines.front();
  out.dataset.noise = dataset.noise;
  for (const fit::Prediction& p : outcome.predictions) {
    out.dataset.records.push_back(dataset.records[static_cast<std::size_t>(p.record)]);
    out.predictions.push_back(p);
    out.predictions.back().record = static_cast<int>(out.dataset.records.size()) - 1;
  }
  return out;
}

// Takes what an earlier run finished; false where that is not all of it.
bool take_models(const std::filesystem::path& folder,
                 const std::string& wanted,
                 const Dataset& dataset,
                 RunFolder& run,
                 FitOutcome& outcome) {
  std::optional<StoredModel> model = finished_model(run.own(folder / "model.safetensors"), wanted);
  if (!model) return false;
  outcome.model = std::move(*model);
  outcome.usable = true;
  return !dataset.leave_one_out ||
         take_left_out(folder, wanted, dataset.records.size(), run, outcome);
}

// Predicts and judges, and keeps the predictions.
void judge_fit(const StudyConfig& config,
               const SourcedData& data,
               const std::filesystem::path& folder,
               RunFolder& run,
               FitOutcome& outcome) {
  if (data.dataset.leave_one_out) return judge_left_out(data, folder, run, outcome);
  outcome.predictions = fit::predict(outcome.model.network, data.dataset, data.dataset.split.test,
                                     data.starts, data.refine_starts);
  outcome.baselines = {fit::fit_baselines(data.dataset, outcome.predictions)};
  outcome.test = fit::score(data.dataset, outcome.predictions);
  outcome.device_law = device_law_errors(config.data, data.dataset, outcome.predictions);
  save_predictions(run.own(folder / "predictions.safetensors"), to_store(data.dataset, outcome));
}

FitOutcome run_fit(
    const StudyConfig& config, int seed, int fit, const SourcedData& data, Road& road) {
  FitOutcome outcome{.seed = seed, .fit = fit};
  const FitConfig options = fit_config(config, fit);
  const std::string wanted = fingerprint(config, options, data);
  const std::filesystem::path folder = fit_folder(seed, fit);
  RunFolder& run = road.folder();
  if (!take_models(folder, wanted, data.dataset, run, outcome)) {
    outcome = {.seed = seed, .fit = fit};
    run.remove_below(folder);
    train_model(config, options, data, road.threads(), road.progress(), outcome);
    if (!outcome.usable) return outcome;
    outcome.model.fingerprint = wanted;
    save_left_out(folder, run, outcome);
    save_model(run.own(folder / "model.safetensors"), outcome.model);
  }
  judge_fit(config, data, folder, run, outcome);
  return outcome;
}

// All fits of all seeds.
std::vector<FitOutcome> run_fits(const StudyConfig& config,
                                 const std::vector<SourcedData>& data,
                                 Road& road) {
  std::vector<FitOutcome> fits;
  const auto total = static_cast<double>(config.seeds.size()) * config.fits;
  for (std::size_t s = 0; s < config.seeds.size(); ++s) {
    for (int fit = 0; fit < config.fits; ++fit) {
      const int seed = config.seeds[s];
      road.progress()("fit", static_cast<double>(fits.size()) / total,
                      fmt::format("seed {}, fit {} of {}", seed, fit + 1, config.fits));
      fits.push_back(road.timed(fmt::format("fit {}, seed {}", fit, seed),
                                [&] { return run_fit(config, seed, fit, data[s], road); }));
    }
  }
  return fits;
}

// Writes every form of `network`; returns why one was left out, or an empty text.
std::string emit(const ir::Network& network, RunFolder& folder) {
  const std::filesystem::path hdl = "hdl";
  for (const char* ending : {".va", ".sp", ".c", ".osdi"})
    folder.allow(hdl / (network.name + ending));
  const hdl::ModelFiles written = hdl::write_model_files(network, folder.path() / hdl);
  for (const std::filesystem::path& file : written.files) folder.own(hdl / file.filename());
  return written.left_out;
}

// The conductance [S] at the start of `shown`, from its states where it has some.
double start_conductance(const ir::Network& network, const fit::Prediction& shown) {
  if (shown.states.empty()) return shown.conductance.front();
  std::vector<double> c;
  for (const auto& state : shown.states) c.push_back(state.front());
  ir::Evaluator evaluator(network);
  const double zero = 0;
  evaluator.evaluate(ir::Part::kOutput, {&zero, 1}, c);
  return evaluator.value(network.conductance().node);
}

// What is simulated beside the standard stimuli: the drive of the last test record.
CosimCase case_like_the_data(const StudyConfig& config,
                             const SourcedData& data,
                             const FitOutcome& first,
                             double longest_step) {
  const Dataset& dataset = data.dataset;
  const fit::Prediction shown =
      fit::predict(first.model.network, dataset, {dataset.split.test.back()}, data.starts,
                   data.refine_starts)
          .front();
  CosimCase wanted =
      training_like_case(config.data, dataset.records[static_cast<std::size_t>(shown.record)]);
  wanted.conductance = start_conductance(first.model.network, shown);
  if (config.cosim.training_like_max_step > 0) {
    wanted.max_step = config.cosim.training_like_max_step;
    check_steps(wanted);
  }
  if (wanted.max_step == 0 || wanted.max_step > longest_step * 4) wanted.max_step = longest_step;
  wanted.relative_tolerance = config.cosim.relative_tolerance;
  wanted.limit = config.cosim.limit_training_like;
  return wanted;
}

CosimReport run_cosimulation(const StudyConfig& config,
                             const SourcedData& data,
                             const FitOutcome& first,
                             Road& road) {
  const ir::Network& network = first.model.network;
  const hdl::EmissionPlan plan = hdl::plan_emission(network);
  CosimReport report;
  try {
    report = cosimulate_all(network, config.cosim,
                            case_like_the_data(config, data, first, plan.max_step),
                            plan.default_conductance, {.time_limit_s = config.cosim.time_limit_s},
                            [&](double done, const std::string& detail) {
                              road.progress()("co-simulate", done, detail);
                            });
  } catch (const SpiceError& e) {  // everything computed before is kept
    report.left_out = e.what();
    return report;
  }
  for (const CosimOutcome& outcome : report.transients) {
    if (outcome.time.empty()) continue;
    const std::filesystem::path name = "cosim";
    save_traces(road.folder().own(name / trace_file_name(outcome.row)), outcome);
  }
  return report;
}

void check_config(const StudyConfig& config) {
  checked_identifier(config.study, "study");
  checked_identifier(config.model, "model");
  const std::string problem = hdl::problem_with_model_name(config.model);
  if (!problem.empty()) {
    throw ConfigError(
        fmt::format("model: expected another name than \"{}\", which {}", config.model, problem));
  }
  if (config.seeds.empty()) throw ConfigError("seeds: expected at least one seed, found none");
  const std::set<int> different(config.seeds.begin(), config.seeds.end());
  if (different.size() != config.seeds.size()) {
    throw ConfigError("seeds: expected different seeds, found one twice");
  }
  if (config.data.source == DataSource::kCsv && config.seeds.size() > 1) {
    throw ConfigError(
        fmt::format("seeds: expected one seed for data from files, found {}", config.seeds.size()));
  }
}

// What a reader should know before believing a model: what the readers and the diagnosis say.
std::vector<std::string> warnings_about(const SourcedData& data) {
  std::vector<std::string> warnings;
  for (const Record& record : data.dataset.records) {
    for (const std::string& remark : record.remarks) {
      const auto known = std::find(warnings.begin(), warnings.end(), remark);  // of another part
      if (known == warnings.end()) warnings.push_back(remark);
    }
  }
  for (const Finding& finding : data.findings) warnings.push_back(finding.sentence);
  return warnings;
}

std::vector<SourcedData> all_data(const StudyConfig& config) {
  std::vector<SourcedData> data;
  for (const int seed : config.seeds) data.push_back(load_data(config.data, seed));
  return data;
}

// What is known of a usable first fit: its warnings, its files, its time constants, its comparison
// with ngspice.
void verify(Road& road, const Quality& quality, StudyResult& result) {
  const StudyConfig& config = result.config;
  const FitOutcome& first = result.fits.front();
  const Dataset& dataset = result.data.dataset;
  if (!quality.remark.empty()) result.warnings.push_back(quality.remark);
  const std::string left_out =
      road.timed("emit", [&] { return emit(first.model.network, road.folder()); });
  if (!left_out.empty()) result.warnings.push_back(left_out);
  if (config.time_constants.enabled) {
    result.time_constants = road.stage("time constants", "of all records", [&] {
      return tau_stage(config.time_constants, dataset, result.data.starts, road.threads(),
                       result.warnings);
    });
  }
  if (!config.cosimulate) return;
  result.cosim = road.stage("co-simulate", "ngspice against the reference integration",
                            [&] { return run_cosimulation(config, result.data, first, road); });
  result.metrics.cosim = result.cosim.rows();
  for (const std::string& warning : result.cosim.warnings) result.warnings.push_back(warning);
}

}  // namespace

std::filesystem::path fit_folder(int seed, int fit) {
  return std::filesystem::path(fmt::format("seed_{}", seed)) / fmt::format("fit_{}", fit);
}

std::vector<BaselineResult> baseline_rows(const FitOutcome& outcome, const Dataset& dataset) {
  return outcome.left_out.empty()
             ? fit::score_baselines(outcome.baselines.front(), dataset, outcome.predictions)
             : fit::score_baselines(outcome.baselines, dataset, outcome.predictions);
}

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
  Road road(options, progress);
  StudyResult result{.config = config};
  std::vector<SourcedData> data = road.stage("data", std::string(name_of(config.data.source)),
                                             [&] { return all_data(config); });
  for (const Finding& finding : data.front().findings) {
    progress("data", 1, finding.sentence);
  }
  RunFolder& folder = road.claim(config_text(config));
  result.fits = run_fits(config, data, road);
  result.data = std::move(data.front());
  result.metrics.study = config.study;
  for (const FitOutcome& fit : result.fits) {
    result.metrics.models.push_back(model_row(config, fit));
  }
  result.metrics.findings = result.data.findings;
  result.warnings = warnings_about(result.data);
  const FitOutcome& first = result.fits.front();
  if (first.usable) result.metrics.baselines = baseline_rows(first, result.data.dataset);
  const Quality quality =
      judge_quality(result.data.dataset, first, result.metrics.baselines, result.metrics.findings);
  if (first.usable) verify(road, quality, result);
  result.metrics.numbers = study_numbers(config, result.data.dataset, result.fits);
  result.headline = first_line(quality);
  result.verdict = judge(config, result.fits, quality.judgement, result.cosim);
  folder.write("metrics.json", metrics_text(result.metrics));
  road.stage("report", "tables, figures, page", [&] { write_report(result, folder); });
  road.finish(config.seeds);
  return result;
}

RunOutcome run_outcome(const StudyResult& result, const std::filesystem::path& folder) {
  RunOutcome outcome{.page = folder / kPageName,
                     .summary = summary_text(result),
                     .warnings = result.warnings,
                     .verdict = result.verdict};
  const std::string& left_out = result.cosim.left_out;
  if (!left_out.empty() && left_out != result.verdict.reason) outcome.notes.push_back(left_out);
  return outcome;
}

StudyKind compact_kind() {
  return study_kind<StudyConfig>(
      "compact",
      [](const StudyConfig& config, const RunOptions& options, const Progress& progress) {
        return run_outcome(run_study(config, options, progress), options.folder);
      },
      check_compact_run);
}

}  // namespace psi_xlstm
