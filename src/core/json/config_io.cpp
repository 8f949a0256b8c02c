#include "core/json/config_io.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "core/input_file.hpp"
#include "core/nearest.hpp"
#include "core/utf8.hpp"
#include "psi_xlstm/core/error.hpp"

namespace psi_xlstm {
namespace {

// So much of a file full of problems is told.
constexpr std::size_t kMostUnknown = 5;    // Of one object.
constexpr std::size_t kMostProblems = 20;  // Of one file.
constexpr std::size_t kLongestKey = 60;    // [bytes]

// "an integer in [1, 100]".
std::string what(const char* kind, const Range& range) {
  const std::string limits = range.text();
  return limits.empty() ? kind : fmt::format("{} {}", kind, limits);
}

}  // namespace

std::string Range::text() const {
  if (!choices.empty()) return fmt::format("one of {}", fmt::join(choices, ", "));
  if (std::isfinite(low) && std::isfinite(high)) {
    return fmt::format("in {}{}, {}]", open_low ? "(" : "[", low, high);
  }
  if (std::isfinite(high)) return fmt::format("<= {}", high);
  if (!std::isfinite(low)) return "";
  return fmt::format("{} {}", open_low ? ">" : ">=", low);
}

std::string ConfigProblem::text() const {
  std::string sentence =
      fmt::format("{}: expected {}, found {}", pointer.empty() ? "/" : pointer, expected, found);
  if (!nearest.empty()) sentence += fmt::format("; the nearest is \"{}\"", nearest);
  if (!advice.empty()) sentence += ": " + advice;
  return sentence;
}

std::string pointer_to(const std::string& pointer, const std::string& key) {
  std::string out = pointer + "/";
  for (const char c : cut(printable(key), kLongestKey)) {
    out += c == '~' ? "~0" : c == '/' ? "~1" : std::string(1, c);
  }
  return out;
}

ConfigReader::ConfigReader(const nlohmann::json& node,
                           std::string path,
                           std::vector<ConfigProblem>& problems)
    : node_(node), path_(std::move(path)), problems_(problems) {
  if (!node_.is_object()) problems_.push_back({path_, "an object", excerpt(node_)});
}

void ConfigReader::finish() {
  if (!node_.is_object()) return;
  std::size_t unknown = 0;
  for (const auto& item : node_.items()) {
    if (std::find(known_.begin(), known_.end(), item.key()) != known_.end()) continue;
    if (++unknown > kMostUnknown) continue;
    problems_.push_back({pointer_to(path_, item.key()),
                         fmt::format("one of the keys {}", fmt::join(known_, ", ")),
                         in_quotes(item.key(), kLongestKey), nearest_name(item.key(), known_)});
  }
  if (unknown > kMostUnknown) {
    problems_.push_back(
        {path_, "known keys alone", fmt::format("{} more unknown ones", unknown - kMostUnknown)});
  }
}

void ConfigReader::report_unused(const std::string& key, const std::string& tag) {
  const auto chosen = node_.find(tag);
  problems_.push_back({pointer_to(path_, key),
                       fmt::format("no such key with \"{}\" {}", tag,
                                   chosen == node_.end() ? "at its default" : excerpt(*chosen)),
                       excerpt(node_.at(key)), "", "it has no effect"});
}

void ConfigReader::report_choice(const nlohmann::json& node,
                                 const std::string& path,
                                 const std::vector<std::string>& names) {
  problems_.push_back(
      {path, fmt::format("one of {}", fmt::join(names, ", ")), excerpt(node),
       node.is_string() ? nearest_name(node.get_ref<const std::string&>(), names) : ""});
}

void ConfigReader::read(const nlohmann::json& node,
                        const std::string& path,
                        bool& value,
                        const Range&) {
  if (!node.is_boolean()) {
    problems_.push_back({path, "true or false", excerpt(node)});
    return;
  }
  value = node.get<bool>();
}

void ConfigReader::read(const nlohmann::json& node,
                        const std::string& path,
                        int& value,
                        const Range& range) {
  const std::string expected = what("an integer", range);
  const std::optional<std::int64_t> wide = integer_in(node);
  if (!node.is_number_integer() || (wide && !range.contains(static_cast<double>(*wide)))) {
    problems_.push_back({path, expected, excerpt(node)});
  } else if (!wide || *wide < std::numeric_limits<int>::min() ||
             *wide > std::numeric_limits<int>::max()) {
    problems_.push_back({path, expected + " that fits in 32 bits", excerpt(node)});
  } else {
    value = static_cast<int>(*wide);
  }
}

void ConfigReader::read(const nlohmann::json& node,
                        const std::string& path,
                        double& value,
                        const Range& range) {
  if (!node.is_number() || !range.contains(node.get<double>())) {
    problems_.push_back({path, what("a number", range), excerpt(node)});
    return;
  }
  value = node.get<double>();
}

void ConfigReader::read(const nlohmann::json& node,
                        const std::string& path,
                        std::string& value,
                        const Range& range) {
  if (!range.choices.empty()) {
    const bool known =
        node.is_string() && std::find(range.choices.begin(), range.choices.end(),
                                      node.get_ref<const std::string&>()) != range.choices.end();
    if (!known) return report_choice(node, path, range.choices);
  } else if (!node.is_string()) {
    problems_.push_back({path, "a text", excerpt(node)});
    return;
  }
  value = node.get<std::string>();
}

void throw_if_any(const std::string& where, const std::vector<ConfigProblem>& problems) {
  if (problems.empty()) return;
  const std::string opening = where.empty() ? "" : where + ": ";
  std::string text;
  for (std::size_t i = 0; i < std::min(problems.size(), kMostProblems); ++i) {
    text += fmt::format("{}{}{}", text.empty() ? "" : "\n", opening, problems[i].text());
  }
  if (problems.size() > kMostProblems) {
    text += fmt::format("\n{}... and {} more problems", opening, problems.size() - kMostProblems);
  }
  throw ConfigError(text);
}

nlohmann::json parse_json(const std::filesystem::path& file) {
  const JsonLimits limits{.comments = true};
  try {
    InputFile stream(file, "JSON file", limits.bytes);
    return parse_json(stream.rest(file.string()), file.string(), limits);
  } catch (const DataError& e) {
    throw ConfigError(e.what());
  }
}

}  // namespace psi_xlstm
