#include "run/kinds.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "psi_xlstm/core/error.hpp"

namespace psi_xlstm {

StudyKind kind_of(const nlohmann::json& config,
                  const std::vector<StudyKind>& kinds,
                  const std::string& where) {
  std::string known, found = "none";
  for (const StudyKind& kind : kinds) {
    known += fmt::format("{}\"{}\"", known.empty() ? "" : ", ", kind.name);
  }
  if (config.is_object() && config.contains("kind")) {
    const nlohmann::json& named = config.at("kind");
    const auto same = std::find_if(kinds.begin(), kinds.end(),
                                   [&](const StudyKind& kind) { return named == kind.name; });
    if (same != kinds.end()) return *same;
    found = named.dump().substr(0, 80);
  }
  throw ConfigError(fmt::format("{}: /kind: expected one of {}, found {}", where, known, found));
}

CheckResult check_run(const std::filesystem::path& folder, const std::vector<StudyKind>& kinds) {
  const std::filesystem::path file = folder / "config.json";
  return kind_of(parse_json(file), kinds, file.string()).check(folder);
}

}  // namespace psi_xlstm
