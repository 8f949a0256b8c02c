#include "circuit/cards.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <sstream>

#include "psi_xlstm/core/error.hpp"

namespace psi_xlstm {
namespace {

bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\r' || c == ','; }

/// `line` in lower case without what follows ';' or '$ ' and without blanks at its ends.
std::string bare(std::string line) {
  line.erase(std::min({line.find(';'), line.find("$ "), line.size()}));
  if (line.ends_with('$')) line.pop_back();
  std::transform(line.begin(), line.end(), line.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  const std::size_t first = line.find_first_not_of(" \t\r");
  if (first == line.npos) return "";
  return line.substr(first, line.find_last_not_of(" \t\r") + 1 - first);
}

}  // namespace

std::string place_of(const CircuitCard& card) { return fmt::format("netlist line {}", card.line); }

std::vector<CircuitCard> circuit_cards(std::string_view text, std::vector<std::string>& kept) {
  std::istringstream stream{std::string(text)};
  std::vector<CircuitCard> cards;
  int number = 0;
  for (std::string raw; std::getline(stream, raw);) {
    std::string line = ++number == 1 ? "" : bare(raw);
    if (line.starts_with('*')) line.clear();
    kept.push_back(line.empty() ? "*" : line);
    if (line.empty()) continue;
    if (line.front() != '+') {
      cards.push_back({.line = number, .text = line});
    } else if (cards.empty()) {
      throw SpiceError(
          fmt::format("netlist line {}: expected a line to continue, got {}", number, line));
    } else {
      cards.back().text += " " + line.substr(1);
    }
  }
  return cards;
}

CircuitWords circuit_words(std::string_view text) {
  std::vector<std::string> words;
  std::string word;
  int depth = 0;
  for (const char c : text) {
    if (depth == 0 && (is_blank(c) || c == '=')) {
      if (!word.empty()) words.push_back(word);
      word.clear();
      if (c == '=') words.emplace_back("=");
      continue;
    }
    if (c == '{') ++depth;
    if (c == '}') --depth;
    word += c;
  }
  if (!word.empty()) words.push_back(word);
  CircuitWords found;
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (i + 1 < words.size() && words[i + 1] == "=") {
      if (found.assignments.contains(words[i])) found.repeated = words[i];
      found.assignments[words[i]] = i + 2 < words.size() ? words[i + 2] : "";
      i += 2;
    } else if (words[i] != "params:") {
      found.plain.push_back(words[i]);
    }
  }
  return found;
}

}  // namespace psi_xlstm
