#pragma once

/// @file
/// What a reader sees of estimated time constants: tau.json, tables, figures, a section of a page.

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "report/figure.hpp"
#include "report/html.hpp"
#include "report/table.hpp"
#include "run/folder.hpp"
#include "studies/time_constants/gate_times.hpp"
#include "tau/advice.hpp"
#include "tau/estimate.hpp"

namespace psi_xlstm {

/// Where a study of something else keeps the time constants of its records.
inline constexpr const char* kTauFolder = "tau";

/// Estimate, and what to measure where that is not enough.
struct TauStudyResult {
  tau::TauEstimate estimate;
  double noise = 0;  ///< Of the residuals, as a fraction of the current's sd (dimensionless).
  std::optional<tau::Advice> advice;   ///< Where a process is not identified, or a range was given.
  std::vector<double> advice_range;    ///< [s], two numbers, where there is advice.
  std::vector<NetworkGates> networks;  ///< Trained on such records, where asked for.
  std::map<std::string, std::string> files;  ///< SHA-256 of the files the records came from.
};

/// The text of tau.json.
std::string tau_json(const TauStudyResult& result);

/// What a reader wants first: the processes, then what was tried, then gates of networks.
std::vector<Table> tau_tables(const TauStudyResult& result);

/// The time constants with their intervals; the autocorrelation of the residuals; tau(V) where
/// rates that depend on bias were fitted.
std::vector<Figure> tau_figures(const TauStudyResult& result);

/// Writes tau.json, tables/ and figures/ into `below` of `folder` and returns the same as a
/// section. Appends to `warnings` why a figure could not be drawn. Throws as RunFolder::write().
ReportSection write_tau(const TauStudyResult& result,
                        RunFolder& folder,
                        const std::filesystem::path& below,
                        std::vector<std::string>& warnings);

/// What is told first of a run in `folder`, three lines: what the records say, the files, what they
/// do not say.
std::vector<std::string> result_lines(const TauStudyResult& result,
                                      const std::filesystem::path& folder);

/// The closing text for a terminal: the time constants and, where there is some, the advice.
std::string tau_summary(const TauStudyResult& result);

/// What more there is: candidates, gates of networks.
std::string tau_details(const TauStudyResult& result);

}  // namespace psi_xlstm
