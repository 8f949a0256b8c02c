#pragma once

/// @file
/// How good a model is beside what could be had, in numbers and in words.

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "studies/compact/study.hpp"

namespace psi_xlstm {

/// A fraction as "3.1 %"; "n/a" where there is none.
std::string percent_text(const std::optional<double>& value);

/// All errors over the standard deviation of the current of the test records.
struct Standing {
  std::optional<double> error;   ///< Of the chosen model, against what was measured.
  std::optional<double> noise;   ///< What the noise of the measurement alone gives.
  bool noise_estimated = false;  ///< From differences of neighbours, and not less than 0.5 %.
  std::string trivial;           ///< The best predictor without memory.
  std::optional<double> trivial_error;

  /// Whether memory was learnt: the best predictor without it is clearly worse.
  bool beats_trivial() const;
};

/// That of the first fit, which must be usable.
Standing standing_of(const StudyResult& result);

/// "as good as the noise allows", "3.2 times the noise", "no better than ...".
std::string judgement_of(const Standing& standing);

/// What is told first of a run in `folder`, three lines: the error beside noise and best trivial
/// predictor, the model files, what was not verified.
std::vector<std::string> result_lines(const StudyResult& result,
                                      const std::filesystem::path& folder);

/// The chosen model and its emitted forms in `folder`, those that are there.
std::vector<std::filesystem::path> model_files(const StudyResult& result,
                                               const std::filesystem::path& folder);

/// What nobody looked at, in the order of importance: forms that could not be run, simulators that
/// were not, temperature.
std::vector<std::string> not_verified(const StudyResult& result);

}  // namespace psi_xlstm
