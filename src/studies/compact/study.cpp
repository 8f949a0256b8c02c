#include "studies/compact/study.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <utility>

#include "core/atomic_file.hpp"
#include "core/number_text.hpp"
#include "core/utf8.hpp"
#include "cosimulation/traces.hpp"
#include "data/readers/remarks.hpp"
#include "data/record_check.hpp"
#include "fit/falling_current.hpp"
#include "hdl/model_files.hpp"
#include "hdl/text/names.hpp"
#include "hdl/text/plan.hpp"
#include "ir/dynamics.hpp"
#include "psi_xlstm/core/error.hpp"
#include "psi_xlstm/data/readers/csv.hpp"
#include "simulators/registry/simulators.hpp"
#include "studies/compact/check.hpp"
#include "studies/compact/fits.hpp"
#include "studies/compact/numbers.hpp"
#include "studies/compact/quality.hpp"
#include "studies/compact/standing.hpp"
#include "studies/time_constants/study.hpp"

namespace psi_xlstm {
namespace {

// Writes every form of `network`; returns why one was left out, or an empty text.
std::string emit(const StoredModel& model, RunFolder& folder) {
  const ir::Network& network = model.network;
  const std::filesystem::path place = "hdl";
  for (const auto& endings : {hdl::form_endings(), hdl::companion_endings()}) {
    for (const std::string& ending : endings) folder.allow(place / (network.name + ending));
  }
  const hdl::ModelFiles written =
      hdl::write_model_files(network, folder.path() / place, model.data_checksum);
  for (const std::filesystem::path& file : written.files) folder.own(place / file.filename());
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
  std::vector<NotRun> missing;
  const Simulators simulators = open_simulators(
      config.cosim.simulators, {.time_limit_s = config.cosim.time_limit_s}, missing);
  CosimReport report = cosimulate_all(
      network, config.cosim, case_like_the_data(config, data, first, plan.max_step),
      plan.default_conductance, simulators, {}, [&](double done, const std::string& detail) {
        road.progress()("co-simulate", done, detail);
      });
  report.not_run.insert(report.not_run.end(), missing.begin(), missing.end());
  for (const CosimOutcome& outcome : report.transients) {
    if (outcome.time.empty()) continue;
    const std::filesystem::path name = "cosim";
    save_traces(road.folder().own(name / trace_file_name(outcome.row)), outcome);
  }
  return report;
}

// What a reader should know before believing a model: what the readers and the diagnosis say.
std::vector<std::string> warnings_about(const SourcedData& data,
                                        const std::vector<std::string>& files) {
  std::vector<std::string> warnings;
  for (const Record& record : data.dataset.records) {
    for (const std::string& full : record.remarks) {
      const std::string remark = without_folder(full, files);
      const auto known = std::find(warnings.begin(), warnings.end(), remark);  // of another part
      if (known == warnings.end()) warnings.push_back(remark);
    }
  }
  for (const Finding& finding : data.findings) warnings.push_back(finding.sentence);
  return warnings;
}

// The same of the model itself.
void warn_about_model(StudyResult& result) {
  if (!result.quality.remark.empty()) result.warnings.push_back(result.quality.remark);
  if (const auto voltage = fit::falling_voltage(result.fits.front().model.network)) {
    result.warnings.push_back(fmt::format(
        "at a fixed state the current of the model falls with the voltage, most steeply "
        "at {}: behind a resistor it jumps there, which a simulator may not follow",
        engineering(*voltage, "V")));
  }
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
  warn_about_model(result);
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
  result.cosim = road.stage("co-simulate", "simulators against the reference integration",
                            [&] { return run_cosimulation(config, result.data, first, road); });
  result.metrics.cosim = result.cosim.rows();
  result.metrics.not_run = result.cosim.not_run;
  for (const std::string& warning : result.cosim.warnings) result.warnings.push_back(warning);
}

// The text of `records` for the folder of the run; they become what reading it would give.
std::string own_data(std::vector<Record>& records, int sign) {
  std::set<std::string> ids;
  check_waveforms(records);
  for (const Record& record : records) {
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
  for (const Finding& finding : data.front().findings) road.progress()("data", 1, finding.sentence);
  result.fits = run_fits(config, data, road);
  result.data = std::move(data.front());
  result.metrics.study = config.study;
  for (const FitOutcome& fit : result.fits) {
    result.metrics.models.push_back(model_row(config, fit));
  }
  result.metrics.findings = result.data.findings;
  for (std::string& warning : warnings_about(result.data, config.data.files)) {
    result.warnings.push_back(std::move(warning));
  }
  const FitOutcome& first = result.fits.front();
  if (first.usable) result.metrics.baselines = baseline_rows(first, result.data.dataset);
  result.quality =
      judge_quality(result.data.dataset, first, result.metrics.baselines, result.metrics.findings);
  if (first.usable) verify(road, result);
  result.metrics.numbers = study_numbers(config, result.data.dataset, result.fits);
  result.verdict = judge(config, result.fits, result.quality.judgement, result.cosim);
  road.folder().write("metrics.json", metrics_text(result.metrics));
  road.stage("report", "tables, figures, page", [&] { write_report(result, road.folder()); });
  road.finish(config.seeds);
  return result;
}

}  // namespace

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
  // Not Verilog-A, whose compiler few have and whose row says it.
  CosimReport own;
  for (const NotRun& none : result.cosim.not_run) {
    if (none.path != path_of(EmittedForm::kVerilogA)) own.not_run.push_back(none);
  }
  const bool told = result.cosim.left_out() == result.verdict.reason;
  if (!own.not_run.empty() && !told) outcome.notes.push_back(own.left_out());
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
