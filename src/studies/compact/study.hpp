#pragma once

/// @file
/// A whole run: data, fits, emission, co-simulation, metrics, report.

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "config/study.hpp"
#include "cosimulation/cosimulation.hpp"
#include "fit/evaluation.hpp"
#include "metrics/results.hpp"
#include "model/compact_model.hpp"
#include "psi_xlstm/data/record.hpp"
#include "run/kinds.hpp"
#include "run/road.hpp"
#include "studies/compact/data_source.hpp"
#include "studies/time_constants/report.hpp"

namespace psi_xlstm {

/// One fit of one seed with everything known about it.
struct FitOutcome {
  int seed = 0;
  int fit = 0;  ///< 0, 1, ...
  bool usable = false;
  std::string reason;  ///< Why it is not usable.
  StoredModel model;
  std::vector<fit::Prediction> predictions;  ///< Of the test records.
  /// For all predictions; where records are left out one at a time, one for each.
  std::vector<fit::Baselines> baselines;
  std::vector<StoredModel> left_out;  ///< The models that give the predictions, in that case.
  ErrorMetrics test;
  std::optional<ErrorMetrics> device_law;  ///< Of the device's own equations from the same starts.
};

/// What a run found. The first fit of the first seed is the one that is emitted.
struct StudyResult {
  StudyConfig config;
  SourcedData data;  ///< Of the first seed.
  std::vector<FitOutcome> fits;
  std::optional<TauStudyResult> time_constants;  ///< Of all records, where asked for.
  CosimReport cosim;
  StudyMetrics metrics;
  std::vector<std::string> warnings;
  std::string headline;  ///< The first line: how good the model is; empty where it is not usable.
  /// Failed where a fit is not usable or not good (quality.hpp) or a comparison missed its limit;
  /// not verified where a co-simulation that was asked for could not be made.
  Judgement verdict;
};

/// Runs `config` in `options.folder`. Finished fits of an earlier run with the same config and data
/// are taken from there, so a killed run goes on where it stopped; all else of an earlier run is
/// removed. Throws what the data sources throw, and ConfigError where the folder holds files that
/// no run wrote or the config contradicts itself; numerical outcomes are in the result.
StudyResult run_study(const StudyConfig& config,
                      const RunOptions& options,
                      const Progress& progress);

/// What is told of `result`, whose run is in `folder`.
RunOutcome run_outcome(const StudyResult& result, const std::filesystem::path& folder);

/// This study as a kind of `psi run`.
StudyKind compact_kind();

/// The folder of one fit, relative to that of the run.
std::filesystem::path fit_folder(int seed, int fit);

/// The folder of the fit without the record `part` in that of a fit, counted from 1.
std::filesystem::path part_folder(const std::filesystem::path& fit, int part);

/// The trivial predictors on the records that `outcome` is judged on.
std::vector<BaselineResult> baseline_rows(const FitOutcome& outcome, const Dataset& dataset);

/// The row of metrics.json for one fit.
ModelResult model_row(const StudyConfig& config, const FitOutcome& outcome);

/// Writes report.html, tables/, figures/ and tau/ of `result`. Throws as RunFolder::write().
void write_report(const StudyResult& result, RunFolder& folder);

/// The co-simulation's rows as a table for a terminal.
std::string cosimulation_text(const std::vector<CosimRow>& rows);

/// The closing table for a terminal.
std::string summary_text(const StudyResult& result);

}  // namespace psi_xlstm
