#include "simulators/ngspice/library.hpp"

#include <string.h>

#include <filesystem>
#include <system_error>

#include "core/cache_folder.hpp"
#include "core/process.hpp"

namespace psi_xlstm {

namespace fs = std::filesystem;

std::string default_ngspice_library() {
  if (const std::string named = environment_variable("PSI_NGSPICE_LIBRARY"); !named.empty())
    return named;
  std::error_code problem;
  fs::path best;
  for (const fs::directory_entry& entry : fs::directory_iterator(cache_folder(), problem)) {
    const fs::path library = entry.path() / "lib" / "libngspice.so.0";
    if (!entry.path().filename().string().starts_with("ngspice-")) continue;
    if (!fs::is_regular_file(library, problem)) continue;
    if (best.empty() || strverscmp(best.c_str(), library.c_str()) < 0) best = library;
  }
  return best.empty() ? "libngspice.so.0" : best.string();
}

}  // namespace psi_xlstm
