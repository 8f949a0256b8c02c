#pragma once

/// @file
/// JSON that stands in a stored file: read with limits, so that a damaged file ends in a sentence.
/// The messages say what was expected and what was found; the caller puts the file's name before.

#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace psi_xlstm {

/// `text` in quotes as one short line of plain characters, for a message.
std::string quotation(std::string_view text);

/// `text` as JSON within the limits of core/json/json_reader.hpp. Throws DataError where it is
/// none.
nlohmann::ordered_json parse_stored_json(std::string_view text);

/// The member `key` of the object `tree`. Throws DataError where there is none.
const nlohmann::ordered_json& member(const nlohmann::ordered_json& tree, const char* key);

/// The member as a whole number in [low, high], true or false, a text, a finite number, one above
/// 0, a finite number or `unknown` where it is null, a list, a list of finite numbers. Throws
/// DataError for anything else.
int int_member(const nlohmann::ordered_json& tree,
               const char* key,
               int low = std::numeric_limits<int>::min(),
               int high = std::numeric_limits<int>::max());
bool bool_member(const nlohmann::ordered_json& tree, const char* key);
std::string text_member(const nlohmann::ordered_json& tree, const char* key);
double number_member(const nlohmann::ordered_json& tree, const char* key);
double positive_member(const nlohmann::ordered_json& tree, const char* key);
double number_member_or(const nlohmann::ordered_json& tree, const char* key, double unknown);
std::vector<double> numbers_member(const nlohmann::ordered_json& tree, const char* key);
const nlohmann::ordered_json& list_member(const nlohmann::ordered_json& tree, const char* key);

}  // namespace psi_xlstm
