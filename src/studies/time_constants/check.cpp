#include "studies/time_constants/check.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "core/atomic_file.hpp"
#include "core/json/json_reader.hpp"
#include "psi_xlstm/core/error.hpp"

namespace psi_xlstm {
namespace {

using nlohmann::json;

constexpr double kTolerance = 1e-6;
constexpr int kThreads = 2;  // no result depends on it

bool agree(const json& a, const json& b) {
  if (!a.is_number() || !b.is_number()) return a == b;
  const double x = a.get<double>(), y = b.get<double>();
  return std::abs(x - y) <= kTolerance * std::max(std::abs(x), std::abs(y));
}

// Every leaf of two trees of the same form; `path` is the JSON pointer.
void compare_trees(const json& again,
                   const json& stored,
                   const std::string& path,
                   CheckResult& result) {
  if (again.is_structured() && again.type() == stored.type() && again.size() == stored.size()) {
    for (const auto& [key, value] : again.items()) {
      const auto found = again.is_array() ? stored.begin() + std::stol(key) : stored.find(key);
      if (found == stored.end()) {
        result.differences.push_back(fmt::format("{}/{}: expected it, found none", path, key));
      } else {
        compare_trees(value, *found, fmt::format("{}/{}", path, key), result);
      }
    }
    return;
  }
  if (again.is_number()) ++result.values;
  if (agree(again, stored)) return;
  result.differences.push_back(
      fmt::format("{}: stored {}, computed again {}", path, excerpt(stored), excerpt(again)));
}

}  // namespace

void compare_tau(const TauStudyResult& again,
                 const std::filesystem::path& folder,
                 CheckResult& result) {
  const std::string file = (folder / "tau.json").string();
  const json stored = parse_json(read_file(file), file);
  compare_trees(json::parse(tau_json(again)), stored, file, result);
}

void check_tau_stage(const TauStageConfig& config,
                     const Dataset& dataset,
                     const fit::StartOptions& starts,
                     const std::filesystem::path& run,
                     CheckResult& result) {
  std::vector<std::string> warnings;
  const auto again = tau_stage(config, dataset, starts, kThreads, warnings);
  const bool stored = std::filesystem::exists(run / kTauFolder / "tau.json");
  if (again && stored) {
    compare_tau(*again, run / kTauFolder, result);
  } else if (stored || again) {
    result.differences.push_back(fmt::format("{}: expected {} time constants, found {}",
                                             (run / kTauFolder).string(), again ? "its" : "no",
                                             stored ? "some" : "none"));
  }
}

CheckResult check_tau_run(const std::filesystem::path& run) {
  CheckResult result;
  const auto config = read_config<TauStudyConfig>(run / "config.json");
  compare_tau(tau_study_of_files(config, kThreads), run, result);
  check_manifest(run, result);
  return result;
}

}  // namespace psi_xlstm
