#pragma once

/// @file
/// What a run leaves on disk and how it is read back. Every file is written at once (temporary
/// file, then rename), so a killed run leaves whole files only.
///
///   config.json, metrics.json, manifest.json, timings.json, report.html
///   seed_<n>/fit_<i>/model.safetensors, predictions.safetensors
///   hdl/<model>.va, .sp, .c, .osdi     cosim/<stimulus>.safetensors     tables/     figures/
///   tau/tau.json, tables/, figures/

#include <filesystem>
#include <string>
#include <vector>

#include "cosimulation/cosimulation.hpp"
#include "fit/evaluation.hpp"
#include "fit/selection.hpp"
#include "psi_xlstm/data/record.hpp"
#include "psi_xlstm/ir/network.hpp"

namespace psi_xlstm {

/// Where a study keeps the time constants of its records.
inline constexpr const char* kTauFolder = "tau";

/// A trained model with what a report says about its training.
struct StoredModel {
  ir::Network network;
  StudentShape shape;
  double chi2_per_sample = 0;
  std::vector<double> standard_deviations;  ///< Of the parameters, from the information matrix.
  std::vector<fit::CandidateReport> candidates;  ///< Empty where the shape was given.
  std::string fingerprint;                       ///< Of the config and the data it was trained on.
};

/// What is kept of `training`, without a fingerprint.
StoredModel stored_model(const fit::TrainingResult& training, const StudentShape& shape);

/// Makes `folder` the folder of one run: the fits of an earlier run stay, all else of it is
/// removed. Throws ConfigError where the folder holds something that is no run.
void claim(const std::filesystem::path& folder);

/// The folder of one fit.
std::filesystem::path fit_folder(const std::filesystem::path& run, int seed, int fit);

/// Writes `model` to `file`.
void save_model(const std::filesystem::path& file, const StoredModel& model);

/// Reads a model. Throws DataError where the file is missing or no model.
StoredModel load_model(const std::filesystem::path& file);

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

/// Writes the traces of one co-simulation to `file`.
void save_traces(const std::filesystem::path& file, const CosimOutcome& outcome);

/// Reads the traces of one co-simulation; everything but the traces stays empty. Throws DataError
/// where the file is missing or holds something else.
CosimOutcome load_traces(const std::filesystem::path& file);

/// The name of the file for the traces of `row`: letters, digits and underscores; the path is part
/// of it unless it is the subcircuit.
std::string trace_file_name(const CosimRow& row);

}  // namespace psi_xlstm
