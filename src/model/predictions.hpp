#pragma once

/// @file
/// The predictions of a model on its test records, on disk: one format for every kind of model.
///
///   records       metadata, JSON: id and scored_from of every record, and its start where it is
///                 known
///   record_<i>.predicted_current_A                             always
///   record_<i>.time_s, .voltage_V, .current_A, .clean_current_A, .initial_state
///   baselines.*   with these columns, so that the predictions can be judged without the data
///
/// Where the records can be made again, as those of a network study, the columns are left out.

#include <filesystem>
#include <string>
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

/// Writes `stored` to `file`, with all columns.
void save_predictions(const std::filesystem::path& file, const StoredPredictions& stored);

/// Reads predictions with all columns. Throws DataError where the file is missing, holds something
/// else, or columns of different lengths.
StoredPredictions load_predictions(const std::filesystem::path& file);

/// Currents of a model on the test records of the study, in order.
struct StoredCurrents {
  std::vector<std::string> records;          ///< Record ids, e.g. "seq8".
  std::vector<int> scored_from;              ///< First sample that counts.
  std::vector<std::vector<double>> current;  ///< [A], [record][N].
};

/// Writes `currents`, the predicted ones alone. Throws ShapeError where its lists differ in length.
void save_currents(const std::filesystem::path& file, const StoredCurrents& currents);

/// The predicted currents of any predictions. Throws as load_predictions does.
StoredCurrents load_currents(const std::filesystem::path& file);

}  // namespace psi_xlstm
