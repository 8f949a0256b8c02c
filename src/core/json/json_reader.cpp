#include "core/json/json_reader.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <utility>

#include "core/utf8.hpp"
#include "psi_xlstm/core/error.hpp"

namespace psi_xlstm {
namespace {

constexpr std::size_t kLongestExcerpt = 60;     // [bytes]
constexpr std::size_t kLongestComplaint = 200;  // Of the parser [bytes].

// Refuses what a parser lets pass: deep nesting, and repeated keys, of which it would keep one.
template <class Tree>
class Guard {
 public:
  Guard(const std::string& where, int depth) : where_(&where), depth_(depth) {}

  bool operator()(int depth, typename Tree::parse_event_t event, const Tree& parsed) {
    using Event = typename Tree::parse_event_t;
    if ((event == Event::object_start || event == Event::array_start) && depth >= depth_) {
      throw DataError(
          fmt::format("{}: expected at most {} levels of nesting, found more", *where_, depth_));
    }
    // The keys of an object are reported one level below the object itself.
    if (event == Event::object_start) keys_of(depth + 1).clear();
    if (event == Event::key &&
        !keys_of(depth).insert(parsed.template get_ref<const std::string&>()).second) {
      throw DataError(
          fmt::format("{}: expected every key once, found {} twice", *where_,
                      in_quotes(parsed.template get_ref<const std::string&>(), kLongestExcerpt)));
    }
    return true;
  }

 private:
  std::set<std::string>& keys_of(int depth) {
    const auto index = static_cast<std::size_t>(depth);
    if (keys_.size() <= index) keys_.resize(index + 1);
    return keys_[index];
  }

  const std::string* where_;
  int depth_;
  std::vector<std::set<std::string>> keys_;  // Of the open objects, by depth.
};

// "line 3, column 7" of the byte `count` of `text`, counted from 1.
std::string place_of(std::string_view text, std::size_t count) {
  const std::string_view read = text.substr(0, count == 0 ? 0 : std::min(text.size(), count - 1));
  const std::size_t end = read.rfind('\n');
  return fmt::format("line {}, column {}", 1 + std::count(read.begin(), read.end(), '\n'),
                     1 + read.size() - (end == std::string_view::npos ? 0 : end + 1));
}

template <class Tree>
Tree parsed(std::string_view text, const std::string& where, const JsonLimits& limits) {
  if (text.size() > limits.bytes) {
    throw DataError(fmt::format("{}: expected JSON of at most {} bytes, found {}", where,
                                limits.bytes, text.size()));
  }
  try {
    Guard<Tree> guard(where, limits.depth);
    return Tree::parse(text, std::ref(guard), /*allow_exceptions=*/true, limits.comments);
  } catch (const nlohmann::json::parse_error& e) {
    throw DataError(fmt::format("{}: expected JSON, found at {}: {}", where, place_of(text, e.byte),
                                plain_reason(e)));
  } catch (const nlohmann::json::exception& e) {
    throw DataError(fmt::format("{}: expected JSON, found {}", where, plain_reason(e)));
  }
}

}  // namespace

std::string plain_reason(const nlohmann::json::exception& problem) {
  std::string text = printable(problem.what());
  // "[json.exception.parse_error.101] parse error at line 1, column 2: syntax error while parsing
  // value - invalid literal; last read: ...": what counts stands behind the last opening.
  if (text.starts_with('[')) text.erase(0, std::min(text.size(), text.find("] ") + 2));
  for (const std::string_view opening : {"parse error", "syntax error"}) {
    if (!text.starts_with(opening)) continue;
    const std::string_view end = opening == "parse error" ? ": " : " - ";
    if (const std::size_t at = text.find(end); at != std::string::npos) {
      text.erase(0, at + end.size());
    }
  }
  return cut(text, kLongestComplaint);
}

nlohmann::json parse_json(std::string_view text,
                          const std::string& where,
                          const JsonLimits& limits) {
  return parsed<nlohmann::json>(text, where, limits);
}

nlohmann::ordered_json parse_ordered_json(std::string_view text,
                                          const std::string& where,
                                          const JsonLimits& limits) {
  return parsed<nlohmann::ordered_json>(text, where, limits);
}

std::string excerpt(const nlohmann::json& node) {
  const std::string text = node.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
  return cut(printable(text), kLongestExcerpt);
}

std::optional<std::int64_t> integer_in(const nlohmann::json& node) {
  if (!node.is_number_integer()) return std::nullopt;
  if (node.is_number_unsigned() &&
      node.get<std::uint64_t>() > static_cast<std::uint64_t>(INT64_MAX)) {
    return std::nullopt;
  }
  return node.get<std::int64_t>();
}

void JsonValue::refuse(std::string_view expected, const nlohmann::json& found) const {
  throw DataError(fmt::format("{}: expected {}, found {}", where_, expected, excerpt(found)));
}

void JsonValue::refuse(std::string_view expected) const { refuse(expected, *node_); }

std::optional<JsonValue> JsonValue::find(std::string_view key) const {
  if (!node_->is_object()) refuse("an object");
  const auto found = node_->find(key);
  if (found == node_->end()) return std::nullopt;
  return JsonValue(*found, fmt::format("{}/{}", where_, key));
}

JsonValue JsonValue::at(std::string_view key) const {
  const std::optional<JsonValue> found = find(key);
  if (!found) throw DataError(fmt::format("{}: expected \"{}\", found none", where_, key));
  return *found;
}

std::vector<JsonValue> JsonValue::elements() const {
  if (!node_->is_array()) refuse("a list");
  std::vector<JsonValue> values;
  values.reserve(node_->size());
  for (const nlohmann::json& element : *node_) {
    values.emplace_back(element, fmt::format("{}/{}", where_, values.size()));
  }
  return values;
}

JsonValue JsonValue::at(std::size_t index, std::size_t size) const {
  if (!node_->is_array() || node_->size() != size || index >= size) {
    refuse(fmt::format("a list of {}", size));
  }
  return JsonValue((*node_)[index], fmt::format("{}/{}", where_, index));
}

int JsonValue::integer(int low, int high) const {
  const std::optional<std::int64_t> value = integer_in(*node_);
  if (!value || *value < low || *value > high) {
    refuse(high < std::numeric_limits<int>::max()
               ? fmt::format("an integer of {} to {}", low, high)
               : fmt::format("an integer of at least {} that fits in 32 bits", low));
  }
  return static_cast<int>(*value);
}

void JsonValue::read(const nlohmann::json& node, bool& value) const {
  if (!node.is_boolean()) refuse("true or false", node);
  value = node.get<bool>();
}

void JsonValue::read(const nlohmann::json& node, int& value) const {
  using Limits = std::numeric_limits<int>;
  const std::optional<std::int64_t> wide = integer_in(node);
  if (!wide || *wide < Limits::min() || *wide > Limits::max()) {
    refuse("an integer of 32 bits", node);
  }
  value = static_cast<int>(*wide);
}

void JsonValue::read(const nlohmann::json& node, double& value) const {
  if (!node.is_number()) refuse("a number", node);
  value = node.get<double>();
}

void JsonValue::read(const nlohmann::json& node, std::string& value) const {
  if (!node.is_string()) refuse("a text", node);
  value = node.get<std::string>();
}

}  // namespace psi_xlstm
