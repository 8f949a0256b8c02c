#include "run/kinds.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <system_error>

#include "core/utf8.hpp"
#include "psi_xlstm/core/error.hpp"
#include "run/folder.hpp"
#include "run/manifest.hpp"

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

std::vector<ConfigProblem> all_problems(std::vector<ConfigProblem> of_fields,
                                        const std::vector<ConfigProblem>& contradictions) {
  const auto holds = [](const std::string& outer, const std::string& inner) {
    return inner == outer || inner.starts_with(outer + "/");
  };
  const std::size_t count = of_fields.size();
  for (const ConfigProblem& c : contradictions) {
    const bool told =
        std::any_of(of_fields.begin(), of_fields.begin() + static_cast<std::ptrdiff_t>(count),
                    [&](const ConfigProblem& p) {
                      return holds(p.pointer, c.pointer) || holds(c.pointer, p.pointer);
                    });
    if (!told) of_fields.push_back(c);
  }
  return of_fields;
}

std::vector<ConfigProblem> missing_files(const std::string& pointer,
                                         const std::vector<std::string>& files) {
  std::vector<ConfigProblem> problems;
  std::error_code ignored;
  for (std::size_t i = 0; i < files.size(); ++i) {
    if (std::filesystem::exists(files[i], ignored)) continue;
    problems.push_back({fmt::format("{}/{}", pointer, i), "a file that is there",
                        "no " + in_quotes(files[i], 200)});
  }
  return problems;
}

CheckResult check_run(const std::filesystem::path& folder, const std::vector<StudyKind>& kinds) {
  const std::filesystem::path file = folder / "config.json";
  if (!is_run_folder(folder)) {
    throw ConfigError(
        fmt::format("{}: expected the folder of a run of psi, found a folder that no run wrote to",
                    folder.string()));
  }
  if (!std::filesystem::exists(folder / kManifestName)) {
    throw ConfigError(
        fmt::format("{}: expected a finished run, found one without its {}: it is at work or was "
                    "interrupted, and goes on from there by the command that began it",
                    folder.string(), kManifestName));
  }
  return kind_of(parse_json(file), kinds, file.string()).check(folder);
}

}  // namespace psi_xlstm
