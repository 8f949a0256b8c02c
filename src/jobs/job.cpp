#include "jobs/job.hpp"

#include <fmt/format.h>

#include "core/input_file.hpp"
#include "core/json/json_reader.hpp"
#include "psi_xlstm/core/error.hpp"

namespace psi_xlstm {
namespace {

namespace fs = std::filesystem;

constexpr int kJobVersion = 1;

using Paths = std::map<std::string, fs::path>;

const fs::path& path_of(const Job& job,
                        const Paths& paths,
                        const char* what,
                        const std::string& role) {
  const auto found = paths.find(role);
  if (found != paths.end()) return found->second;
  throw ConfigError(fmt::format("job {}: expected an {} \"{}\", found none", job.name, what, role));
}

nlohmann::ordered_json tree_of(const Paths& paths) {
  auto tree = nlohmann::ordered_json::object();
  for (const auto& [role, path] : paths) tree[role] = fs::absolute(path).string();
  return tree;
}

Paths paths_in(const JsonValue& tree) {
  if (!tree.node().is_object()) tree.refuse("an object");
  Paths paths;
  for (const auto& item : tree.node().items()) {
    paths[item.key()] = tree.at(item.key()).as<std::string>();
  }
  return paths;
}

}  // namespace

const fs::path& Job::input(const std::string& role) const {
  return path_of(*this, inputs, "input", role);
}

const fs::path& Job::output(const std::string& role) const {
  return path_of(*this, outputs, "output", role);
}

int Job::number(const std::string& key, int low, int high) const {
  const auto found = settings.find(key);
  const auto value = found == settings.end() ? std::nullopt : integer_in(*found);
  if (value && *value >= low && *value <= high) return static_cast<int>(*value);
  throw ConfigError(fmt::format("job {}: settings/{}: expected an integer in [{}, {}], found {}",
                                name, key, low, high,
                                found == settings.end() ? "none" : excerpt(*found)));
}

std::string job_text(const Job& job) {
  nlohmann::ordered_json tree;
  tree["version"] = kJobVersion;
  tree["kind"] = job.kind;
  tree["name"] = job.name;
  tree["program"] = job.program;
  tree["inputs"] = tree_of(job.inputs);
  tree["outputs"] = tree_of(job.outputs);
  tree["settings"] = job.settings;
  tree["seed"] = job.seed;
  return tree.dump(2) + "\n";
}

Job read_job(const fs::path& file) {
  const nlohmann::json tree = parse_json(read_file(file), file.string());
  const JsonValue root(tree, file.string());
  const int version = root.at("version").as<int>();
  if (version != kJobVersion) {
    throw DataError(fmt::format("{}: expected a job of version {}, found version {}", file.string(),
                                kJobVersion, version));
  }
  Job job{.kind = root.at("kind").as<std::string>(),
          .name = root.at("name").as<std::string>(),
          .program = root.at("program").as<std::string>(),
          .inputs = paths_in(root.at("inputs")),
          .outputs = paths_in(root.at("outputs")),
          .settings = root.at("settings").node(),
          .seed = root.at("seed").as<int>()};
  if (!job.settings.is_object()) root.at("settings").refuse("an object");
  return job;
}

}  // namespace psi_xlstm
