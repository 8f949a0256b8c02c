#pragma once

/// @file
/// Time constants of a device from its records: a run folder with tau.json, tables, figures and a
/// page, or a stage of another study.

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "config/reading.hpp"
#include "config/tau.hpp"
#include "fit/evaluation.hpp"
#include "psi_xlstm/data/record.hpp"
#include "run/kinds.hpp"
#include "run/road.hpp"
#include "studies/time_constants/report.hpp"

namespace psi_xlstm {

/// What is estimated from.
struct TauStudyConfig {
  std::string kind = "time_constants";
  std::string study = "tau";
  std::vector<std::string> files;
  std::vector<std::string> records;
  ReadingConfig reading;
  int sign = 1;
  std::string networks;
  TauConfig estimate;

  template <class Self, class Visitor>
  static void fields(Self& c, Visitor& visit) {
    visit("kind", c.kind, one_of({"time_constants"}).about("Time constants of a device"));
    visit("study", c.study, about("Name of the study and of its run folder"));
    visit("files", c.files, about("Of data, of any format that psi look reads"));
    visit("records", c.records, about("Ids of the records to use; empty: all"));
    visit("reading", c.reading, about("What the files cannot say themselves"));
    visit("sign", c.sign,
          between(-1, 1).about("-1 where the current was counted out of the device"));
    visit("networks", c.networks,
          about("Folder of a seed of a known-start study, whose gates stand beside the estimate; "
                "empty: none"));
    TauConfig::fields(c.estimate, visit);
  }
};

/// What is wrong with `config` beyond its single fields.
std::vector<ConfigProblem> contradictions_in(const TauStudyConfig& config);

/// Estimates from `records` as `config` says. Throws as tau::estimate() and tau::advise() do, and
/// ConfigError where `config` contradicts itself.
TauStudyResult tau_study(const std::vector<Record>& records, const TauConfig& config, int threads);

/// The same as a stage of a study: on all records of `dataset`, which chooses nothing in a model.
/// Nothing where the stage is off; what the records lack for an estimate becomes one of `warnings`.
std::optional<TauStudyResult> tau_stage(const TauStageConfig& config,
                                        const Dataset& dataset,
                                        const fit::StartOptions& starts,
                                        int threads,
                                        std::vector<std::string>& warnings);

/// Reads the files of `config`, estimates, looks at the networks. Throws as read_records(),
/// tau_study() and study_gates() do.
TauStudyResult tau_study_of_files(const TauStudyConfig& config, int threads);

/// tau_study_of_files(), with config.json, tau.json, tables/, figures/, report.html, manifest.json
/// and timings.json in `options.folder`. Throws ConfigError where the folder holds something that
/// is no run.
TauStudyResult run_tau_study(const TauStudyConfig& config,
                             const RunOptions& options,
                             const Progress& progress);

/// What is told of `result`, whose run is in `folder`.
RunOutcome run_outcome(const TauStudyResult& result, const std::filesystem::path& folder);

/// This study as a kind of `psi run`.
StudyKind time_constants_kind();

}  // namespace psi_xlstm
