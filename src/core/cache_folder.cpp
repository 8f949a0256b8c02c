#include "core/cache_folder.hpp"

#include <unistd.h>

#include <string>

#include "core/process.hpp"

namespace psi_xlstm {

namespace fs = std::filesystem;

fs::path cache_folder() {
  if (const std::string own = environment_variable("PSI_CACHE"); !own.empty()) return own;
  if (const std::string all = environment_variable("XDG_CACHE_HOME"); !all.empty()) {
    return fs::path(all) / "psi-xlstm";
  }
  const std::string home = environment_variable("HOME");
  return home.empty() ? fs::path() : fs::path(home) / ".cache" / "psi-xlstm";
}

fs::path installed_program(const char* variable, const char* name) {
  if (const std::string named = environment_variable(variable); !named.empty()) return named;
  if (const auto found = find_program(name)) return *found;
  const fs::path cached = cache_folder() / "simulators" / "bin" / name;
  return ::access(cached.c_str(), X_OK) == 0 ? cached : fs::path();
}

}  // namespace psi_xlstm
