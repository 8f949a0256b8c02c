#pragma once

/// @file
/// The predictions of a compact student on its test records, on disk.

#include <filesystem>
#include <vector>

#include "fit/evaluation.hpp"
#include "psi_xlstm/data/record.hpp"

namespace psi_xlstm {

/// What a fit is judged on: the test records with the predictions, and the baselines' numbers.
struct StoredPredictions {
  Dataset dataset;                           ///< The test records and the noise level only.
  std::vector<fit::Prediction> predictions;  ///< One per record of `dataset`, currents only.
  fit::Baselines baselines;
};

/// Writes `stored` to `file`.
void save_predictions(const std::filesystem::path& file, const StoredPredictions& stored);

/// Reads predictions. Throws DataError where the file is missing or holds something else.
StoredPredictions load_predictions(const std::filesystem::path& file);

}  // namespace psi_xlstm
