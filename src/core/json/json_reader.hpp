#pragma once

/// @file
/// The one way in for JSON that was not made by this process a moment ago: files, texts inside
/// files, what another process says. Depth, size and repeated keys are limited before anything
/// walks the tree; numbers are checked before they become an int.

#include <cstddef>
#include <cstdint>
#include <limits>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace psi_xlstm {

/// What a JSON text may be.
struct JsonLimits {
  std::uint64_t bytes = std::uint64_t{16} << 20;
  int depth = 100;        ///< Lists and objects inside each other; what walks a tree is recursive.
  bool comments = false;  ///< "//" and "/* */" are allowed.
};

/// Parses `text`; `where` opens every message. Throws DataError unless it is JSON within `limits`,
/// every key once in its object.
nlohmann::json parse_json(std::string_view text,
                          const std::string& where,
                          const JsonLimits& limits = {});

/// The same with the keys in the order of the text.
nlohmann::ordered_json parse_ordered_json(std::string_view text,
                                          const std::string& where,
                                          const JsonLimits& limits = {});

/// What the JSON library complains of, without its names for things.
std::string plain_reason(const nlohmann::json::exception& problem);

/// `node` as text for a message: cut to 60 characters.
std::string excerpt(const nlohmann::json& node);

/// The integer in `node`; nothing if it is none or does not fit.
std::optional<std::int64_t> integer_in(const nlohmann::json& node);

/// One value of a parsed tree and its place in it. Every reader throws DataError, whose message
/// opens with that place, where the value is missing or of another kind: "a.safetensors: network
/// /nodes/3/width: expected an integer, found 1e+300".
class JsonValue {
 public:
  /// `node` must outlive the value; `where` names it in messages.
  JsonValue(const nlohmann::json& node, std::string where)
      : node_(&node), where_(std::move(where)) {}

  /// The value under `key` of this object.
  JsonValue at(std::string_view key) const;

  /// The same; nothing where there is no such key.
  std::optional<JsonValue> find(std::string_view key) const;

  /// The elements of this list.
  std::vector<JsonValue> elements() const;

  /// Element `index` of this list, which has `size` of them.
  JsonValue at(std::size_t index, std::size_t size) const;

  /// This value as a bool, int, double, std::string, std::optional of one (null is none) or
  /// std::vector of one.
  template <class T>
  T as() const {
    T value{};
    read(*node_, value);
    return value;
  }

  /// This value as an int of `low` to `high`.
  int integer(int low, int high = std::numeric_limits<int>::max()) const;

  /// The value under `key` as a T, `missing` where there is no such key.
  template <class T>
  T value(std::string_view key, T missing) const {
    const std::optional<JsonValue> found = find(key);
    return found ? found->as<T>() : missing;
  }

  const nlohmann::json& node() const { return *node_; }
  const std::string& where() const { return where_; }

  /// Throws DataError: this place, what was `expected`, what is found.
  [[noreturn]] void refuse(std::string_view expected) const;

 private:
  [[noreturn]] void refuse(std::string_view expected, const nlohmann::json& found) const;

  void read(const nlohmann::json& node, bool& value) const;
  void read(const nlohmann::json& node, int& value) const;
  void read(const nlohmann::json& node, double& value) const;
  void read(const nlohmann::json& node, std::string& value) const;

  template <class T>
  void read(const nlohmann::json& node, std::optional<T>& value) const {
    value.reset();
    if (!node.is_null()) read(node, value.emplace());
  }

  template <class T>
  void read(const nlohmann::json& node, std::vector<T>& value) const {
    if (!node.is_array()) refuse("a list", node);
    value.clear();
    value.reserve(node.size());
    for (const nlohmann::json& element : node) {
      T one{};
      read(element, one);
      value.push_back(std::move(one));
    }
  }

  const nlohmann::json* node_;
  std::string where_;
};

}  // namespace psi_xlstm
