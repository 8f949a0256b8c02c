#include "run/run_folder.hpp"

#include <fmt/format.h>

#include "core/config_io.hpp"
#include "psi_xlstm/core/error.hpp"
#include "run/manifest.hpp"

namespace psi_xlstm {

void claim(const std::filesystem::path& folder) {
  if (!std::filesystem::is_directory(folder) || std::filesystem::is_empty(folder)) return;
  bool is_run = false;
  try {
    const nlohmann::json config = parse_json(folder / "config.json");
    is_run = config.is_object() && config.contains("study");
  } catch (const ConfigError&) {
  }
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    const std::string name = entry.path().filename().string();
    if (is_run || name.starts_with("seed_")) continue;
    throw ConfigError(fmt::format("{}: expected an empty folder or one of an earlier run, found {}",
                                  folder.string(), name));
  }
  for (const char* old : {"hdl", "cosim", "tables", "figures", kTauFolder, "tau.json",
                          "metrics.json", "report.html", kManifestName, kTimingsName}) {
    std::filesystem::remove_all(folder / old);
  }
}

std::filesystem::path fit_folder(const std::filesystem::path& run, int seed, int fit) {
  return run / fmt::format("seed_{}", seed) / fmt::format("fit_{}", fit);
}

}  // namespace psi_xlstm
