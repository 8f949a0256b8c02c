#pragma once

#include <string>
#include <vector>

namespace psi_xlstm {

/// Names or paths of the libngspice that are tried where none is asked for, the first one first:
/// that of the environment variable PSI_NGSPICE_LIBRARY alone where it is set; else those in the
/// cache folder, the highest version first, then "libngspice.so.0", which the loader looks for.
std::vector<std::string> ngspice_libraries();

}  // namespace psi_xlstm
