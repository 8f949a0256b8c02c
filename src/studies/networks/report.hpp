#pragma once

/// @file
/// Tables, page and closing text of a network study.

#include <filesystem>
#include <string>
#include <vector>

#include "run/publish.hpp"
#include "studies/networks/study.hpp"

namespace psi_xlstm {

/// The tables of the page: accuracy by model and seed, summary over the seeds, sizes, errors by
/// frequency band, and where a model has such facts memory energy by rank and time constants; last
/// "facts", all other facts, in a file only.
std::vector<NamedTable> network_tables(const NetworkStudyResult& result);

/// How long one sample takes; a time, so it stands in tables/latency.* alone.
Table latency_table(const NetworkStudyResult& result);

/// Writes report.html, tables/, figures/ and tau/ of `result`. Throws as RunFolder::write().
void write_report(const NetworkStudyResult& result, RunFolder& folder);

/// What is told first of a run in `folder`, three lines: the best model beside the best predictor
/// without memory, its file, what was not verified.
std::vector<std::string> result_lines(const NetworkStudyResult& result,
                                      const std::filesystem::path& folder);

/// The models in `folder`.
std::vector<std::filesystem::path> network_files(const NetworkStudyResult& result,
                                                 const std::filesystem::path& folder);

/// The closing tables for a terminal.
std::string summary_text(const NetworkStudyResult& result);

}  // namespace psi_xlstm
