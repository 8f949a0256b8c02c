#include "studies/time_constants/study.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>

#include "core/atomic_file.hpp"
#include "core/identifier.hpp"
#include "core/nearest.hpp"
#include "core/sha256.hpp"
#include "core/utf8.hpp"
#include "data/readers/options.hpp"
#include "data/readers/remarks.hpp"
#include "psi_xlstm/core/error.hpp"
#include "psi_xlstm/core/version.hpp"
#include "studies/time_constants/check.hpp"

namespace psi_xlstm {
namespace {

// All names that a response may have.
std::vector<std::string> response_names() {
  std::vector<std::string> names = {"any"};
  for (const tau::Response& response : tau::all_responses()) names.push_back(describe(response));
  return names;
}

std::optional<tau::Response> response_named(const std::string& name) {
  for (const tau::Response& response : tau::all_responses()) {
    if (tau::describe(response) == name) return response;
  }
  return std::nullopt;
}

// What is wrong with `config` beyond its single fields.
std::vector<ConfigProblem> contradictions_in(const TauConfig& config) {
  std::vector<ConfigProblem> problems;
  const std::vector<std::string> known = response_names();
  if (std::find(known.begin(), known.end(), config.response) == known.end()) {
    problems.push_back({"/response", fmt::format("one of {}", fmt::join(known, ", ")),
                        in_quotes(config.response), nearest_name(config.response, known)});
  }
  if (config.tau_range.size() != 0 && config.tau_range.size() != 2) {
    problems.push_back(
        {"/tau_range_s", "two numbers or none", fmt::format("{}", config.tau_range.size())});
  }
  return problems;
}

tau::StartKnowledge knowledge_of(TauStart start) {
  switch (start) {
    case TauStart::kRest:
      return tau::StartKnowledge::kRest;
    case TauStart::kUnknown:
      return tau::StartKnowledge::kUnknown;
    case TauStart::kByEvidence:
      break;
  }
  return tau::StartKnowledge::kByEvidence;
}

double sd_of(const std::vector<double>& values) {
  double mean = 0, square = 0;
  for (double x : values) mean += x / static_cast<double>(values.size());
  for (double x : values) square += (x - mean) * (x - mean);
  return std::sqrt(square / static_cast<double>(values.size()));
}

// Noise of the first record as a fraction of its current's standard deviation.
double relative_noise(const std::vector<Record>& records, const tau::TauEstimate& e) {
  const double sd = sd_of(records.front().current[0]);
  const double cost = e.fit.solution.record_costs.front();
  const double variance =
      cost / static_cast<double>(records.front().size()) * e.choice.records.variances.front();
  return sd > 0 ? std::sqrt(variance) / sd : 0;
}

// Range of time constants that the records leave open, where the user gave none.
std::vector<double> open_range(const tau::TauEstimate& e) {
  if (e.fit.taus.empty()) return {e.duration / 20, e.duration};
  const bool open = e.best_verdict() == tau::Verdict::kNotIdentifiable;
  const double longest = 2 * e.fit.taus.back();
  return {std::max(e.fit.taus.front() / 2, 3 * e.sample_step),
          open ? std::max(longest, e.duration) : longest};
}

tau::AdviceRequest request_for(const std::vector<Record>& records,
                               const TauStudyResult& result,
                               const std::vector<double>& range) {
  const tau::TauEstimate& e = result.estimate;
  tau::AdviceRequest request{.shortest_tau = range.front(), .longest_tau = range.back()};
  request.amplitude = 0;
  for (const Record& record : records) {
    for (double V : record.voltage[0]) request.amplitude = std::max(request.amplitude, std::abs(V));
  }
  request.sample_rate = std::max(1 / e.sample_step, 3.001 / range.front());
  request.noise = std::clamp(result.noise, 1e-6, 1.0);
  const bool conductance = e.choice.records.response.form == tau::Form::kConductance;
  const double g0 = e.fit.solution.statics[0];
  if (!conductance || !(g0 > 0) || e.fit.taus.empty()) return request;
  // The device list has neighbours: what was seen as one process may be two.
  const double total = e.fit.solution.amplitudes.cwiseAbs().sum();
  const double share = total / std::max(2, e.choice.processes);
  request.g0 = g0;
  request.gain = std::clamp(
      share * tau::drive_at(e.choice.records.response.drive, request.amplitude) / g0, 1e-3, 10.0);
  return request;
}

bool all_identified(const tau::TauEstimate& e) {
  return e.memory == tau::Memory::kFixed &&
         std::all_of(e.processes.begin(), e.processes.end(), [](const tau::ProcessEstimate& p) {
           return p.verdict == tau::Verdict::kIdentified;
         });
}

// The records with the ids of `config`, or all.
std::vector<Record> chosen_records(const TauStudyConfig& config) {
  const std::vector<std::filesystem::path> files(config.files.begin(), config.files.end());
  std::vector<Record> all = read_records(files, read_options(config.reading, config.sign));
  if (config.records.empty()) return all;
  std::vector<Record> chosen;
  for (const std::string& id : config.records) {
    const auto found = std::find_if(all.begin(), all.end(), [&](const Record& r) {
      return r.id == id || r.id.ends_with("/" + id);
    });
    if (found == all.end()) {
      throw ConfigError(fmt::format("records: expected the id of a record, found \"{}\"", id));
    }
    chosen.push_back(*found);
  }
  return chosen;
}

void write_page(const TauStudyResult& result, RunFolder& folder, const TauStudyConfig& config) {
  const tau::TauEstimate& e = result.estimate;
  ReportPage page{.title = "Time constants", .subtitle = e.conclusion};
  page.cards = {{.label = "memory", .value = tau::text_of(e.memory), .note = ""},
                {.label = "residuals",
                 .value = e.fit.whiteness.white() ? "white" : "not white",
                 .note = "Ljung-Box and power of blocks, level 1e-3"}};
  page.sections = {write_tau(result, folder, "", page.warnings)};
  std::vector<std::string> names;
  for (const std::string& file : config.files) {
    names.push_back(std::filesystem::path(file).filename().string());
  }
  page.footer = {fmt::format("psi {} ({})", version(), git_commit()),
                 fmt::format("files: {}", fmt::join(names, ", "))};
  folder.write(kPageName, to_html(page));
}

}  // namespace

TauStudyResult tau_study(const std::vector<Record>& records, const TauConfig& config, int threads) {
  throw_if_any("", contradictions_in(config));
  TauStudyResult out;
  out.estimate = tau::estimate(records, {.choice = {.response = response_named(config.response),
                                                    .start = knowledge_of(config.start)},
                                         .bias_dependent = config.bias_dependent,
                                         .threads = threads});
  out.noise = relative_noise(records, out.estimate);
  const bool fixed = out.estimate.memory == tau::Memory::kFixed;
  if (config.tau_range.empty() && (!fixed || all_identified(out.estimate))) return out;
  out.advice_range = config.tau_range.empty() ? open_range(out.estimate) : config.tau_range;
  out.advice = tau::advise(request_for(records, out, out.advice_range));
  return out;
}

std::optional<TauStudyResult> tau_stage(const TauStageConfig& config,
                                        const Dataset& dataset,
                                        const fit::StartOptions& starts,
                                        int threads,
                                        std::vector<std::string>& warnings) {
  if (!config.enabled) return std::nullopt;
  std::vector<int> all(dataset.records.size());
  std::iota(all.begin(), all.end(), 0);
  std::vector<Record> records;
  for (fit::TrainingRecord& r : fit::training_records(dataset, all, starts)) {
    records.push_back(std::move(r.record));
  }
  try {
    return tau_study(records, config.estimate, threads);
  } catch (const DataError& e) {
    warnings.push_back(fmt::format("no time constants: {}", e.what()));
    return std::nullopt;
  }
}

TauStudyResult tau_study_of_files(const TauStudyConfig& config, int threads) {
  const std::vector<Record> records = chosen_records(config);
  std::vector<NetworkGates> networks;
  if (!config.networks.empty()) networks = study_gates(config.networks, records, {.exact = true});
  TauStudyResult result = tau_study(records, config.estimate, threads);
  result.networks = std::move(networks);
  for (const Record& record : records) {
    for (const std::string& remark : record.remarks) {
      result.estimate.warnings.push_back(without_folder(remark, config.files));
    }
  }
  for (const std::string& file : config.files) result.files[file] = sha256_hex(read_file(file));
  return result;
}

TauStudyResult run_tau_study(const TauStudyConfig& config,
                             const RunOptions& options,
                             const Progress& progress) {
  Road road(options, progress);
  TauStudyResult result = road.stage("estimate", fmt::format("{}", fmt::join(config.files, ", ")),
                                     [&] { return tau_study_of_files(config, road.threads()); });
  RunFolder& folder = road.claim(config_text(config));
  road.stage("report", "tables, figures, page", [&] { write_page(result, folder, config); });
  road.finish({});
  return result;
}

RunOutcome run_outcome(const TauStudyResult& result, const std::filesystem::path& folder) {
  return {.page = folder / kPageName,
          .result = result_lines(result, folder),
          .summary = tau_summary(result),
          .details = tau_details(result),
          .files = {folder / "tau.json"},
          .numbers = nlohmann::ordered_json::parse(tau_json(result)),
          .warnings = result.estimate.warnings,
          .verdict = {Verdict::kPassed, ""}};
}

std::vector<ConfigProblem> contradictions_in(const TauStudyConfig& config) {
  std::vector<ConfigProblem> problems = contradictions_in(config.estimate);
  if (!is_identifier(config.study)) {
    problems.push_back({"/study", identifier_text(), in_quotes(config.study)});
  }
  if (config.files.empty()) problems.push_back({"/files", "at least one file", "none"});
  return problems;
}

StudyKind time_constants_kind() {
  return study_kind<TauStudyConfig>(
      "time_constants",
      [](const TauStudyConfig& config, const RunOptions& options, const Progress& progress) {
        return run_outcome(run_tau_study(config, options, progress), options.folder);
      },
      check_tau_run,
      [](const TauStudyConfig& config) {
        return all_problems(contradictions_in(config), missing_files("/files", config.files));
      },
      TauStudyConfig{.files = {"my_device.csv"}});
}

}  // namespace psi_xlstm
