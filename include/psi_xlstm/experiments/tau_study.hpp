#pragma once

/// @file
/// Time constants of a device from its records: a run folder with tau.json, tables, figures and a
/// page.

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "psi_xlstm/core/config_io.hpp"
#include "psi_xlstm/experiments/study.hpp"
#include "psi_xlstm/report/figure.hpp"
#include "psi_xlstm/report/table.hpp"
#include "psi_xlstm/tau/advice.hpp"
#include "psi_xlstm/tau/estimate.hpp"

namespace psi_xlstm::experiments {

/// What is estimated from.
struct TauStudyConfig {
  std::string study = "tau";
  std::vector<std::string> files;     ///< CSV files.
  std::vector<std::string> records;   ///< Ids of the records to use; empty: all.
  int sign = 1;                       ///< -1 where the current was counted out of the device.
  std::string start = "by evidence";  ///< "rest", "unknown" or "by evidence".
  std::string response = "any";       ///< "any" or one of tau::describe().
  bool bias_dependent = true;         ///< Try rates that depend on bias where fixed ones fail.
  std::vector<double> tau_range;      ///< For the advice, shortest and longest [s]; empty: own.

  template <class Self, class Visitor>
  static void fields(Self& c, Visitor& visit) {
    visit("study", c.study);
    visit("files", c.files);
    visit("records", c.records);
    visit("sign", c.sign, between(-1, 1));
    visit("start", c.start, one_of({"rest", "unknown", "by evidence"}));
    visit("response", c.response);
    visit("bias_dependent", c.bias_dependent);
    visit("tau_range_s", c.tau_range, greater_than(0));
  }
};

/// Estimate, and what to measure where that is not enough.
struct TauStudyResult {
  tau::TauEstimate estimate;
  double noise = 0;  ///< Of the residuals, as a fraction of the current's sd (dimensionless).
  std::optional<tau::Advice> advice;  ///< Where a process is not identified, or a range was given.
  std::vector<double> advice_range;   ///< [s], two numbers, where there is advice.
};

/// Estimates from `records` as `config` says, whatever its files are. Throws as tau::estimate() and
/// tau::advise() do, and ConfigError where `config` contradicts itself.
TauStudyResult tau_study(const std::vector<Record>& records,
                         const TauStudyConfig& config,
                         int threads);

/// The text of tau.json.
std::string tau_json(const TauStudyResult& result);

/// What a reader wants first: the processes, then what was tried.
std::vector<Table> tau_tables(const TauStudyResult& result);

/// The time constants with their intervals; the autocorrelation of the residuals; tau(V) where
/// rates that depend on bias were fitted.
std::vector<Figure> tau_figures(const TauStudyResult& result);

/// Reads the files of `config`, estimates, and writes config.json, tau.json, tables/, figures/,
/// report.html, manifest.json and timings.json into `options.folder`. Throws as read_csv() and
/// tau_study() do, and ConfigError where the folder holds something that is no run.
TauStudyResult run_tau_study(const TauStudyConfig& config,
                             const RunOptions& options,
                             const Progress& progress);

/// The closing text for a terminal.
std::string tau_summary(const TauStudyResult& result);

}  // namespace psi_xlstm::experiments
