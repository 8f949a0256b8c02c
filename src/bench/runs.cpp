#include "bench/runs.hpp"

#include <fmt/format.h>

#include "core/atomic_file.hpp"
#include "core/identifier.hpp"
#include "metrics/results.hpp"
#include "psi_xlstm/core/error.hpp"
#include "run/manifest.hpp"

namespace psi_xlstm {
namespace {

namespace fs = std::filesystem;

}  // namespace

BenchResult result_of_run(const fs::path& folder) {
  for (const char* name : {kManifestName, kTimingsName, "metrics.json"}) {
    if (fs::is_regular_file(folder / name)) continue;
    throw ConfigError(fmt::format("{}: expected the folder of a finished study, found no {} in it",
                                  folder.string(), name));
  }
  const auto text = [&](const char* name) { return read_file(folder / name); };
  const auto where = [&](const char* name) { return (folder / name).string(); };
  const Manifest manifest = parse_manifest(text(kManifestName), where(kManifestName));
  const Timings timings = parse_timings(text(kTimingsName), where(kTimingsName));
  const StudyMetrics metrics = parse_metrics(text("metrics.json"), where("metrics.json"));
  BenchResult result;
  result.name = identifier_from(fs::absolute(folder).lexically_normal().filename().string());
  result.command = fmt::format("psi bench runs {}", result.name);
  result.program_version = manifest.program_version;
  result.git_commit = manifest.git_commit;
  result.machine = timings.machine;
  result.numbers = config_tree(metrics);
  result.numbers["seeds"] = manifest.seeds;
  result.numbers["stages"] = config_tree(timings)["stages"];
  return result;
}

}  // namespace psi_xlstm
