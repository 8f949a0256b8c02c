#pragma once

#include <filesystem>

namespace psi_xlstm {

/// Where the scripts keep what they built or installed: the environment variable PSI_CACHE, else
/// the folder psi-xlstm below XDG_CACHE_HOME or below .cache in the home.
std::filesystem::path cache_folder();

/// The program `name` that a user has: what the environment variable `variable` names, else the one
/// on PATH, else the one that scripts/simulators.sh installed. Empty where there is none; what was
/// named counts even where it does not exist.
std::filesystem::path installed_program(const char* variable, const char* name);

}  // namespace psi_xlstm
