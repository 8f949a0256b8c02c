#pragma once

#include <string>

namespace psi_xlstm {

/// Name or path of the libngspice that is used where none is asked for: the environment variable
/// PSI_NGSPICE_LIBRARY, else the library of the highest version in the cache folder, else
/// "libngspice.so.0", which the loader looks for.
std::string default_ngspice_library();

}  // namespace psi_xlstm
