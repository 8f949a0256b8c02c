#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "psi_xlstm/ir/network.hpp"

namespace psi_xlstm::hdl {

/// What write_model_files() wrote.
struct ModelFiles {
  std::vector<std::filesystem::path> files;
  std::string
      left_out;  ///< Why there is no compiled model, one sentence; empty where there is one.
  std::vector<std::string> renamed;  ///< A sentence for each name that no simulator takes.
};

/// Writes every form of `network`, with usable names (text/names.hpp), into `folder`: <name>.va,
/// <name>.sp, <name>.c, and <name>.osdi, the C file compiled, where the machine's C compiler can do
/// it; a <name>.osdi of before does not stay beside another C file. Each begins with who made it,
/// that anybody may use it, and `data_checksum`, that of the data behind the model (empty: not
/// known). Throws EmitError where a printer does, DataError where a file cannot be written.
ModelFiles write_model_files(const ir::Network& network,
                             const std::filesystem::path& folder,
                             const std::string& data_checksum = "");

}  // namespace psi_xlstm::hdl
