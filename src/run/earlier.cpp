#include "run/earlier.hpp"

#include <fmt/format.h>

#include "core/json/config_io.hpp"
#include "core/json/json_reader.hpp"
#include "psi_xlstm/core/error.hpp"
#include "run/folder.hpp"

namespace psi_xlstm {
namespace {

using nlohmann::json;

// What makes a study another one, by the JSON pointers of its config.
constexpr const char* kIdentity[] = {"/kind", "/study", "/data/source", "/data/files", "/files"};

json value_at(const json& tree, const char* pointer) {
  const json::json_pointer place(pointer);
  return tree.contains(place) ? tree.at(place) : json();
}

std::string change(const std::string& what, const json& before, const json& now) {
  return fmt::format("{} {} (now {})", what, excerpt(before), excerpt(now));
}

// The first place where two trees differ; empty where they do not.
std::string first_difference(const json& before, const json& now, const std::string& pointer) {
  if (before == now) return "";
  if (!before.is_object() || !now.is_object()) return change(pointer, before, now);
  for (const auto& [key, value] : now.items()) {
    const std::string place = pointer_to(pointer, key);
    if (!before.contains(key)) return change(place, "not there", value);
    std::string found = first_difference(before.at(key), value, place);
    if (!found.empty()) return found;
  }
  return pointer + "/: keys that are no longer there";
}

}  // namespace

EarlierRun earlier_run(const std::filesystem::path& folder, const json& config) {
  const std::filesystem::path file = folder / "config.json";
  std::error_code ignored;
  if (!is_run_folder(folder) || !std::filesystem::is_regular_file(file, ignored)) return {};
  json before;
  try {
    before = parse_json(file);
  } catch (const Error&) {
    // It cannot be shown to be the same.
    return {.found = true, .another = true, .what = "a config.json that cannot be read"};
  }
  EarlierRun run{.found = true};
  for (const char* pointer : kIdentity) {
    const json then = value_at(before, pointer), now = value_at(config, pointer);
    if (then == now) continue;
    run.another = true;
    run.what = change(pointer, then, now);
    return run;
  }
  run.what = first_difference(before, config, "");
  return run;
}

}  // namespace psi_xlstm
