#pragma once

/// @file
/// A whole run: data, fits, emission, co-simulation, metrics, report.

#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "config/study.hpp"
#include "cosimulation/cosimulation.hpp"
#include "fit/evaluation.hpp"
#include "metrics/results.hpp"
#include "model/compact_model.hpp"
#include "psi_xlstm/data/record.hpp"
#include "run/manifest.hpp"
#include "run/run_folder.hpp"
#include "studies/compact/data_source.hpp"
#include "studies/time_constants/report.hpp"

namespace psi_xlstm {

/// Told what is going on: a stage, how much of it is done (0 to 1), and one line of detail.
using Progress =
    std::function<void(const std::string& stage, double done, const std::string& detail)>;

/// One fit of one seed with everything known about it.
struct FitOutcome {
  int seed = 0;
  int fit = 0;  ///< 0, 1, ...
  bool usable = false;
  std::string reason;  ///< Why it is not usable.
  StoredModel model;
  std::vector<fit::Prediction> predictions;  ///< Of the test records.
  fit::Baselines baselines;
  ErrorMetrics test;
  std::optional<ErrorMetrics> device_law;  ///< Of the device's own equations from the same starts.
};

/// What a run found. The first fit of the first seed is the one that is emitted.
struct StudyResult {
  std::filesystem::path folder;
  StudyConfig config;
  SourcedData data;  ///< Of the first seed.
  std::vector<FitOutcome> fits;
  std::optional<TauStudyResult> time_constants;  ///< Of all records, where asked for.
  CosimReport cosim;
  StudyMetrics metrics;
  std::vector<std::string> warnings;
  /// Failed where a fit is not usable or a comparison missed its limit; not verified where a
  /// co-simulation that was asked for could not be made.
  Judgement verdict;
};

/// Where a study runs, and on how many threads; no result depends on either.
struct RunOptions {
  std::filesystem::path folder;
  int threads = 2;  ///< At most.
};

/// Runs `config` in `options.folder`. Finished fits of an earlier run with the same config and data
/// are taken from there, so a killed run goes on where it stopped; all else of an earlier run is
/// removed. Throws what the data sources throw, and ConfigError where the folder holds something
/// that is no run or the config contradicts itself; numerical outcomes are in the result.
StudyResult run_study(const StudyConfig& config,
                      const RunOptions& options,
                      const Progress& progress);

/// The row of metrics.json for one fit.
ModelResult model_row(const StudyConfig& config, const FitOutcome& outcome);

/// Writes report.html, tables/ and figures/ of `result`; returns the path of the page.
std::filesystem::path write_report(const StudyResult& result);

/// The co-simulation's rows as a table for a terminal.
std::string cosimulation_text(const std::vector<CosimRow>& rows);

/// The closing table for a terminal.
std::string summary_text(const StudyResult& result);

}  // namespace psi_xlstm
