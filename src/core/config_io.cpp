#include "core/config_io.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cmath>
#include <fstream>
#include <sstream>
#include <utility>

#include "psi_xlstm/core/error.hpp"

namespace psi_xlstm {

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
        fmt::format("{}: expected an object, got {}", path_.empty() ? "/" : path_, node_.dump()));
  }
}

void ConfigReader::finish() {
  if (!node_.is_object()) return;
  for (const auto& item : node_.items()) {
    bool known = false;
    for (const std::string& key : known_) known = known || key == item.key();
    if (!known) {
      problems_.push_back(fmt::format("{}/{}: unknown key; known keys are {}", path_, item.key(),
                                      fmt::join(known_, ", ")));
    }
  }
}

void ConfigReader::read(const nlohmann::json& node,
                        const std::string& path,
                        bool& value,
                        const Range&) {
  if (!node.is_boolean()) {
    problems_.push_back(fmt::format("{}: expected true or false, got {}", path, node.dump()));
    return;
  }
  value = node.get<bool>();
}

void ConfigReader::read(const nlohmann::json& node,
                        const std::string& path,
                        int& value,
                        const Range& range) {
  if (!node.is_number_integer()) {
    problems_.push_back(fmt::format("{}: expected an integer, got {}", path, node.dump()));
    return;
  }
  const double wide = node.get<double>();
  if (wide < std::numeric_limits<int>::min() || wide > std::numeric_limits<int>::max()) {
    problems_.push_back(fmt::format("{}: {} does not fit in an int", path, node.dump()));
    return;
  }
  value = node.get<int>();
  if (!range.contains(value)) {
    problems_.push_back(fmt::format("{}: must be {}, got {}", path, range.text(), value));
  }
}

void ConfigReader::read(const nlohmann::json& node,
                        const std::string& path,
                        double& value,
                        const Range& range) {
  if (!node.is_number()) {
    problems_.push_back(fmt::format("{}: expected a number, got {}", path, node.dump()));
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
    problems_.push_back(fmt::format("{}: expected a text, got {}", path, node.dump()));
    return;
  }
  value = node.get<std::string>();
  bool allowed = range.choices.empty();
  for (const std::string& choice : range.choices) allowed = allowed || choice == value;
  if (!allowed) {
    problems_.push_back(fmt::format("{}: must be {}, got \"{}\"", path, range.text(), value));
  }
}

void throw_if_any(const std::string& where, const std::vector<std::string>& problems) {
  if (problems.empty()) return;
  std::string text;
  for (const std::string& problem : problems) {
    text += fmt::format("{}{}: {}", text.empty() ? "" : "\n", where, problem);
  }
  throw ConfigError(text);
}

nlohmann::json parse_json(const std::filesystem::path& file) {
  std::ifstream stream(file);
  if (!stream || std::filesystem::is_directory(file)) {
    throw ConfigError(fmt::format("{}: expected a readable JSON file", file.string()));
  }
  constexpr int kDeepest = 100;  // what prints a value calls itself for every level
  constexpr std::uintmax_t kLargest = 16 << 20;
  std::error_code error;
  if (const std::uintmax_t size = std::filesystem::file_size(file, error);
      !error && size > kLargest) {
    throw ConfigError(fmt::format("{}: expected a JSON file of at most {} bytes, found {}",
                                  file.string(), kLargest, size));
  }
  std::ostringstream text;
  text << stream.rdbuf();
  try {
    const auto flat = [&](int depth, nlohmann::json::parse_event_t, nlohmann::json&) {
      if (depth < kDeepest) return true;
      throw ConfigError(
          fmt::format("{}: expected at most {} levels of nesting", file.string(), kDeepest));
    };
    return nlohmann::json::parse(text.str(), flat, true, /*ignore_comments=*/true);
  } catch (const nlohmann::json::exception& e) {
    throw ConfigError(fmt::format("{}: expected JSON: {}", file.string(), e.what()));
  }
}

}  // namespace psi_xlstm
