#pragma once

#include <filesystem>
#include <string>

namespace psi_xlstm {

/// Where scripts/ngspice_osdi.sh keeps what it built: the environment variable PSI_CACHE, else the
/// folder psi-xlstm below XDG_CACHE_HOME or below .cache in the home.
std::filesystem::path cache_folder();

/// Name or path of the libngspice that is used where none is asked for: the environment variable
/// PSI_NGSPICE_LIBRARY, else the library of the highest version in the cache folder, else
/// "libngspice.so.0", which the loader looks for.
std::string default_ngspice_library();

}  // namespace psi_xlstm
