#include "run/manifest.hpp"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "core/atomic_file.hpp"
#include "core/json/json_reader.hpp"
#include "core/sha256.hpp"
#include "psi_xlstm/core/error.hpp"
#include "run/folder.hpp"

namespace psi_xlstm {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

bool belongs_to_manifest(const fs::path& name) {
  const bool times = name.filename() == kTimingsName ||
                     (name.stem() == kLatencyName && name.parent_path().filename() == "tables");
  return !times && name != kManifestName && name != kLedgerName;
}

template <class Value>
Value member(const json& tree, const char* key, const std::string& where) {
  const auto found = tree.find(key);
  if (found == tree.end()) {
    throw DataError(fmt::format("{}: expected \"{}\", found none", where, key));
  }
  try {
    return found->get<Value>();
  } catch (const json::exception& e) {
    throw DataError(
        fmt::format("{}: expected another \"{}\", found: {}", where, key, plain_reason(e)));
  }
}

json parse_object(std::string_view text, const std::string& where) {
  json tree = parse_json(text, where);
  if (!tree.is_object()) {
    throw DataError(fmt::format("{}: expected a JSON object, found {}", where, tree.type_name()));
  }
  return tree;
}

}  // namespace

std::map<std::string, std::string> file_checksums(const fs::path& folder,
                                                  const std::set<std::string>& names) {
  std::map<std::string, std::string> checksums;
  for (const std::string& name : names) {
    if (belongs_to_manifest(name)) checksums[name] = sha256_hex(read_file(folder / name));
  }
  return checksums;
}

std::string manifest_text(const Manifest& manifest) {
  nlohmann::ordered_json tree;
  tree["program_version"] = manifest.program_version;
  tree["git_commit"] = manifest.git_commit;
  tree["versions"] = manifest.versions;
  tree["seeds"] = manifest.seeds;
  tree["files"] = manifest.files;
  try {
    return tree.dump(2) + "\n";
  } catch (const json::exception& e) {
    throw DataError(fmt::format("manifest: expected texts in UTF-8, found: {}", plain_reason(e)));
  }
}

Manifest parse_manifest(std::string_view text, const std::string& where) {
  const json tree = parse_object(text, where);
  using Texts = std::map<std::string, std::string>;
  return {.program_version = member<std::string>(tree, "program_version", where),
          .git_commit = member<std::string>(tree, "git_commit", where),
          .versions = member<Texts>(tree, "versions", where),
          .seeds = member<std::vector<int>>(tree, "seeds", where),
          .files = member<Texts>(tree, "files", where)};
}

std::vector<std::string> compare_files(const Manifest& manifest, const fs::path& folder) {
  std::vector<std::string> differences;
  for (const auto& [name, checksum] : manifest.files) {
    const fs::path file = folder / checked_name(name);
    if (!fs::is_regular_file(file)) {
      differences.push_back(fmt::format("{}: expected by the manifest, found no such file", name));
    } else if (const std::string found = sha256_hex(read_file(file)); found != checksum) {
      differences.push_back(
          fmt::format("{}: expected SHA-256 {}, found {}", name, checksum, found));
    }
  }
  return differences;
}

std::string timings_text(const Timings& timings) { return config_text(timings); }

Timings parse_timings(std::string_view text, const std::string& where) {
  try {
    return config_from_json<Timings>(parse_object(text, where), where);
  } catch (const ConfigError& e) {
    throw DataError(e.what());
  }
}

}  // namespace psi_xlstm
