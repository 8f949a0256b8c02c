#include "core/config_io.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "core/input_file.hpp"
#include "core/utf8.hpp"
#include "psi_xlstm/core/error.hpp"

namespace psi_xlstm {
namespace {

// So much of a file full of problems is told.
constexpr std::size_t kMostUnknown = 5;    // Of one object.
constexpr std::size_t kMostProblems = 20;  // Of one file.
constexpr std::size_t kLongestKey = 60;    // [bytes]

}  // namespace

std::string Range::text() const {
  if (!choices.empty()) return fmt::format("one of {}", fmt::join(choices, ", "));
  if (std::isfinite(low) && std::isfinite(high)) {
    return fmt::format("in {}{}, {}]", open_low ? "(" : "[", low, high);
  }
  if (std::isfinite(high)) return fmt::format("<= {}", high);
  return fmt::format("{} {}", open_low ? ">" : ">=", low);
}

ConfigReader::ConfigReader(const nlohmann::json& node,
                           std::string path,
                           std::vector<std::string>& problems)
    : node_(node), path_(std::move(path)), problems_(problems) {
  if (!node_.is_object()) {
    problems_.push_back(
        fmt::format("{}: expected an object, got {}", path_.empty() ? "/" : path_, excerpt(node_)));
  }
}

void ConfigReader::finish() {
  if (!node_.is_object()) return;
  std::size_t unknown = 0;
  for (const auto& item : node_.items()) {
    if (std::find(known_.begin(), known_.end(), item.key()) != known_.end()) continue;
    if (++unknown > kMostUnknown) continue;
    problems_.push_back(fmt::format("{}/{}: unknown key; known keys are {}", path_,
                                    cut(printable(item.key()), kLongestKey),
                                    fmt::join(known_, ", ")));
  }
  if (unknown > kMostUnknown) {
    problems_.push_back(fmt::format("{}: and {} more unknown keys", path_.empty() ? "/" : path_,
                                    unknown - kMostUnknown));
  }
}

void ConfigReader::report_unused(const std::string& key, const std::string& tag) {
  const auto chosen = node_.find(tag);
  problems_.push_back(fmt::format("{}/{}: unused key; with \"{}\" {} it has no effect", path_, key,
                                  tag,
                                  chosen == node_.end() ? "at its default" : excerpt(*chosen)));
}

void ConfigReader::report_choice(const nlohmann::json& node,
                                 const std::string& path,
                                 const std::vector<std::string>& names) {
  if (!node.is_string()) {
    problems_.push_back(fmt::format("{}: expected a text, got {}", path, excerpt(node)));
  } else {
    problems_.push_back(
        fmt::format("{}: must be one of {}, got {}", path, fmt::join(names, ", "), excerpt(node)));
  }
}

void ConfigReader::read(const nlohmann::json& node,
                        const std::string& path,
                        bool& value,
                        const Range&) {
  if (!node.is_boolean()) {
    problems_.push_back(fmt::format("{}: expected true or false, got {}", path, excerpt(node)));
    return;
  }
  value = node.get<bool>();
}

void ConfigReader::read(const nlohmann::json& node,
                        const std::string& path,
                        int& value,
                        const Range& range) {
  if (!node.is_number_integer()) {
    problems_.push_back(fmt::format("{}: expected an integer, got {}", path, excerpt(node)));
    return;
  }
  const std::optional<std::int64_t> wide = integer_in(node);
  if (!wide || *wide < std::numeric_limits<int>::min() || *wide > std::numeric_limits<int>::max()) {
    problems_.push_back(fmt::format("{}: {} does not fit in an int", path, excerpt(node)));
    return;
  }
  value = static_cast<int>(*wide);
  if (!range.contains(value)) {
    problems_.push_back(fmt::format("{}: must be {}, got {}", path, range.text(), value));
  }
}

void ConfigReader::read(const nlohmann::json& node,
                        const std::string& path,
                        double& value,
                        const Range& range) {
  if (!node.is_number()) {
    problems_.push_back(fmt::format("{}: expected a number, got {}", path, excerpt(node)));
    return;
  }
  value = node.get<double>();
  if (!range.contains(value)) {
    problems_.push_back(fmt::format("{}: must be {}, got {}", path, range.text(), value));
  }
}

void ConfigReader::read(const nlohmann::json& node,
                        const std::string& path,
                        std::string& value,
                        const Range& range) {
  if (!node.is_string()) {
    problems_.push_back(fmt::format("{}: expected a text, got {}", path, excerpt(node)));
    return;
  }
  value = node.get<std::string>();
  bool allowed = range.choices.empty();
  for (const std::string& choice : range.choices) allowed = allowed || choice == value;
  if (!allowed) {
    problems_.push_back(fmt::format("{}: must be {}, got {}", path, range.text(), excerpt(node)));
  }
}

void throw_if_any(const std::string& where, const std::vector<std::string>& problems) {
  if (problems.empty()) return;
  std::string text;
  for (std::size_t i = 0; i < std::min(problems.size(), kMostProblems); ++i) {
    text += fmt::format("{}{}: {}", text.empty() ? "" : "\n", where, problems[i]);
  }
  if (problems.size() > kMostProblems) {
    text += fmt::format("\n{}: ... and {} more problems", where, problems.size() - kMostProblems);
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
