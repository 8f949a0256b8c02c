#pragma once

/// @file
/// One model of one seed of a network study, read back and judged.

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "config/networks.hpp"
#include "metrics/results.hpp"
#include "model/compact_model.hpp"
#include "model/stored_network.hpp"
#include "run/folder.hpp"
#include "studies/networks/protocol.hpp"

namespace psi_xlstm {

/// The label of the compact student.
inline constexpr const char* kCompactLabel = "compact";

/// One model of one seed with everything known about it.
struct ModelOutcome {
  int seed = 0;
  int network = -1;  ///< Index into the config's networks; -1: the compact student.
  std::string label;
  bool usable = false;
  std::string reason;                        ///< Why it is not usable, one sentence.
  std::optional<StoredNetwork> stored;       ///< Of a usable network.
  std::optional<StoredModel> compact;        ///< Of a usable compact student.
  std::vector<CurvePoint> curve;             ///< Of a network.
  std::vector<fit::Prediction> predictions;  ///< Of the test records.
  ErrorMetrics test;

  int trained_parameters() const;   ///< Numbers that were trained; 0 where it is not usable.
  int deployed_parameters() const;  ///< Numbers that are needed afterwards.
  int states() const;
  std::vector<TrainingFact> facts() const;
};

/// The labels of all models of a study, in the order of its tables.
std::vector<std::string> model_labels(const NetworkStudyConfig& config);

/// What the training of networks[index] left in `run` for the seed of `data`, judged. Not usable
/// where it predicts currents that are not finite. Throws DataError where a file is missing,
/// broken, or of another model or protocol.
ModelOutcome load_outcome(const NetworkStudyConfig& config,
                          const std::filesystem::path& run,
                          const SeedData& data,
                          int index);

/// The compact student of the seed of `data`: taken from `run` where it is finished there, else
/// trained on at most `threads` threads and stored. Known-start: as in a study of its own.
/// Published: trained from the starts of the training records, run on the test records from the
/// geometric mean of these, because their own start is hidden.
ModelOutcome fit_compact(const NetworkStudyConfig& config,
                         RunFolder& run,
                         const SeedData& data,
                         int threads);

/// The same from the files in `run` alone. Throws as load_outcome does.
ModelOutcome load_compact(const std::filesystem::path& run, const SeedData& data);

/// The compact student `network` on the test records of `data`, from the start of the protocol.
std::vector<fit::Prediction> predict_compact(const NetworkStudyConfig& config,
                                             const SeedData& data,
                                             const ir::Network& network);

/// The row of metrics.json for `outcome`.
ModelResult model_row(const NetworkStudyConfig& config, const ModelOutcome& outcome);

}  // namespace psi_xlstm
