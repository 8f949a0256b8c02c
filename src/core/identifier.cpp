#include "core/identifier.hpp"

#include <fmt/format.h>

#include "core/utf8.hpp"
#include "psi_xlstm/core/error.hpp"

namespace psi_xlstm {
namespace {

constexpr std::size_t kLongestIdentifier = 64;

// The C locale's rules, whatever the locale of the process is.
bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool is_digit(char c) { return c >= '0' && c <= '9'; }

}  // namespace

bool is_identifier(std::string_view text) {
  if (text.empty() || text.size() > kLongestIdentifier || !is_letter(text.front())) return false;
  for (char c : text) {
    if (!is_letter(c) && !is_digit(c) && c != '_') return false;
  }
  return true;
}

std::string identifier_text() {
  return fmt::format("a letter followed by letters, digits or underscores (at most {} characters)",
                     kLongestIdentifier);
}

std::string checked_identifier(std::string_view text, std::string_view where) {
  if (!is_identifier(text)) {
    throw ConfigError(fmt::format("{}: expected {}, found {}", where, identifier_text(),
                                  in_quotes(text, kLongestIdentifier)));
  }
  return std::string(text);
}

std::string identifier_from(std::string_view text) {
  std::string name;
  if (text.empty() || !is_letter(text.front())) name = "device_";
  for (char c : text.substr(0, kLongestIdentifier - name.size())) {
    name += is_letter(c) || is_digit(c) ? c : '_';
  }
  return name;
}

std::string lower_case(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return lower;
}

}  // namespace psi_xlstm
