#include "studies/networks/study.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "core/identifier.hpp"
#include "jobs/partner.hpp"
#include "jobs/pool.hpp"
#include "psi_xlstm/core/error.hpp"
#include "studies/networks/check.hpp"
#include "studies/networks/latency.hpp"
#include "studies/networks/report.hpp"
#include "studies/time_constants/study.hpp"

namespace psi_xlstm {
namespace {

// All trainings; group s is the s-th seed.
std::vector<PlannedJob> training_jobs(const NetworkStudyConfig& config,
                                      const std::filesystem::path& run) {
  const int teacher = teacher_index(config.networks);
  std::vector<PlannedJob> jobs;
  for (std::size_t s = 0; s < config.seeds.size(); ++s) {
    const int first = static_cast<int>(jobs.size());
    for (int n = 0; n < static_cast<int>(config.networks.size()); ++n) {
      const NetworkConfig& network = config.networks[static_cast<std::size_t>(n)];
      const Job job{.kind = "network",
                    .name = fmt::format("seed {}, {}", config.seeds[s], label_of(network)),
                    .program = trainer_program().string(),
                    .inputs = {{"config", run / "config.json"}},
                    .outputs = {{"run", run}},
                    .settings = {{"network", n}},
                    .seed = config.seeds[s]};
      const bool needs_teacher = network.is_student() && teacher >= 0;
      jobs.push_back({.job = job,
                      .group = static_cast<int>(s),
                      .needs = needs_teacher ? first + teacher : -1});
    }
  }
  return jobs;
}

// Trains every network of every seed; the report has one outcome per job.
JobReport train_networks(const std::vector<PlannedJob>& jobs,
                         JobEngine& engine,
                         const Progress& progress) {
  std::vector<double> done(jobs.size(), 0.0);
  const auto told = [&](std::size_t index, double part, const std::string& detail) {
    done[index] = part;
    double sum = 0;
    for (double d : done) sum += d;
    progress("train", sum / static_cast<double>(jobs.size()),
             fmt::format("{}: {}", jobs[index].job.name, detail));
  };
  return engine.run(jobs, told);
}

// The files of one training, relative to the folder of the run.
std::vector<std::filesystem::path> files_of(int seed, const NetworkConfig& network) {
  const std::filesystem::path folder = network_folder("", seed, label_of(network));
  return {folder / "model.safetensors", folder / "predictions.safetensors", folder / "curve.json"};
}

// Notes what the trainers will write before they do.
void expect_files(const NetworkStudyConfig& config, RunFolder& folder) {
  for (const int seed : config.seeds) {
    for (const NetworkConfig& network : config.networks) {
      for (const auto& file : files_of(seed, network)) folder.allow(file);
      folder.allow(network_folder("", seed, label_of(network)) / "training.safetensors");
    }
  }
}

std::vector<ModelOutcome> fit_compact_students(const NetworkStudyConfig& config,
                                               const std::vector<SeedData>& seeds,
                                               Road& road) {
  std::vector<ModelOutcome> out;
  if (!config.with_compact) return out;
  for (const SeedData& data : seeds) {
    const std::string name = fmt::format("seed {}, compact", data.seed);
    road.progress()("fit", static_cast<double>(out.size()) / static_cast<double>(seeds.size()),
                    name);
    out.push_back(
        road.timed(name, [&] { return fit_compact(config, road.folder(), data, road.threads()); }));
  }
  return out;
}

// One network of one seed as its training left it; of a failed one, what an earlier success left
// says nothing about this run and goes.
ModelOutcome trained_outcome(const NetworkStudyConfig& config,
                             const SeedData& data,
                             int index,
                             const JobOutcome& job,
                             RunFolder& folder) {
  const NetworkConfig& network = config.networks[static_cast<std::size_t>(index)];
  const std::vector<std::filesystem::path> files = files_of(data.seed, network);
  if (job.done) {
    for (const auto& file : files) folder.own(file);
    return load_outcome(config, folder.path(), data, index);
  }
  for (const auto& file : files) folder.remove(file);
  return {.seed = data.seed, .network = index, .label = label_of(network), .reason = job.reason};
}

// By seed, then networks in the order of the config, then the compact student.
std::vector<ModelOutcome> all_outcomes(const NetworkStudyConfig& config,
                                       const std::vector<SeedData>& seeds,
                                       const std::vector<JobOutcome>& trained,
                                       std::vector<ModelOutcome> compact,
                                       RunFolder& folder) {
  std::vector<ModelOutcome> out;
  const std::size_t networks = config.networks.size();
  for (std::size_t s = 0; s < seeds.size(); ++s) {
    for (std::size_t n = 0; n < networks; ++n) {
      out.push_back(trained_outcome(config, seeds[s], static_cast<int>(n),
                                    trained[s * networks + n], folder));
    }
    if (config.with_compact) out.push_back(std::move(compact[s]));
  }
  return out;
}

// One step of every model, of the first seed that has it.
std::vector<LatencyRow> measured_latencies(const NetworkStudyConfig& config,
                                           const std::vector<ModelOutcome>& outcomes,
                                           Stopwatch& watch) {
  std::vector<LatencyRow> rows;
  for (const std::string& label : model_labels(config)) {
    const auto found = std::find_if(outcomes.begin(), outcomes.end(), [&](const ModelOutcome& o) {
      return o.usable && o.label == label;
    });
    if (found == outcomes.end()) continue;
    const double ns = found->stored ? streaming_nanoseconds(*found->stored)
                                    : streaming_nanoseconds(found->compact->network);
    rows.push_back({label, ns});
    if (ns > 0) watch.add(fmt::format("one step of {}", label), 1e-9 * ns);
  }
  return rows;
}

std::vector<SeedData> all_data(const NetworkStudyConfig& config) {
  std::vector<SeedData> seeds;
  for (const int seed : config.seeds) seeds.push_back(seed_data(config, seed));
  return seeds;
}

// What is known once the trainings are done.
void evaluate(Road& road, NetworkStudyResult& result) {
  const NetworkStudyConfig& config = result.config;
  road.stage("metrics", "errors of all models", [&] {
    result.references = references(config, result.seeds);
    result.bands = band_rows(result.seeds, result.outcomes, result.references);
    result.metrics = network_metrics(config, result.outcomes, result.references, result.bands);
    road.folder().write("metrics.json", metrics_text(result.metrics));
  });
  std::vector<std::string> failed = failures(result.outcomes);
  result.verdict = {failed.empty() ? Verdict::kPassed : Verdict::kFailed,
                    failed.empty() ? "" : failed.front()};
  if (!failed.empty()) result.warnings.assign(failed.begin() + 1, failed.end());
  if (config.time_constants.enabled) {
    result.time_constants = road.stage(
        "time constants", fmt::format("of the records of seed {}", config.seeds.front()), [&] {
          return network_time_constants(config, result.seeds.front(), result.outcomes,
                                        road.threads(), result.warnings);
        });
  }
  result.latencies = road.stage("latencies", "one step of every model", [&] {
    return measured_latencies(config, result.outcomes, road.stopwatch());
  });
}

}  // namespace

std::optional<TauStudyResult> network_time_constants(const NetworkStudyConfig& config,
                                                     const SeedData& data,
                                                     const std::vector<ModelOutcome>& outcomes,
                                                     int threads,
                                                     std::vector<std::string>& warnings) {
  std::optional<TauStudyResult> found =
      tau_stage(config.time_constants, data.dataset, data.starts, threads, warnings);
  if (!found || config.is_published()) return found;
  for (const ModelOutcome& o : outcomes) {
    if (o.seed != data.seed || !o.usable || !o.stored || !has_gates_to_show(*o.stored)) continue;
    found->networks.push_back(network_gates(*o.stored, o.label, data.dataset.records, data.starts));
  }
  return found;
}

NetworkStudyResult run_network_study(const NetworkStudyConfig& config,
                                     const RunOptions& options,
                                     const Progress& progress) {
  check_config(config);
  if (!config.networks.empty()) (void)trainer_program();
  Road road(options, progress);
  NetworkStudyResult result{.config = config};
  result.seeds =
      road.stage("data", fmt::format("{} seeds of the published recipe", config.seeds.size()),
                 [&] { return all_data(config); });
  RunFolder& folder = road.claim(config_text(config));
  expect_files(config, folder);
  std::vector<ModelOutcome> compact = fit_compact_students(config, result.seeds, road);
  const std::vector<PlannedJob> jobs = training_jobs(config, folder.path());
  LocalPool pool({.processes = road.threads()});
  const JobReport report =
      road.timed("trainings side by side", [&] { return train_networks(jobs, pool, progress); });
  for (std::size_t i = 0; i < jobs.size(); ++i) {
    road.stopwatch().add(jobs[i].job.name, report.outcomes[i].duration);
  }
  result.interrupted = report.interrupted;
  if (result.interrupted) {
    result.verdict = {Verdict::kNotVerified, "interrupted; the same command goes on from here"};
    return result;
  }
  result.outcomes = all_outcomes(config, result.seeds, report.outcomes, std::move(compact), folder);
  evaluate(road, result);
  road.stage("report", "tables, figures, page", [&] { write_report(result, folder); });
  road.finish(config.seeds);
  return result;
}

RunOutcome run_outcome(const NetworkStudyResult& result, const std::filesystem::path& folder) {
  RunOutcome outcome{.result = result_lines(result, folder),
                     .summary = summary_text(result),
                     .warnings = result.warnings,
                     .verdict = result.verdict,
                     .interrupted = result.interrupted};
  if (result.interrupted) return outcome;
  outcome.page = folder / kPageName;
  outcome.files = network_files(result, folder);
  outcome.numbers = config_tree(result.metrics);
  return outcome;
}

namespace {

// A teacher and a student of it.
NetworkStudyConfig example_study() {
  NetworkConfig teacher{.kind = NetworkKind::kTeacher, .phases = {PhaseConfig{}}};
  NetworkConfig student{.kind = NetworkKind::kLowRank, .phases = {PhaseConfig{}}};
  student.distillation = {.alpha = 1, .beta = 0.1};
  return {.study = "my_networks", .networks = {teacher, student}};
}

}  // namespace

StudyKind networks_kind() {
  return study_kind<NetworkStudyConfig>(
      "networks",
      [](const NetworkStudyConfig& config, const RunOptions& options, const Progress& progress) {
        return run_outcome(run_network_study(config, options, progress), options.folder);
      },
      check_network_run, [](const NetworkStudyConfig& config) { return contradictions_in(config); },
      example_study());
}

}  // namespace psi_xlstm
