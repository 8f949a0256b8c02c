#pragma once

/// @file
/// What is told first of a run, in words.

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "studies/compact/study.hpp"

namespace psi_xlstm {

/// A fraction as "3.1 %"; "n/a" where there is none.
std::string percent_text(const std::optional<double>& value);

/// "co-simulation FAILED: 6 of 13 checks", where one failed; else empty.
std::string failed_comparisons(const StudyResult& result);

/// What is told first of a run in `folder`: why the model is not good, or else its error
/// (first_line()), that the co-simulation failed where it did, the model files, what was not
/// verified.
std::vector<std::string> result_lines(const StudyResult& result,
                                      const std::filesystem::path& folder);

/// The chosen model and its emitted forms in `folder`, those that are there.
std::vector<std::filesystem::path> model_files(const StudyResult& result,
                                               const std::filesystem::path& folder);

/// What nobody looked at, in the order of importance: forms that could not be run, simulators that
/// were not, temperature.
std::vector<std::string> not_verified(const StudyResult& result);

}  // namespace psi_xlstm
