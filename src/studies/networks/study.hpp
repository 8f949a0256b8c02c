#pragma once

/// @file
/// A study of recurrent networks on the published data: every model for every seed, trained in
/// processes of their own, judged side by side with the trivial predictors.

#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "config/networks.hpp"
#include "metrics/results.hpp"
#include "metrics/spectrum.hpp"
#include "studies/compact/study.hpp"
#include "studies/networks/outcome.hpp"
#include "studies/networks/protocol.hpp"

namespace psi_xlstm {

/// Errors by frequency band of one model, or of a reference, on one test record.
struct BandRow {
  std::string key;    ///< In the names of numbers: the label of a model, the key of a reference.
  std::string label;  ///< In tables.
  int seed = 0;
  std::string record;
  std::vector<BandError> errors;
};

/// How long one model takes for one sample of one sequence.
struct LatencyRow {
  std::string label;
  double nanoseconds = 0;  ///< NaN: not known.
};

/// What a study found.
struct NetworkStudyResult {
  std::filesystem::path folder;
  NetworkStudyConfig config;
  std::vector<SeedData> seeds;
  std::vector<ModelOutcome> outcomes;  ///< By seed, then in the order of model_labels().
  std::vector<Reference> references;
  std::vector<BandRow> bands;
  std::optional<TauStudyResult> time_constants;  ///< Of the first seed, where asked for.
  StudyMetrics metrics;
  std::vector<LatencyRow> latencies;  ///< Differ from run to run: in no file of the manifest.
  std::vector<std::string> warnings;
  bool interrupted = false;  ///< Nothing below the trained models was made.
  bool passed = false;       ///< Every model is usable.
  std::string reason;        ///< Why not, one sentence.
};

/// Whether `config_file` is the config of a network study: it names a protocol. Throws ConfigError
/// where the file cannot be read.
bool is_network_study(const std::filesystem::path& config_file);

/// Throws ConfigError where `config` contradicts itself: names, labels and seeds that are no
/// identifiers or not different, a student before its teacher, a network without phases.
void check_config(const NetworkStudyConfig& config);

/// Runs `config` in `options.folder`: compact students first, then at most `options.threads`
/// trainings at a time (jobs/pool.hpp). What is finished there is not repeated, so
/// a killed run goes on where it stopped; all else of an earlier run is removed. Throws ConfigError
/// where the folder holds something that is no run, where the config contradicts itself, or what a
/// trainer says of its input; DataError where it left no readable files. Numerical failures are in
/// the result.
NetworkStudyResult run_network_study(const NetworkStudyConfig& config,
                                     const RunOptions& options,
                                     const Progress& progress);

/// Sets result.time_constants from all records of the first seed and, in the known-start
/// protocol, the gates of its networks, where the config asks for them.
void estimate_time_constants(NetworkStudyResult& result, int threads);

/// The models' rows, the references, all numbers and the band errors, from outcomes and references.
void collect_network_metrics(NetworkStudyResult& result);

/// Sets result.passed and, where a model is not usable, result.reason.
void judge(NetworkStudyResult& result);

/// Trained numbers of the teacher of the same seed over the numbers that `outcome` needs once
/// deployed; absent where that teacher is not usable.
std::optional<double> compression(const NetworkStudyResult& result, const ModelOutcome& outcome);

/// `value(outcome)` of every usable model called `label`, in the order of the seeds; absent ones
/// are left out.
std::vector<double> over_seeds(
    const NetworkStudyResult& result,
    const std::string& label,
    const std::function<std::optional<double>(const ModelOutcome&)>& value);

}  // namespace psi_xlstm
