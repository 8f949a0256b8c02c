#pragma once

/// @file
/// Enums with names in files. The names stand once, in a function beside the enum:
///
///     enum class Head { kExp, kSoftplus };
///     constexpr auto enum_names(Head) {
///       return std::array{EnumName{Head::kExp, "exp"}, EnumName{Head::kSoftplus, "softplus"}};
///     }
///
/// A function name_hint(E, name) beside it may say what to do about a name that is none of them (""
/// where it knows nothing).

#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

namespace psi_xlstm {

/// One value of an enum and its name.
template <class E>
struct EnumName {
  E value;
  std::string_view name;
};

template <class E>
EnumName(E, const char*) -> EnumName<E>;

/// Whether E is an enum with names.
template <class E>
concept NamedEnum = std::is_enum_v<E> && requires {
  enum_names(E{});
};

/// The name of `value`, which must be one of the named.
template <NamedEnum E>
std::string name_of(E value) {
  for (const auto& [named, name] : enum_names(E{})) {
    if (named == value) return std::string(name);
  }
  return "";
}

/// The value with `name`; nothing if there is none.
template <NamedEnum E>
std::optional<E> value_named(std::string_view name) {
  for (const auto& [value, known] : enum_names(E{})) {
    if (known == name) return value;
  }
  return std::nullopt;
}

/// All names, in the order of the list.
template <NamedEnum E>
std::vector<std::string> all_names() {
  std::vector<std::string> names;
  for (const auto& [value, name] : enum_names(E{})) names.emplace_back(name);
  return names;
}

}  // namespace psi_xlstm
