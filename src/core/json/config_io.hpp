#pragma once

/// @file
/// Typed configs: a plain struct whose static `fields(self, visitor)` names every field once, with
/// what it may be and what it means. The same list reads JSON, checks types and ranges, rejects
/// unknown keys, writes the resolved config back, and describes it
/// (core/json/config_description.hpp).

#include <filesystem>
#include <limits>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/json/json_reader.hpp"
#include "core/json/named_enum.hpp"

namespace psi_xlstm {

/// Values a field may take: a range for numbers, a list for texts; an enum with names
/// (core/json/named_enum.hpp) needs none. And what the field means.
struct Range {
  double low = -std::numeric_limits<double>::infinity();
  double high = std::numeric_limits<double>::infinity();
  bool open_low = false;                  ///< `low` itself is excluded.
  std::vector<std::string> choices = {};  ///< Of a text; empty: anything.
  std::string meaning = {};               ///< With its unit, for who writes a config.

  /// The same range with a meaning.
  Range about(std::string text) && {
    meaning = std::move(text);
    return std::move(*this);
  }

  bool contains(double x) const { return (open_low ? x > low : x >= low) && x <= high; }
  std::string text() const;  ///< For messages: "> 0", ">= 1", "in [0, 1]"; empty: any value.
};

inline Range greater_than(double low) { return {.low = low, .open_low = true}; }
inline Range at_least(double low) { return {.low = low}; }
inline Range between(double low, double high) { return {.low = low, .high = high}; }
inline Range positive_up_to(double high) { return {.low = 0, .high = high, .open_low = true}; }
inline Range one_of(std::vector<std::string> choices) { return {.choices = std::move(choices)}; }
/// Any value, with a meaning.
inline Range about(std::string meaning) { return Range{}.about(std::move(meaning)); }

/// What is wrong with one value of a config.
struct ConfigProblem {
  std::string pointer;       ///< JSON pointer (RFC 6901) of the value; "" is the whole config.
  std::string expected;      ///< E.g. "an integer in [1, 100]".
  std::string found;         ///< What stands there.
  std::string nearest = {};  ///< The known key or name that was probably meant; empty: none.
  std::string advice = {};   ///< What to do about it; may be empty.

  /// "/fits: expected an integer in [1, 100], found 0".
  std::string text() const;
};

/// The JSON pointer of `key` below `pointer`.
std::string pointer_to(const std::string& pointer, const std::string& key);

/// Turns a config struct into JSON with every field that counts written out.
struct ConfigWriter {
  nlohmann::ordered_json tree = nlohmann::ordered_json::object();

  template <class T>
  void operator()(const std::string& key, const T& value, const Range& = {}) {
    tree[key] = to_tree(value);
  }

  template <class T>
  void only_if(
      bool used, const std::string&, const std::string& key, const T& value, const Range& = {}) {
    if (used) tree[key] = to_tree(value);
  }

  template <class T>
  static nlohmann::ordered_json to_tree(const T& value) {
    if constexpr (requires(ConfigWriter & w) { T::fields(value, w); }) {
      ConfigWriter child;
      T::fields(value, child);
      return std::move(child.tree);
    } else if constexpr (NamedEnum<T>) {
      return name_of(value);
    } else {
      return value;
    }
  }
  template <class T>
  static nlohmann::ordered_json to_tree(const std::optional<T>& value) {
    return value ? to_tree(*value) : nlohmann::ordered_json(nullptr);
  }
  template <class T>
  static nlohmann::ordered_json to_tree(const std::vector<T>& values) {
    auto list = nlohmann::ordered_json::array();
    for (const T& value : values) list.push_back(to_tree(value));
    return list;
  }
};

/// One value of a config as JSON.
template <class T>
nlohmann::ordered_json config_value(const T& value) {
  return ConfigWriter::to_tree(value);
}

/// Fills a config struct from JSON by calling `T::fields(config, reader)`. A missing key keeps its
/// default; an unknown key, a wrong type and an out-of-range value are problems.
class ConfigReader {
 public:
  /// `path` is the JSON pointer of `node`; problems are appended to `problems`.
  ConfigReader(const nlohmann::json& node, std::string path, std::vector<ConfigProblem>& problems);

  template <class T>
  void operator()(const std::string& key, T& value, const Range& range = {}) {
    known_.push_back(key);
    if (!node_.is_object() || !node_.contains(key)) return;
    read_any(node_.at(key), pointer_to(path_, key), value, range);
  }

