#include "core/utf8.hpp"

#include <algorithm>
#include <array>

namespace psi_xlstm {
namespace {

// One character and its length in bytes; a length of 0 marks an invalid byte.
struct Character {
  char32_t code = 0;
  std::size_t length = 0;
};

struct CodeRange {
  char32_t first;
  char32_t last;
};

constexpr std::array<CodeRange, 5> kCombining = {
    {{0x0300, 0x036F}, {0x1AB0, 0x1AFF}, {0x1DC0, 0x1DFF}, {0x200B, 0x200F}, {0x20D0, 0x20FF}}};

// The wide ranges of Unicode's EastAsianWidth.txt, coarsely.
constexpr std::array<CodeRange, 8> kWide = {{{0x1100, 0x115F},
                                             {0x2E80, 0xA4CF},
                                             {0xAC00, 0xD7A3},
                                             {0xF900, 0xFAFF},
                                             {0xFE30, 0xFE6F},
                                             {0xFF00, 0xFF60},
                                             {0x1F300, 0x1FAFF},
                                             {0x20000, 0x3FFFD}}};

template <std::size_t N>
bool lies_in(char32_t code, const std::array<CodeRange, N>& ranges) {
  for (const CodeRange& range : ranges) {
    if (code >= range.first && code <= range.last) return true;
  }
  return false;
}

std::size_t sequence_length(unsigned char lead) {
  if (lead < 0x80) return 1;
  if (lead >= 0xC2 && lead < 0xE0) return 2;
  if (lead >= 0xE0 && lead < 0xF0) return 3;
  if (lead >= 0xF0 && lead < 0xF5) return 4;
  return 0;
}

// The first character of `text`, which is not empty (RFC 3629).
Character first_character(std::string_view text) {
  constexpr std::array<char32_t, 5> kSmallest = {0, 0, 0x80, 0x800, 0x10000};
  const auto lead = static_cast<unsigned char>(text[0]);
  const std::size_t length = sequence_length(lead);
  if (length == 0 || length > text.size()) return {};
  char32_t code = length == 1 ? lead : lead & (0xFFU >> (length + 1));
  for (std::size_t i = 1; i < length; ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    if ((byte & 0xC0U) != 0x80U) return {};
    code = (code << 6U) | (byte & 0x3FU);
  }
  const bool surrogate = code >= 0xD800 && code <= 0xDFFF;
  if (code < kSmallest[length] || code > 0x10FFFF || surrogate) return {};
  return {code, length};
}

// Beside the control codes proper: the line and paragraph separators, the marks that reverse the
// direction of text, and the two codes that XML does not allow.
bool is_control(char32_t code) {
  return code < 0x20 || (code >= 0x7F && code < 0xA0) || (code >= 0x2028 && code <= 0x202E) ||
         (code >= 0x2066 && code <= 0x2069) || code == 0xFFFE || code == 0xFFFF;
}

}  // namespace

std::string printable(std::string_view text) {
  std::string result;
  bool after_control = false;
  while (!text.empty()) {
    const Character character = first_character(text);
    const bool control = character.length > 0 && is_control(character.code);
    if (control && !after_control) result += ' ';
    if (character.length == 0) result += '?';
    if (character.length > 0 && !control) result += text.substr(0, character.length);
    after_control = control;
    text.remove_prefix(character.length == 0 ? 1 : character.length);
  }
  return result;
}

std::string printable_lines(std::string_view text) {
  std::string result;
  for (std::size_t begin = 0; begin <= text.size();) {
    const std::size_t end = std::min(text.find('\n', begin), text.size());
    result += printable(text.substr(begin, end - begin));
    if (end < text.size()) result += '\n';
    begin = end + 1;
  }
  return result;
}

std::string in_quotes(std::string_view text, std::size_t longest) {
  return '"' + cut(printable(text), longest) + '"';
}

std::string cut(std::string_view text, std::size_t longest) {
  if (text.size() <= longest) return std::string(text);
  // Not inside a character: bytes that go on with one start with the bits 10.
  while (longest > 0 && (static_cast<unsigned char>(text[longest]) & 0xC0U) == 0x80U) --longest;
  return std::string(text.substr(0, longest)) + "...";
}

int display_width(std::string_view text) {
  int width = 0;
  while (!text.empty()) {
    const Character character = first_character(text);
    if (!lies_in(character.code, kCombining)) width += lies_in(character.code, kWide) ? 2 : 1;
    text.remove_prefix(character.length == 0 ? 1 : character.length);
  }
  return width;
}

}  // namespace psi_xlstm
