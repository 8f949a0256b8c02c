#include "studies/networks/study.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <utility>

#include "core/atomic_file.hpp"
#include "core/identifier.hpp"
#include "jobs/partner.hpp"
#include "jobs/pool.hpp"
#include "model/streaming.hpp"
#include "psi_xlstm/core/error.hpp"
#include "psi_xlstm/core/version.hpp"
#include "run/manifest.hpp"
#include "run/stopwatch.hpp"
#include "studies/networks/report.hpp"
#include "studies/time_constants/study.hpp"

namespace psi_xlstm {
namespace {

template <class Value>
bool all_different(const std::vector<Value>& values) {
  return std::set<Value>(values.begin(), values.end()).size() == values.size();
}

void check_network(const NetworkStudyConfig& config, int index) {
  const NetworkConfig& network = config.networks[static_cast<std::size_t>(index)];
  const std::string where = fmt::format("networks/{}", index);
  checked_identifier(label_of(network), where + "/label");
  if (label_of(network).starts_with("fit_")) {
    throw ConfigError(
        fmt::format("{}/label: expected no label that begins with \"fit_\", found "
                    "\"{}\"",
                    where, label_of(network)));
  }
  if (network.phases.empty()) {
    throw ConfigError(fmt::format("{}/phases: expected at least one, found none", where));
  }
  const bool whole_trajectories = config.protocol == "known_start" && network.name != "pinn";
  if (network.optimizer != "adamw" && !whole_trajectories) {
    throw ConfigError(fmt::format(
        "{}/optimizer: expected \"adamw\" but for recurrent networks of the known-start "
        "protocol, found \"{}\"",
        where, network.optimizer));
  }
  const int teacher = teacher_index(config.networks);
  const bool needed = learns_from_teacher(network) || (is_student_network(network) && teacher >= 0);
  if (needed && (teacher < 0 || teacher > index)) {
    throw ConfigError(fmt::format("{}: expected a teacher before the student \"{}\", found {}",
                                  where, label_of(network),
                                  teacher < 0 ? "none" : "one behind it"));
  }
}

std::string trainer_program() {
  return helper_program("psi_trainer", {}, "PSI_TRAINER", "trainer").string();
}

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
                    .program = trainer_program(),
                    .inputs = {{"config", run / "config.json"}},
                    .outputs = {{"run", run}},
                    .settings = {{"network", n}},
                    .seed = config.seeds[s]};
      const bool needs_teacher = is_student_network(network) && teacher >= 0;
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

// What a failed training left of an earlier success says nothing about this run.
ModelOutcome failed_outcome(const NetworkStudyConfig& config,
                            const std::filesystem::path& run,
                            int seed,
                            int index,
                            const std::string& reason) {
  ModelOutcome outcome{.seed = seed,
                       .network = index,
                       .label = label_of(config.networks[static_cast<std::size_t>(index)]),
                       .reason = reason};
  const std::filesystem::path folder = network_folder(run, seed, outcome.label);
  for (const char* name : {"model.safetensors", "predictions.safetensors"}) {
    std::filesystem::remove(folder / name);
  }
  return outcome;
}

std::vector<ModelOutcome> fit_compact_students(const NetworkStudyResult& result,
                                               const RunOptions& options,
                                               const Progress& progress,
                                               Stopwatch& watch) {
  std::vector<ModelOutcome> out;
  if (!result.config.with_compact) return out;
  for (const SeedData& data : result.seeds) {
    progress("fit", static_cast<double>(out.size()) / static_cast<double>(result.seeds.size()),
             fmt::format("seed {}, compact", data.seed));
    out.push_back(fit_compact(result.config, options.folder, data, options.threads));
    watch.stage(fmt::format("seed {}, compact", data.seed));
  }
  return out;
}

void collect_outcomes(const std::vector<JobOutcome>& trained,
                      std::vector<ModelOutcome> compact,
                      NetworkStudyResult& result) {
  const NetworkStudyConfig& config = result.config;
  const std::size_t networks = config.networks.size();
  for (std::size_t s = 0; s < result.seeds.size(); ++s) {
    for (std::size_t n = 0; n < networks; ++n) {
      const JobOutcome& job = trained[s * networks + n];
      const int index = static_cast<int>(n);
      result.outcomes.push_back(
          job.done
              ? load_outcome(config, result.folder, result.seeds[s], index)
              : failed_outcome(config, result.folder, result.seeds[s].seed, index, job.reason));
    }
    if (config.with_compact) result.outcomes.push_back(std::move(compact[s]));
  }
}

// One step of every model, of the first seed that has it.
void measure_latencies(NetworkStudyResult& result, Stopwatch& watch) {
  for (const std::string& label : model_labels(result.config)) {
    const auto found =
        std::find_if(result.outcomes.begin(), result.outcomes.end(),
                     [&](const ModelOutcome& o) { return o.usable && o.label == label; });
    if (found == result.outcomes.end()) continue;
    const double ns = found->stored ? streaming_nanoseconds(*found->stored)
                                    : streaming_nanoseconds(found->compact->network);
    result.latencies.push_back({label, ns});
    if (ns > 0) watch.add(fmt::format("one step of {}", label), 1e-9 * ns);
  }
}

void write_manifest(const NetworkStudyResult& result) {
  Manifest manifest;
  manifest.program_version = version();
  manifest.git_commit = git_commit();
  manifest.versions = library_versions();
  manifest.seeds = result.config.seeds;
  manifest.files = file_checksums(result.folder);
  write_file(result.folder / kManifestName, manifest_text(manifest));
}

}  // namespace

