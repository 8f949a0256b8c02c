#pragma once

/// @file
/// What a run was made with and what it left: manifest.json, the same bytes for the same run, and
/// timings.json, the only file with durations and dates. tables/latency.* show some of its numbers.

#include <filesystem>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "core/json/config_io.hpp"
#include "core/machine.hpp"

namespace psi_xlstm {

inline constexpr const char* kManifestName = "manifest.json";
inline constexpr const char* kTimingsName = "timings.json";
inline constexpr const char* kLatencyName = "latency";  ///< Of a table of times, in any form.

/// Where a run comes from, and the checksums of its files.
struct Manifest {
  std::string program_version;
  std::string git_commit;
  std::map<std::string, std::string> versions;  ///< Of libraries and tools, by name.
  std::vector<int> seeds;
  std::map<std::string, std::string> files;  ///< SHA-256 by path relative to the run folder.
};

/// SHA-256 of every file of `names` (relative to `folder`, with forward slashes), but for the
/// manifest itself, every timings.json and latency table: they differ from run to run. Throws
/// DataError if a file cannot be read.
std::map<std::string, std::string> file_checksums(const std::filesystem::path& folder,
                                                  const std::set<std::string>& names);

/// The text of manifest.json, names in order. Throws DataError if a text is not UTF-8.
std::string manifest_text(const Manifest& manifest);

/// The reverse; `where` opens every message. Throws DataError if the text is not a manifest.
Manifest parse_manifest(std::string_view text, const std::string& where);

/// One sentence per file of `manifest` that is missing from `folder` or changed; other files there
/// are none of its business. Throws DataError where a file cannot be read or a name leads out of
/// the folder.
std::vector<std::string> compare_files(const Manifest& manifest,
                                       const std::filesystem::path& folder);

/// How long one stage of a run took.
struct StageTiming {
  std::string name;
  double duration = 0;  ///< [s]

  template <class Self, class Visitor>
  static void fields(Self& c, Visitor& visit) {
    visit("name", c.name);
    visit("duration_s", c.duration, at_least(0));
  }
};

/// All times of a run.
struct Timings {
  std::string started;   ///< UTC, ISO 8601, e.g. "2025-01-31T12:00:00Z".
  std::string finished;  ///< The same; empty while the run goes on.
  Machine machine;
  std::vector<StageTiming> stages;

  template <class Self, class Visitor>
  static void fields(Self& c, Visitor& visit) {
    visit("started", c.started);
    visit("finished", c.finished);
    visit("machine", c.machine);
    visit("stages", c.stages);
  }
};

/// The text of timings.json.
std::string timings_text(const Timings& timings);

/// The reverse; `where` opens every message. Throws DataError naming every problem at once.
Timings parse_timings(std::string_view text, const std::string& where);

}  // namespace psi_xlstm
