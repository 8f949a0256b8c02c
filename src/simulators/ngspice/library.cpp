#include "simulators/ngspice/library.hpp"

#include <string.h>

#include <algorithm>
#include <filesystem>
#include <system_error>

#include "core/cache_folder.hpp"
#include "core/process.hpp"

namespace psi_xlstm {

namespace fs = std::filesystem;

std::vector<std::string> ngspice_libraries() {
  if (const std::string named = environment_variable("PSI_NGSPICE_LIBRARY"); !named.empty())
    return {named};
  std::error_code problem;
  std::vector<std::string> found;
  for (const fs::directory_entry& entry : fs::directory_iterator(cache_folder(), problem)) {
    const fs::path library = entry.path() / "lib" / "libngspice.so.0";
    if (!entry.path().filename().string().starts_with("ngspice-")) continue;
    if (fs::is_regular_file(library, problem)) found.push_back(library.string());
  }
  std::sort(found.begin(), found.end(), [](const std::string& a, const std::string& b) {
    return strverscmp(a.c_str(), b.c_str()) > 0;
  });
  found.emplace_back("libngspice.so.0");
  return found;
}

}  // namespace psi_xlstm
