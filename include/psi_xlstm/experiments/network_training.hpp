#pragma once

/// @file
/// One model of one seed of a network study, from data to files (experiments/stored_network.hpp).

#include <filesystem>
#include <string>

#include "psi_xlstm/config/networks.hpp"
#include "psi_xlstm/training/known_start.hpp"

namespace psi_xlstm::experiments {

/// How it ended.
struct NetworkTrainingOutcome {
  bool usable = false;
  std::string reason;  ///< Why not, one sentence.
};

/// Trains config.networks[index] for `seed` and writes its files below `run`; returns at once where
/// they are there already, of the same config and data. A student needs the files of the teacher of
/// its seed. Throws ConfigError where it is missing or `index` is none, DataError where a file is
/// broken.
NetworkTrainingOutcome train_network(const NetworkStudyConfig& config,
                                     int index,
                                     int seed,
                                     const std::filesystem::path& run,
                                     const training::Report& report);

}  // namespace psi_xlstm::experiments
