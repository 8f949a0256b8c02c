#include "circuit/cards.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>

#include "psi_xlstm/core/error.hpp"

namespace psi_xlstm {
namespace {

bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\r' || c == ','; }

/// `line` in lower case, with 'expressions' in braces, without what follows ';' or '$ ' and without
/// blanks at its ends.
std::string bare(std::string line) {
  line.erase(std::min({line.find(';'), line.find("$ "), line.size()}));
  if (line.ends_with('$')) line.pop_back();
  std::transform(line.begin(), line.end(), line.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  if (std::count(line.begin(), line.end(), '\'') % 2 == 0) {  // as ngspice takes them
    bool inside = false;
    for (char& c : line) {
      if (c == '\'') c = (inside = !inside) ? '{' : '}';
    }
  }
  const std::size_t first = line.find_first_not_of(" \t\r");
  if (first == line.npos) return "";
  return line.substr(first, line.find_last_not_of(" \t\r") + 1 - first);
}

}  // namespace

std::string place_of(const CircuitCard& card) {
  return (card.place.starts_with("line ") ? "netlist " : "") + card.place;
}

std::vector<CircuitCard> circuit_cards(const std::vector<DeckLine>& lines,
                                       std::vector<std::string>& kept) {
  std::vector<CircuitCard> cards;
  for (const DeckLine& raw : lines) {
    std::string line = &raw == &lines.front() ? "" : bare(raw.text);
    if (line.starts_with('*')) line.clear();
    kept.push_back(line.empty() ? "*" : line);
    if (line.empty()) continue;
    if (line.front() != '+') {
      cards.push_back({.place = raw.place, .text = line});
    } else if (cards.empty()) {
      throw SpiceError(fmt::format("{}: expected a line to continue, got {}",
                                   place_of({.place = raw.place, .text = {}}), line));
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