  /// A field that only counts if `used`, which `tag`, the key of a field before it, decides. Where
  /// it does not count, anything but its default is a problem.
  template <class T>
  void only_if(bool used,
               const std::string& tag,
               const std::string& key,
               T& value,
               const Range& range = {}) {
    if (used) return (*this)(key, value, range);
    T found = value;
    (*this)(key, found, range);
    if (config_value(found) != config_value(value)) report_unused(key, tag);
  }

  /// Reports the keys of this object that no field asked for.
  void finish();

 private:
  void report_unused(const std::string& key, const std::string& tag);
  void report_choice(const nlohmann::json& child,
                     const std::string& child_path,
                     const std::vector<std::string>& names);

  template <class T>
  void read_any(const nlohmann::json& child,
                const std::string& child_path,
                T& value,
                const Range& range) {
    if constexpr (requires(ConfigReader & r) { T::fields(value, r); }) {
      ConfigReader reader(child, child_path, problems_);
      T::fields(value, reader);
      reader.finish();
    } else {
      read(child, child_path, value, range);
    }
  }

  template <class T>
  void read(const nlohmann::json& child,
            const std::string& child_path,
            std::vector<T>& value,
            const Range& range) {
    if (!child.is_array()) {
      problems_.push_back({child_path, "a list", excerpt(child)});
      return;
    }
    value.clear();
    for (std::size_t i = 0; i < child.size(); ++i) {
      T element{};
      read_any(child.at(i), child_path + "/" + std::to_string(i), element, range);
      value.push_back(std::move(element));
    }
  }

  template <class T>
  void read(const nlohmann::json& child,
            const std::string& child_path,
            std::optional<T>& value,
            const Range& range) {
    if (child.is_null()) {
      value.reset();
      return;
    }
    T present{};
    read_any(child, child_path, present, range);
    value = std::move(present);
  }

  template <NamedEnum E>
  void read(const nlohmann::json& child, const std::string& child_path, E& value, const Range&) {
    const auto found =
        child.is_string() ? value_named<E>(child.get_ref<const std::string&>()) : std::nullopt;
    if (found) {
      value = *found;
      return;
    }
    report_choice(child, child_path, all_names<E>());
    if constexpr (requires { name_hint(E{}, std::string_view()); }) {
      const std::string_view hint =
          child.is_string() ? name_hint(E{}, child.get_ref<const std::string&>()) : "";
      if (!hint.empty()) problems_.back().advice = hint;
    }
  }

  void read(const nlohmann::json&, const std::string& path, bool&, const Range&);
  void read(const nlohmann::json&, const std::string& path, int&, const Range&);
  void read(const nlohmann::json&, const std::string& path, double&, const Range&);
  void read(const nlohmann::json&, const std::string& path, std::string&, const Range&);

  const nlohmann::json& node_;
  std::string path_;
  std::vector<ConfigProblem>& problems_;
  std::vector<std::string> known_;
};

/// The resolved `config` as a JSON object, every field written out.
template <class T>
nlohmann::ordered_json config_tree(const T& config) {
  ConfigWriter writer;
  T::fields(config, writer);
  return std::move(writer.tree);
}

/// The resolved `config` as indented JSON text; reading it back gives `config`.
template <class T>
std::string config_text(const T& config) {
  return config_tree(config).dump(2) + "\n";
}

/// Throws ConfigError listing `problems`, one per line, at most 20 of them, each opened by `where`
/// unless that is empty; does nothing if there are none.
void throw_if_any(const std::string& where, const std::vector<ConfigProblem>& problems);

/// Parses `file` (comments allowed). Throws ConfigError if it cannot be read or is not JSON within
/// the limits of core/json/json_reader.hpp.
nlohmann::json parse_json(const std::filesystem::path& file);

/// Reads the JSON value `root` into `config`; returns everything that is wrong with it. A value
/// that is wrong may have been taken or not.
template <class T>
std::vector<ConfigProblem> read_into(T& config, const nlohmann::json& root) {
  std::vector<ConfigProblem> problems;
  ConfigReader reader(root, "", problems);
  T::fields(config, reader);
  reader.finish();
  return problems;
}

/// Reads a T from the JSON value `root`. `where` opens every message. Throws ConfigError naming
/// every problem at once.
template <class T>
T config_from_json(const nlohmann::json& root, const std::string& where) {
  T config;
  throw_if_any(where, read_into(config, root));
  return config;
}

/// Reads `file` into a T. Throws ConfigError naming every problem at once.
template <class T>
T read_config(const std::filesystem::path& file) {
  return config_from_json<T>(parse_json(file), file.string());
}

}  // namespace psi_xlstm
