#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "hdl/osdi/library.hpp"
#include "psi_xlstm/ir/network.hpp"

namespace psi_xlstm::hdl {

/// What write_model_files() wrote.
struct ModelFiles {
  std::vector<std::filesystem::path> files;
  std::string
      left_out;  ///< Why there is no compiled model, one sentence; empty where there is one.
  std::vector<std::string> renamed;  ///< A sentence for each name that no simulator takes.
};

/// What stands behind the name of a model in those of its forms: ".va", ".sp", ".c", ".osdi".
const std::vector<std::string>& form_endings();

/// The same of what lies beside them: a symbol of xschem, one of KiCad, how to use all that.
const std::vector<std::string>& companion_endings();

/// Writes every form of `network`, with usable names (text/names.hpp), into `folder`: <name>.va,
/// <name>.sp, <name>.c, and, where the machine's C compiler can do it, the C file compiled for each
/// of `releases` (compiled_ending()); where it cannot, one of before does not stay beside another C
/// file; then what lies beside them (companion_endings()). Each text begins with who made it, that
/// anybody may use it, and `data_checksum`, that of the data behind the model (empty: not known).
/// Throws EmitError where a printer does, DataError where a file cannot be written.
ModelFiles write_model_files(const ir::Network& network,
                             const std::filesystem::path& folder,
                             const std::string& data_checksum = "",
                             const std::vector<OsdiRelease>& releases = {OsdiRelease::k03});

/// What stands behind the name of a model in that of its compiled file: ".osdi" of 0.3, "_0.4.osdi"
/// of 0.4.
std::string compiled_ending(OsdiRelease release);

}  // namespace psi_xlstm::hdl
