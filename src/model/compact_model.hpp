#pragma once

/// @file
/// A compact student on disk: its network as ir/network_io.hpp writes it, with the facts of its
/// training in the metadata.

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "core/json/safetensors.hpp"
#include "fit/selection.hpp"
#include "psi_xlstm/ir/network.hpp"

namespace psi_xlstm {

/// A trained model with what a report says about its training.
struct StoredModel {
  ir::Network network;
  StudentShape shape;
  double chi2_per_sample = 0;
  std::vector<double> standard_deviations;  ///< Of the parameters, from the information matrix.
  std::vector<fit::CandidateReport> candidates;  ///< Empty where the shape was given.
  std::string fingerprint;                       ///< Of the config and the data it was trained on.
  std::string data_checksum;  ///< Of its data: hexadecimal digits; empty: not recorded.
};

/// What is kept of `training`, without a fingerprint.
StoredModel stored_model(const fit::TrainingResult& training, const StudentShape& shape);

/// Writes `model` to `file`.
void save_model(const std::filesystem::path& file, const StoredModel& model);

/// Reads a model. Throws DataError where the file is missing or no compact model.
StoredModel load_model(const std::filesystem::path& file);

/// The same of what read_stored_file() gave; `where` opens the messages.
StoredModel parse_model(const SafetensorsFile& content, const std::string& where);

/// The model in `file` if it was made from what `fingerprint` says; nothing where there is none, or
/// one that is damaged (of a run that was killed, or a copy that was) or of something else.
std::optional<StoredModel> finished_model(const std::filesystem::path& file,
                                          const std::string& fingerprint);

}  // namespace psi_xlstm
