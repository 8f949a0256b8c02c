#pragma once

/// @file
/// One model of one seed of a network study, from data to files (model/stored_network.hpp).

#include <filesystem>
#include <string>

#include "config/networks.hpp"
#include "core/progress.hpp"

namespace psi_xlstm {

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
                                     const TaskProgress& report);

}  // namespace psi_xlstm
