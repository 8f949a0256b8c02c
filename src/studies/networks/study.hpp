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
#include "run/kinds.hpp"
#include "run/road.hpp"
#include "studies/networks/outcome.hpp"
#include "studies/networks/protocol.hpp"
#include "studies/time_constants/report.hpp"

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
  Judgement verdict;         ///< Passed where every model is usable.
};

/// What is wrong with `config` beyond its single fields: names, labels and seeds that are no
/// identifiers or not different, a student before its teacher, a network without phases.
std::vector<ConfigProblem> contradictions_in(const NetworkStudyConfig& config);

/// Throws ConfigError naming all of them.
void check_config(const NetworkStudyConfig& config);

/// Runs `config` in `options.folder`: compact students first, then at most `options.threads`
/// trainings at a time (jobs/pool.hpp). What is finished there is not repeated, so
/// a killed run goes on where it stopped; all else of an earlier run is removed. Throws ConfigError
/// where the folder holds files that no run wrote, where the config contradicts itself, or what a
/// trainer says of its input; DataError where it left no readable files. Numerical failures are in
/// the result.
NetworkStudyResult run_network_study(const NetworkStudyConfig& config,
                                     const RunOptions& options,
                                     const Progress& progress);

/// What is told of `result`, whose run is in `folder`.
RunOutcome run_outcome(const NetworkStudyResult& result, const std::filesystem::path& folder);

/// This study as a kind of `psi run`.
StudyKind networks_kind();

/// The time constants of all records of the first seed and, in the known-start protocol, of the
/// gates of its networks, where the config asks for them. What the records lack for an estimate is
/// appended to `warnings`.
std::optional<TauStudyResult> network_time_constants(const NetworkStudyConfig& config,
                                                     const SeedData& data,
                                                     const std::vector<ModelOutcome>& outcomes,
                                                     int threads,
                                                     std::vector<std::string>& warnings);

/// Errors by frequency band of every usable model, and of the references that have predictions.
std::vector<BandRow> band_rows(const std::vector<SeedData>& seeds,
                               const std::vector<ModelOutcome>& outcomes,
                               const std::vector<Reference>& references);

/// The content of metrics.json: the models' rows, the references and all numbers.
StudyMetrics network_metrics(const NetworkStudyConfig& config,
                             const std::vector<ModelOutcome>& outcomes,
                             const std::vector<Reference>& references,
                             const std::vector<BandRow>& bands);

/// One sentence for every model that is not usable.
std::vector<std::string> failures(const std::vector<ModelOutcome>& outcomes);

/// Trained numbers of the teacher of the same seed over the numbers that `outcome` needs once
/// deployed; absent where that teacher is not usable.
std::optional<double> compression(const NetworkStudyConfig& config,
                                  const std::vector<ModelOutcome>& outcomes,
                                  const ModelOutcome& outcome);

/// `value(outcome)` of every usable model called `label`, in the order of the seeds; absent ones
/// are left out.
std::vector<double> over_seeds(
    const std::vector<ModelOutcome>& outcomes,
    const std::string& label,
    const std::function<std::optional<double>(const ModelOutcome&)>& value);

}  // namespace psi_xlstm
