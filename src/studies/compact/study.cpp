#include "studies/compact/study.hpp"

#include <fmt/format.h>

#include <set>
#include <utility>

#include "core/atomic_file.hpp"
#include "core/fingerprint.hpp"
#include "core/number_text.hpp"
#include "core/seed.hpp"
#include "core/utf8.hpp"
#include "cosimulation/traces.hpp"
#include "data/checksum.hpp"
#include "data/record_check.hpp"
#include "fit/falling_current.hpp"
#include "hdl/model_files.hpp"
#include "hdl/text/names.hpp"
#include "hdl/text/plan.hpp"
#include "ir/dynamics.hpp"
#include "model/predictions.hpp"
#include "psi_xlstm/core/error.hpp"
#include "psi_xlstm/data/readers/csv.hpp"
#include "studies/compact/check.hpp"
#include "studies/compact/numbers.hpp"
#include "studies/compact/standing.hpp"
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

FitOutcome run_fit(
    const StudyConfig& config, int seed, int fit, const SourcedData& data, Road& road) {
  FitOutcome outcome{.seed = seed, .fit = fit};
  const FitConfig options = fit_config(config, fit);
  const std::string wanted = fingerprint(config, options, data);
  const std::filesystem::path folder = fit_folder(seed, fit);
  const std::filesystem::path file = road.folder().own(folder / kModelName);
  if (std::optional<StoredModel> model = finished_model(file, wanted)) {
    outcome.model = std::move(*model);
    outcome.usable = true;
  } else {
    road.folder().remove_below(folder);
    train_model(config, options, data, road.threads(), road.progress(), outcome);
    if (!outcome.usable) return outcome;
    outcome.model.fingerprint = wanted;
    outcome.model.data_checksum = checksum(data.dataset);
    save_model(road.folder().own(folder / kModelName), outcome.model);
  }
  outcome.predictions = fit::predict(outcome.model.network, data.dataset, data.dataset.split.test,
                                     data.starts, data.refine_starts);
  outcome.baselines = fit::fit_baselines(data.dataset, outcome.predictions);
  outcome.test = fit::score(data.dataset, outcome.predictions);
  outcome.device_law = device_law_errors(config.data, data.dataset, outcome.predictions);
  save_predictions(road.folder().own(folder / "predictions.safetensors"),
                   to_store(data.dataset, outcome));
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
std::string emit(const StoredModel& model, RunFolder& folder) {
  const ir::Network& network = model.network;
  const std::filesystem::path hdl = "hdl";
  for (const char* ending : {".va", ".sp", ".c", ".osdi"})
    folder.allow(hdl / (network.name + ending));
  const hdl::ModelFiles written =
      hdl::write_model_files(network, folder.path() / hdl, model.data_checksum);
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
                             const Dataset& dataset,
                             const FitOutcome& first,
                             double longest_step) {
  const fit::Prediction& shown = first.predictions.back();
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
                             const Dataset& dataset,
                             const FitOutcome& first,
                             Road& road) {
  const ir::Network& network = first.model.network;
  const hdl::EmissionPlan plan = hdl::plan_emission(network);
  CosimReport report;
  try {
    report = cosimulate_all(network, config.cosim,
                            case_like_the_data(config, dataset, first, plan.max_step),
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

// What a reader should know before believing a model.
std::vector<std::string> warnings_about(const Dataset& dataset,
                                        const FitOutcome& first,
                                        const std::vector<BaselineResult>& baselines) {
  std::vector<std::string> warnings;
  for (const Record& record : dataset.records) {
    warnings.insert(warnings.end(), record.remarks.begin(), record.remarks.end());
  }
  if (first.baselines.resistor < 0) {
    warnings.push_back(
        "the current runs against the voltage in the training records: if it was counted out of "
        "the device, use --sign -1");
  }
  constexpr double kNoBetter = 1.02;
  for (const BaselineResult& b : baselines) {
    if (b.mse && first.test.mse && *b.mse <= kNoBetter * *first.test.mse) {
      warnings.push_back(
          fmt::format("the model is no better than the trivial predictor \"{}\"", b.name));
    }
  }
  if (const auto voltage = fit::falling_voltage(first.model.network)) {
    warnings.push_back(fmt::format(
        "at a fixed state the current of the model falls with the voltage, most steeply "
        "at {}: behind a resistor it jumps there, which a simulator may not follow",
        engineering(*voltage, "V")));
  }
  return warnings;
}

std::vector<SourcedData> all_data(const StudyConfig& config) {
  std::vector<SourcedData> data;
  for (const int seed : config.seeds) data.push_back(load_data(config.data, seed));
  return data;
}

// What is known of a usable first fit: its warnings, its files, its time constants, its comparison
// with ngspice.
void verify(Road& road, StudyResult& result) {
  const StudyConfig& config = result.config;
  const FitOutcome& first = result.fits.front();
  const Dataset& dataset = result.data.dataset;
  result.metrics.baselines = fit::score_baselines(first.baselines, dataset, first.predictions);
  for (std::string& warning : warnings_about(dataset, first, result.metrics.baselines)) {
    result.warnings.push_back(std::move(warning));
  }
  road.folder().write(
      kModelName, read_file(road.folder().path() / fit_folder(first.seed, first.fit) / kModelName));
  const std::string left_out = road.timed("emit", [&] { return emit(first.model, road.folder()); });
  result.compiled = left_out.empty();
  if (!left_out.empty()) result.warnings.push_back(left_out);
  if (config.time_constants.enabled) {
    result.time_constants = road.stage("time constants", "of all records", [&] {
      return tau_stage(config.time_constants, dataset, result.data.starts, road.threads(),
                       result.warnings);
    });
  }
  if (!config.cosimulate) return;
  result.cosim = road.stage("co-simulate", "ngspice against the reference integration",
                            [&] { return run_cosimulation(config, dataset, first, road); });
  result.metrics.cosim = result.cosim.rows();
  for (const std::string& warning : result.cosim.warnings) result.warnings.push_back(warning);
}

// The text of `records` for the folder of the run; they become what reading it would give.
std::string own_data(std::vector<Record>& records, int sign) {
  std::set<std::string> ids;
  for (const Record& record : records) {
    constexpr int kFewest = 50;
    check_waveforms(record, kFewest);
    if (printable(record.id) != record.id || !ids.insert(record.id).second) {
      throw DataError(fmt::format("records: expected different names on one line each, found {}",
                                  in_quotes(record.id)));
    }
  }
  std::string text = csv_text(records);
  const std::string stem = std::filesystem::path(kOwnData).stem().string();
  for (Record& record : records) {
    record.id = records.size() == 1 ? stem : stem + "/" + record.id;
    for (double& current : record.current[0]) current *= sign;
    for (double& current : record.clean_current) current *= sign;
  }
  return text;
}

// Gives the model of `config` a name that every simulator takes; a sentence where it had another.
std::string rename_model(StudyConfig& config) {
  const std::string name = config.model, problem = hdl::problem_with_model_name(name);
  config.model = hdl::usable_model_name(name);
  if (config.model == name) return "";
  return fmt::format("the model \"{}\" is called {}, for \"{}\" {}", name, config.model, name,
                     problem);
}

// All that follows the data; `renamed`: what rename_model() said.
StudyResult run_on(std::vector<SourcedData> data,
                   const StudyConfig& config,
                   const std::string& renamed,
                   Road& road) {
  StudyResult result{.config = config};
  if (!renamed.empty()) result.warnings.push_back(renamed);
  result.fits = run_fits(config, data, road);
  result.data = std::move(data.front());
  result.metrics.study = config.study;
  for (const FitOutcome& fit : result.fits) {
    result.metrics.models.push_back(model_row(config, fit));
  }
  if (result.fits.front().usable) verify(road, result);
  result.metrics.numbers = study_numbers(config, result.data.dataset, result.fits);
  result.verdict = judge(config, result.fits, result.cosim);
  road.folder().write("metrics.json", metrics_text(result.metrics));
  road.stage("report", "tables, figures, page", [&] { write_report(result, road.folder()); });
  road.finish(config.seeds);
  return result;
}

}  // namespace

std::filesystem::path fit_folder(int seed, int fit) {
  return std::filesystem::path(fmt::format("seed_{}", seed)) / fmt::format("fit_{}", fit);
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

StudyResult run_study(StudyConfig config, const RunOptions& options, const Progress& progress) {
  throw_if_any("", contradictions_in(config));
  const std::string renamed = rename_model(config);
  Road road(options, progress);
  std::vector<SourcedData> data = road.stage("data", std::string(name_of(config.data.source)),
                                             [&] { return all_data(config); });
  road.claim(config_text(config));
  return run_on(std::move(data), config, renamed, road);
}

StudyResult run_study(StudyConfig config,
                      std::vector<Record> records,
                      const RunOptions& options,
                      const Progress& progress) {
  config.data.source = DataSource::kCsv;
  config.data.files = {std::filesystem::absolute(options.folder / kOwnData).string()};
  throw_if_any("", contradictions_in(config));
  const std::string renamed = rename_model(config);
  Road road(options, progress);
  std::string text;
  std::vector<SourcedData> data = road.stage("data", "in memory", [&] {
    text = own_data(records, config.data.sign);
    return std::vector{sourced(std::move(records), config.data)};
  });
  road.claim(config_text(config)).write(kOwnData, text);
  return run_on(std::move(data), config, renamed, road);
}

RunOutcome run_outcome(const StudyResult& result, const std::filesystem::path& folder) {
  RunOutcome outcome{.page = folder / kPageName,
                     .result = result_lines(result, folder),
                     .summary = summary_text(result),
                     .details = details_text(result),
                     .numbers = config_tree(result.metrics),
                     .warnings = result.warnings,
                     .verdict = result.verdict};
  if (result.fits.front().usable) outcome.files = model_files(result, folder);
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
      check_compact_run,
      [](const StudyConfig& config) {
        const std::vector<std::string> none;
        const bool csv = config.data.source == DataSource::kCsv;
        return all_problems(contradictions_in(config),
                            missing_files("/data/files", csv ? config.data.files : none));
      },
      StudyConfig{});
}

}  // namespace psi_xlstm
