#pragma once

/// @file
/// The run that is in a folder already, before another one takes its place.

#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>

namespace psi_xlstm {

/// What the run in a folder is to one that wants the folder.
struct EarlierRun {
  bool found = false;  ///< There is a run with a config.
  bool another =
      false;  ///< Of another study: another kind, name or data, or a config that no one can read.
  std::string what;  ///< What is different: `study "a" (now "b")`; empty: nothing.
};

/// Compares the config of the run in `folder` with `config`, both resolved. A run of the same kind,
/// name and data is the same study, of which only options may differ; the seeds of generated data
/// are options.
EarlierRun earlier_run(const std::filesystem::path& folder, const nlohmann::json& config);

}  // namespace psi_xlstm
