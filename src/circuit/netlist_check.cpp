#include "circuit/netlist_check.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <cctype>
#include <charconv>
#include <cmath>
#include <set>
#include <sstream>
#include <string_view>

#include "core/identifier.hpp"
#include "psi_xlstm/core/error.hpp"

namespace psi_xlstm {
namespace {

using namespace std::string_view_literals;

constexpr std::string_view kElements = "rclvibgefhdqmjnxkswt";
constexpr std::string_view kDotLines =
    ".subckt, .ends, .param, .model, .ic, .nodeset, .options, .temp, .if, .elseif, .else, .endif, "
    ".end";
constexpr std::string_view kPunctuation = "_.+-*/^(){}[]=,:<>?!&|#@";

const std::set<std::string_view> kDotWords = {".subckt",  ".ends",    ".param", ".model", ".ic",
                                              ".nodeset", ".options", ".temp",  ".if",    ".elseif",
                                              ".else",    ".endif",   ".end"};
/// Commands of ngspice that would pass for the name of an element.
const std::set<std::string_view> kCommands = {
    "cd",     "codemodel", "destroy", "edit",   "echo",   "echof",  "load",    "listing",
    "mrdump", "quit",      "resume",  "run",    "rusage", "save",   "set",     "setcs",
    "shell",  "snload",    "snsave",  "source", "write",  "wrdata", "wrnodev", "wrs2p"};
const std::set<std::string_view> kFunctions = {
    "v",    "i",    "dc",    "ac",    "sin",   "pulse", "exp",   "pwl",         "sffm", "am",
    "abs",  "acos", "acosh", "asin",  "asinh", "atan",  "atanh", "cos",         "cosh", "floor",
    "ceil", "ln",   "log",   "log10", "max",   "min",   "nint",  "pow",         "pwr",  "sgn",
    "sinh", "sqrt", "tan",   "tanh",  "u",     "u2",    "uramp", "ternary_fcn", "int"};
const std::set<std::string_view> kNumericOptions = {
    "abstol", "chgtol", "cshunt", "gmin",   "gminsteps", "itl1", "itl2", "itl4",  "maxord",
    "pivrel", "pivtol", "reltol", "rshunt", "srcsteps",  "temp", "tnom", "trtol", "vntol"};

/// A line with its continuations, in lower case.
struct Card {
  int line = 0;
  std::string text;
};

[[noreturn]] void refuse(int line, const std::string& expected, std::string_view found) {
  throw SpiceError(fmt::format("netlist line {}: expected {}, got {}", line, expected, found));
}

bool is_word_character(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_';
}

bool is_space_or_tab(char c) { return c == ' ' || c == '\t'; }

std::vector<std::string> words_of(const std::string& text) {
  std::istringstream stream(text);
  std::vector<std::string> words;
  for (std::string word; stream >> word;) words.push_back(word);
  return words;
}

void check_comment(int line, const std::string& text) {
  if (text.starts_with("*#") || text.starts_with("*ng_script")) {
    refuse(line, "a comment that ngspice cannot take for a command", text);
  }
}

void check_characters(int line, const std::string& text) {
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    const bool allowed = byte < 128 && (std::isalnum(byte) != 0 || is_space_or_tab(c) ||
                                        kPunctuation.find(c) != kPunctuation.npos);
    if (allowed) continue;
    refuse(
        line, "letters, digits, blanks and " + std::string(kPunctuation),
        std::isprint(byte) != 0 && byte < 128 ? std::string(1, c) : fmt::format("byte {}", byte));
  }
}

/// The cards of `netlist` without comments, continuations joined.
std::vector<Card> cards_of(const std::string& netlist) {
  std::istringstream stream(netlist);
  std::vector<Card> cards;
  int number = 0;
  for (std::string raw; std::getline(stream, raw);) {
    ++number;
    std::string text = lower_case(raw);
    text.erase(0, std::min(text.find_first_not_of(" \t"), text.size()));
    if (text.empty()) continue;
    if (text.front() == '*') {
      check_comment(number, text);
      continue;
    }
    check_characters(number, text);
    if (text.front() != '+') {
      cards.push_back({.line = number, .text = text});
    } else if (cards.empty()) {
      refuse(number, "a line to continue", text);
    } else {
      cards.back().text += " " + text.substr(1);
    }
  }
  return cards;
}

/// Every name that is followed by '(' must be a known function, and none may be given a file.
void check_calls(const Card& card) {
  const std::string& text = card.text;
  // The first parenthesis of a model follows the name of its type, that of a condition its word.
  const bool follows_a_word =
      text.starts_with(".model") || text.starts_with(".if") || text.starts_with(".elseif");
  const std::size_t of_model = follows_a_word ? text.find('(') : text.npos;
  for (std::size_t i = 0; i < text.size();) {
    if (!is_word_character(text[i])) {
      ++i;
      continue;
    }
    const std::size_t first = i;
    while (i < text.size() && is_word_character(text[i])) ++i;
    const std::string word = text.substr(first, i - first);
    const std::size_t next = text.find_first_not_of(" \t", i);
    if (next == text.npos) break;
    if (text[next] == '=' && word.find("file") != word.npos) {
      refuse(card.line, "no file", word + "=");
    }
    const bool opens = text[next] == '(' && next != of_model;
    const bool is_name = std::isdigit(static_cast<unsigned char>(word.front())) == 0;
    if (opens && is_name && !kFunctions.contains(word)) {
      refuse(card.line, "a function of arithmetic or of a source", word + "(");
    }
  }
}

void check_options(const Card& card) {
  const auto words = words_of(card.text);
  for (std::size_t i = 1; i < words.size(); ++i) {
    const std::string& word = words[i];
    const std::size_t equals = word.find('=');
    const std::string value_text = equals == word.npos ? "" : word.substr(equals + 1);
    if (word == "method=gear" || word == "method=trap") continue;
    double value = 0;
    const char* const end = value_text.data() + value_text.size();
    const auto [stop, problem] = std::from_chars(value_text.data(), end, value);
    if (problem != std::errc() || stop != end) {
      refuse(card.line, "options as name=number, or method=trap or method=gear", word);
    }
    check_simulator_option(fmt::format("netlist line {}", card.line), word.substr(0, equals),
                           value);
  }
}

void check_external(const Card& card) {
  const auto words = words_of(card.text);
  if (std::find(words.begin(), words.end(), "external") == words.end()) return;
  // ngspice 39 crashes where anything else stands on the line, e.g. a DC value.
  if (card.text.front() != 'v' || words.size() != 4 || words.back() != "external") {
    refuse(card.line, "an external source as \"v<name> <node> <node> external\"", card.text);
  }
}

bool is_element(const Card& card) { return card.text.front() != '.'; }

void check_card(const Card& card) {
  std::string first = words_of(card.text).front();
  if (first.starts_with(".if") || first.starts_with(".elseif")) {
    first.erase(std::min(first.find_first_of("({"), first.size()));
  }
  if (is_element(card)) {
    if (kElements.find(first.front()) == kElements.npos) {
      refuse(card.line, "an element of type " + std::string(kElements), first);
    }
    if (kCommands.contains(first)) refuse(card.line, "no command", first);
  } else if (!kDotWords.contains(first)) {
    refuse(card.line, "an element or one of " + std::string(kDotLines), first);
  }
  if (first == ".options") check_options(card);
  check_calls(card);
  check_external(card);
}

}  // namespace