bool is_network_study(const std::filesystem::path& config_file) {
  const nlohmann::json tree = parse_json(config_file);
  return tree.is_object() && tree.contains("protocol");
}

void check_config(const NetworkStudyConfig& config) {
  checked_identifier(config.study, "study");
  if (config.seeds.empty() || !all_different(config.seeds)) {
    throw ConfigError(fmt::format("seeds: expected different seeds, found {} of them{}",
                                  config.seeds.size(), config.seeds.empty() ? "" : ", not all so"));
  }
  const std::vector<std::string> labels = model_labels(config);
  if (labels.empty()) throw ConfigError("networks: expected at least one model, found none");
  if (!all_different(labels)) {
    throw ConfigError(fmt::format(
        "networks: expected different labels (\"{}\" is taken), found one twice", kCompactLabel));
  }
  for (int i = 0; i < static_cast<int>(config.networks.size()); ++i) check_network(config, i);
}

void estimate_time_constants(NetworkStudyResult& result, int threads) {
  const NetworkStudyConfig& config = result.config;
  const SeedData& data = result.seeds.front();
  result.time_constants =
      tau_stage(config.time_constants, data.dataset, data.starts, threads, result.warnings);
  if (!result.time_constants || config.protocol != "known_start") return;
  for (const ModelOutcome& o : result.outcomes) {
    if (o.seed != data.seed || !o.usable || !o.stored || !has_gates_to_show(*o.stored)) continue;
    result.time_constants->networks.push_back(
        network_gates(*o.stored, o.label, data.dataset.records, data.starts));
  }
}

NetworkStudyResult run_network_study(const NetworkStudyConfig& config,
                                     const RunOptions& options,
                                     const Progress& progress) {
  check_config(config);
  if (!config.networks.empty()) (void)trainer_program();
  Stopwatch watch;
  NetworkStudyResult result{.folder = options.folder, .config = config};
  progress("data", 0, fmt::format("{} seeds of the published recipe", config.seeds.size()));
  for (int seed : config.seeds) result.seeds.push_back(seed_data(config, seed));
  claim(options.folder);
  write_file(options.folder / "config.json", config_text(config));
  watch.stage("data");
  std::vector<ModelOutcome> compact = fit_compact_students(result, options, progress, watch);
  const std::vector<PlannedJob> jobs = training_jobs(config, options.folder);
  LocalPool pool({.processes = options.threads});
  const JobReport report = train_networks(jobs, pool, progress);
  for (std::size_t i = 0; i < jobs.size(); ++i) {
    watch.add(jobs[i].job.name, report.outcomes[i].duration);
  }
  watch.stage("trainings side by side");
  result.interrupted = report.interrupted;
  if (result.interrupted) {
    result.reason = "interrupted; the same command goes on from here";
    return result;
  }
  collect_outcomes(report.outcomes, std::move(compact), result);
  result.references = references(config, result.seeds);
  collect_network_metrics(result);
  judge(result);
  write_file(result.folder / "metrics.json", metrics_text(result.metrics));
  watch.stage("metrics");
  if (config.time_constants.enabled) {
    progress("time constants", 0, fmt::format("of the records of seed {}", config.seeds.front()));
    estimate_time_constants(result, options.threads);
    watch.stage("time constants");
  }
  measure_latencies(result, watch);
  watch.stage("latencies");
  progress("report", 0, "tables, figures, page");
  write_report(result);
  watch.stage("report");
  write_manifest(result);
  write_file(result.folder / kTimingsName, watch.text());
  return result;
}

}  // namespace psi_xlstm
