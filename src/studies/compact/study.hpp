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

/// The chosen model in a run folder; its emitted forms are in hdl/.
inline constexpr const char* kModelName = "model.safetensors";

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

/// How good a model is beside what could be had, and whether it may be called good; quality.hpp
/// judges. Errors are over the standard deviation of the current of the records it is tested on.
struct Quality {
  Judgement judgement;           ///< Failed where it is not good; one sentence.
  std::optional<double> error;   ///< Of the model; absent where it is not usable or no number.
  double noise = 0;              ///< What the noise of the measurement alone gives.
  bool noise_estimated = false;  ///< From differences of neighbours, and not less than 0.5 %.
  std::string trivial;           ///< The best predictor without memory; empty: there is none.
  double trivial_error = 0;      ///< Its error.
  bool left_out = false;         ///< `error` is that on parts left out one at a time ...
  double fitted_error = 0;       ///< ... and this that of the model on all that it was fitted to.
  std::string remark;            ///< What to know about a model that passed; empty: nothing.
};

/// What a run found. The first fit of the first seed is the one that is emitted.
struct StudyResult {
  StudyConfig config;
  SourcedData data;  ///< Of the first seed.
  std::vector<FitOutcome> fits;
  std::optional<TauStudyResult> time_constants;  ///< Of all records, where asked for.
  CosimReport cosim;
  StudyMetrics metrics;
  bool compiled = false;  ///< There is a compiled form (OSDI) of the emitted model.
  std::vector<std::string> warnings;
  Quality quality;  ///< Of the first fit.
  /// Failed where a fit is not usable or not good (quality.hpp) or a comparison missed its limit;
  /// not verified where a co-simulation that was asked for could not be made.
  Judgement verdict;
};

/// What is wrong with `config` beyond its single fields: names, seeds, files.
std::vector<ConfigProblem> contradictions_in(const StudyConfig& config);

/// Runs `config` in `options.folder`. Finished fits of an earlier run with the same config and data
/// are taken from there, so a killed run goes on where it stopped; all else of an earlier run is
/// removed. Throws what the data sources throw, and ConfigError where the folder holds files that
/// no run wrote or the config contradicts itself; numerical outcomes are in the result. A model
/// whose name a simulator keeps for itself gets another, with a warning.
StudyResult run_study(StudyConfig config, const RunOptions& options, const Progress& progress);

/// The same on `records` in memory; a config without files. They are written into the folder of the
/// run as kOwnData, which its config.json names, so that it can be run and checked again.
StudyResult run_study(StudyConfig config,
                      std::vector<Record> records,
                      const RunOptions& options,
                      const Progress& progress);

/// The records of a run that were given in memory.
inline constexpr const char* kOwnData = "data.csv";

/// What is told of `result`, whose run is in `folder`.
RunOutcome run_outcome(const StudyResult& result, const std::filesystem::path& folder);

/// This study as a kind of `psi run`.
StudyKind compact_kind();

/// Writes report.html, tables/, figures/ and tau/ of `result`. Throws as RunFolder::write().
void write_report(const StudyResult& result, RunFolder& folder);

/// The co-simulation's rows as a table for a terminal.
std::string cosimulation_text(const std::vector<CosimRow>& rows,
                              const std::vector<NotRun>& not_run);

/// The closing tables for a terminal.
std::string summary_text(const StudyResult& result);

/// What more there is: candidates, every comparison, time constants.
std::string details_text(const StudyResult& result);

}  // namespace psi_xlstm
