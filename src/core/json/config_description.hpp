#pragma once

/// @file
/// A config as it describes itself: the same list of fields that reads it, as data; a complete
/// config with a comment at every field, which reads back; and its JSON Schema.

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <type_traits>
#include <vector>

#include "core/json/config_io.hpp"

namespace psi_xlstm {

/// One field of a config.
struct FieldDescription {
  enum class Type { kFlag, kInteger, kNumber, kText, kObject, kList };

  std::string key;
  Type type = Type::kText;
  bool may_be_absent = false;  ///< null is a value.
  Range range;                 ///< Of the value, or of the elements of a list; with its meaning.
  nlohmann::ordered_json value;
  /// The key of the field before it that decides whether this one counts; empty: it always does.
  std::string depends_on;
  bool counts = true;                    ///< With the value that the other field has.
  std::vector<FieldDescription> fields;  ///< Of an object.
  /// Of a list: its elements, without keys; of an empty one a single element with its defaults.
  std::vector<FieldDescription> elements;
};

/// Collects the fields of a config.
class FieldCollector {
 public:
  template <class T>
  void operator()(const std::string& key, const T& value, const Range& range = {}) {
    fields.push_back(described(key, value, range));
  }

  template <class T>
  void only_if(bool used,
               const std::string& tag,
               const std::string& key,
               const T& value,
               const Range& range = {}) {
    fields.push_back(described(key, value, range));
    fields.back().depends_on = tag;
    fields.back().counts = used;
  }

  std::vector<FieldDescription> fields;

 private:
  using Type = FieldDescription::Type;

  template <class T>
  static FieldDescription described(const std::string& key, const T& value, const Range& range) {
    FieldDescription field{.key = key, .range = range, .value = config_value(value)};
    fill(value, field);
    return field;
  }

  template <class T>
  static void fill(const T& value, FieldDescription& field) {
    if constexpr (requires(FieldCollector & c) { T::fields(value, c); }) {
      FieldCollector inner;
      T::fields(value, inner);
      field.type = Type::kObject;
      field.fields = std::move(inner.fields);
    } else if constexpr (NamedEnum<T>) {
      field.type = Type::kText;
      field.range.choices = all_names<T>();
    } else if constexpr (std::is_same_v<T, bool>) {
      field.type = Type::kFlag;
    } else if constexpr (std::is_integral_v<T>) {
      field.type = Type::kInteger;
    } else if constexpr (std::is_floating_point_v<T>) {
      field.type = Type::kNumber;
    } else {
      static_assert(std::is_same_v<T, std::string>);
    }
  }
  template <class T>
  static void fill(const std::optional<T>& value, FieldDescription& field) {
    fill(value.value_or(T{}), field);
    field.may_be_absent = true;
  }
  template <class T>
  static void fill(const std::vector<T>& values, FieldDescription& field) {
    field.type = Type::kList;
    Range range = field.range;
    range.meaning.clear();
    for (const T& value : values) field.elements.push_back(described("", value, range));
    if (values.empty()) field.elements.push_back(described("", T{}, range));
  }
};

/// The fields of `config`, with its values.
template <class T>
std::vector<FieldDescription> describe(const T& config) {
  FieldCollector collector;
  T::fields(config, collector);
  return std::move(collector.fields);
}

/// A complete config of `fields` as JSON with a "//" comment above every field: what it means, what
/// it may be; a field that does not count with the other values is a comment itself. parse_json()
/// of core/json/config_io.hpp reads it back.
std::string commented_config(const std::vector<FieldDescription>& fields);

/// The JSON Schema (draft 2020-12) of an object with `fields`.
nlohmann::ordered_json json_schema(const std::vector<FieldDescription>& fields);

}  // namespace psi_xlstm
