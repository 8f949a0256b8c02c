#include "simulators/ngspice/library.hpp"

#include <string.h>

#include <cstdlib>
#include <system_error>

namespace psi_xlstm {
namespace {

namespace fs = std::filesystem;

std::string environment(const char* name) {
  const char* const value = std::getenv(name);
  return value == nullptr ? "" : value;
}

}  // namespace

fs::path cache_folder() {
  if (const std::string own = environment("PSI_CACHE"); !own.empty()) return own;
  if (const std::string all = environment("XDG_CACHE_HOME"); !all.empty()) {
    return fs::path(all) / "psi-xlstm";
  }
  const std::string home = environment("HOME");
  return home.empty() ? fs::path() : fs::path(home) / ".cache" / "psi-xlstm";
}

std::string default_ngspice_library() {
  if (const std::string named = environment("PSI_NGSPICE_LIBRARY"); !named.empty()) return named;
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
