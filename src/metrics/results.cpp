#include "metrics/results.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "core/json/json_reader.hpp"
#include "psi_xlstm/core/error.hpp"

namespace psi_xlstm {
namespace {

using Tree = nlohmann::ordered_json;

// The tree as a reader of the file sees it: what is not finite has become null.
Tree tree_of(const StudyMetrics& metrics) { return Tree::parse(metrics_text(metrics)); }

void compare_numbers(const Tree& expected,
                     const Tree& found,
                     const std::string& pointer,
                     double tolerance,
                     std::vector<std::string>& differences) {
  const auto a = expected.get<double>();
  const auto b = found.get<double>();
  const double scale = std::max(std::abs(a), std::abs(b));
  if (std::abs(a - b) <= tolerance * scale) return;
  differences.push_back(
      fmt::format("{}: expected {}, found {} (relative difference {:.2g}, allowed {:.2g})", pointer,
                  expected.dump(), found.dump(), std::abs(a - b) / scale, tolerance));
}

void compare_trees(const Tree& expected,
                   const Tree& found,
                   const std::string& pointer,
                   double tolerance,
                   std::vector<std::string>& differences) {
  if (expected.is_array() && expected.size() != found.size()) {
    differences.push_back(
        fmt::format("{}: expected {} entries, found {}", pointer, expected.size(), found.size()));
  } else if (expected.is_array()) {
    for (std::size_t i = 0; i < expected.size(); ++i) {
      compare_trees(expected[i], found[i], fmt::format("{}/{}", pointer, i), tolerance,
                    differences);
    }
  } else if (expected.is_object()) {
    for (const auto& [key, value] : expected.items()) {
      compare_trees(value, found.at(key), fmt::format("{}/{}", pointer, key), tolerance,
                    differences);
    }
  } else if (expected.is_number() && found.is_number()) {
    compare_numbers(expected, found, pointer, tolerance, differences);
  } else if (expected != found) {
    differences.push_back(
        fmt::format("{}: expected {}, found {}", pointer, expected.dump(), found.dump()));
  }
}

}  // namespace

std::string metrics_text(const StudyMetrics& metrics) {
  try {
    return config_text(metrics);
  } catch (const nlohmann::json::exception& e) {
    throw DataError(fmt::format("metrics: expected names in UTF-8, found: {}", plain_reason(e)));
  }
}

StudyMetrics parse_metrics(std::string_view text, const std::string& where) {
  try {
    return config_from_json<StudyMetrics>(parse_json(text, where), where);
  } catch (const ConfigError& e) {
    throw DataError(e.what());
  }
}

std::vector<std::string> compare_metrics(const StudyMetrics& expected,
                                         const StudyMetrics& found,
                                         double relative_tolerance) {
  std::vector<std::string> differences;
  compare_trees(tree_of(expected), tree_of(found), "", relative_tolerance, differences);
  return differences;
}

}  // namespace psi_xlstm
