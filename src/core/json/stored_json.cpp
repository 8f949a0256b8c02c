#include "core/json/stored_json.hpp"

#include <fmt/format.h>

#include "core/json/json_reader.hpp"
#include "psi_xlstm/core/error.hpp"

namespace psi_xlstm {
namespace {

using Json = nlohmann::ordered_json;

// What was found, never longer than a line.
std::string shown(const Json& value) {
  constexpr std::size_t kLongest = 80;
  if (value.is_structured()) {
    return fmt::format("an {} of {}", value.is_array() ? "array" : "object", value.size());
  }
  const std::string text = value.dump(-1, ' ', true, Json::error_handler_t::replace);
  return text.size() <= kLongest ? text : fmt::format("{}...", text.substr(0, kLongest));
}

[[noreturn]] void refuse(const char* key, const std::string& expected, const Json& found) {
  throw DataError(fmt::format("expected {} as \"{}\", found {}", expected, key, shown(found)));
}

}  // namespace

std::string quotation(std::string_view text) { return shown(Json(text)); }

Json parse_stored_json(std::string_view text) { return parse_ordered_json(text, "metadata"); }

const Json& member(const Json& tree, const char* key) {
  if (!tree.is_object()) {
    throw DataError(fmt::format("expected an object with \"{}\", found {}", key, shown(tree)));
  }
  const auto found = tree.find(key);
  if (found == tree.end()) throw DataError(fmt::format("expected \"{}\", found none", key));
  return *found;
}

int int_member(const Json& tree, const char* key, int low, int high) {
  const Json& found = member(tree, key);
  const bool whole =
      found.is_number_integer() &&
      (!found.is_number_unsigned() || found.get<std::uint64_t>() <= std::uint64_t{1} << 62);
  if (!whole || found.get<std::int64_t>() < low || found.get<std::int64_t>() > high) {
    refuse(key, fmt::format("a whole number of {} to {}", low, high), found);
  }
  return found.get<int>();
}

bool bool_member(const Json& tree, const char* key) {
  const Json& found = member(tree, key);
  if (!found.is_boolean()) refuse(key, "true or false", found);
  return found.get<bool>();
}

std::string text_member(const Json& tree, const char* key) {
  const Json& found = member(tree, key);
  if (!found.is_string()) refuse(key, "a text", found);
  return found.get<std::string>();
}

double number_member(const Json& tree, const char* key) {
  const Json& found = member(tree, key);
  if (!found.is_number() || !std::isfinite(found.get<double>())) refuse(key, "a number", found);
  return found.get<double>();
}

double positive_member(const Json& tree, const char* key) {
  const double value = number_member(tree, key);
  if (!(value > 0)) refuse(key, "a number > 0", member(tree, key));
  return value;
}

double number_member_or(const Json& tree, const char* key, double unknown) {
  return member(tree, key).is_null() ? unknown : number_member(tree, key);
}

const Json& list_member(const Json& tree, const char* key) {
  const Json& found = member(tree, key);
  if (!found.is_array()) refuse(key, "a list", found);
  return found;
}

std::vector<double> numbers_member(const Json& tree, const char* key) {
  std::vector<double> out;
  for (const Json& value : list_member(tree, key)) {
    if (!value.is_number()) refuse(key, "a list of numbers", value);
    out.push_back(value.get<double>());
  }
  return out;
}

}  // namespace psi_xlstm
