#pragma once

#include <map>
#include <string>

namespace psi_xlstm {

/// The version of this program, e.g. "0.1.0".
std::string version();

/// The commit this program was built from, "0123456789ab", or "unknown". Where the code had changes
/// that were not committed, "0123456789ab-changed-" and eight digits that differ between changes.
std::string git_commit();

/// The versions of the libraries this program was built with, by name.
std::map<std::string, std::string> library_versions();

}  // namespace psi_xlstm