void check_netlist(const std::string& netlist) {
  const auto cards = cards_of(netlist);
  for (const Card& card : cards) check_card(card);
  if (std::none_of(cards.begin(), cards.end(), is_element)) {
    throw SpiceError("netlist: expected at least one element, got none");
  }
  for (const Card& card : cards) {
    if (card.text == ".end" && &card != &cards.back()) {
      refuse((&card + 1)->line, "nothing after .end", (&card + 1)->text);
    }
  }
}

void check_simulator_option(const std::string& where, const std::string& name, double value) {
  if (!kNumericOptions.contains(name)) {
    std::string known;
    for (const auto& option : kNumericOptions)
      known += fmt::format("{}{}", known.empty() ? "" : ", ", option);
    throw SpiceError(fmt::format("{}: expected an option among {}, got {}", where, known, name));
  }
  if (!std::isfinite(value)) {
    throw SpiceError(fmt::format("{}: expected a finite {}, got {}", where, name, value));
  }
  if (name == "maxord" && (value < 2 || value > 6 || value != std::floor(value))) {
    throw SpiceError(fmt::format("{}: expected maxord 2, 3, 4, 5 or 6, got {}", where, value));
  }
}

std::vector<std::string> external_sources(const std::string& netlist) {
  std::vector<std::string> names;
  for (const Card& card : cards_of(netlist)) {
    const auto words = words_of(card.text);
    if (words.back() == "external") names.push_back(words.front());
  }
  return names;
}

}  // namespace psi_xlstm
