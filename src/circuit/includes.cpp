#include "circuit/includes.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <sstream>

#include "core/atomic_file.hpp"
#include "core/identifier.hpp"
#include "core/utf8.hpp"
#include "psi_xlstm/core/error.hpp"

namespace psi_xlstm {
namespace {

namespace fs = std::filesystem;

constexpr int kDeepest = 20;
constexpr std::size_t kMostLines = 1'000'000;

// The first words of a line; quotes hold one together and go.
std::vector<std::string> first_words(const std::string& line) {
  std::vector<std::string> words;
  for (std::size_t i = 0; i < line.size() && words.size() < 4;) {
    const char c = line[i];
    if (c == ';') break;
    if (std::isspace(static_cast<unsigned char>(c)) != 0) {
      ++i;
      continue;
    }
    const bool quoted = c == '"' || c == '\'';
    const std::size_t from = quoted ? i + 1 : i;
    const std::size_t to =
        std::min(quoted ? line.find(c, from) : line.find_first_of(" \t\r;", from), line.size());
    words.push_back(line.substr(from, to - from));
    i = quoted ? to + 1 : to;
  }
  return words;
}

/// Reads files into one list of lines.
class Includer {
 public:
  void add_text(std::string_view text, const std::string& file, const fs::path& folder) {
    std::istringstream stream{std::string(text)};
    int number = 0;
    for (std::string raw; std::getline(stream, raw);) {
      const DeckLine line{.place = place_of(file, ++number), .text = raw};
      const bool title = number == 1 && file.empty();
      if (title || !replaced(line, folder)) add(line);
    }
  }

  std::vector<DeckLine> take() { return std::move(lines_); }

 private:
  static std::string place_of(const std::string& file, int number) {
    return file.empty() ? fmt::format("line {}", number) : fmt::format("{} line {}", file, number);
  }

  [[noreturn]] static void refuse(const DeckLine& line,
                                  const std::string& expected,
                                  const std::string& found) {
    throw SpiceError(fmt::format("{}{}: expected {}, found {}",
                                 line.place.starts_with("line ") ? "netlist " : "", line.place,
                                 expected, found));
  }

  void add(const DeckLine& line) {
    if (lines_.size() >= kMostLines) {
      refuse(line, fmt::format("at most {} lines with all files", kMostLines), "more");
    }
    lines_.push_back(line);
  }

  // Whether `line` names a file, whose lines then stand here.
  bool replaced(const DeckLine& line, const fs::path& folder) {
    const std::vector<std::string> words = first_words(line.text);
    if (words.empty()) return false;
    const std::string first = lower_case(words.front());
    const bool section = first == ".lib";
    if (!section && first != ".include" && first != ".inc") return false;
    if (words.size() != (section ? 3U : 2U)) {
      refuse(line, section ? ".lib file section" : ".include file", printable(line.text));
    }
    const fs::path file = folder / words[1];
    if (++depth_ > kDeepest) {
      refuse(line, fmt::format("at most {} files in each other", kDeepest), printable(line.text));
    }
    std::string text;
    try {
      text = read_file(file);
    } catch (const DataError& e) {
      refuse(line, "a file that can be read", e.what());
    }
    const std::string name = printable(file.filename().string());
    section ? add_section(line, text, lower_case(words[2]), name, file.parent_path())
            : add_text(text, name, file.parent_path());
    --depth_;
    return true;
  }

  // The lines between ".lib <section>" and ".endl".
  void add_section(const DeckLine& from,
                   const std::string& text,
                   const std::string& section,
                   const std::string& file,
                   const fs::path& folder) {
    std::istringstream stream{text};
    bool inside = false, found = false;
    int number = 0;
    for (std::string raw; std::getline(stream, raw);) {
      const DeckLine line{.place = place_of(file, ++number), .text = raw};
      const std::vector<std::string> words = first_words(raw);
      const std::string first = words.empty() ? "" : lower_case(words.front());
      if (inside && first == ".endl") {
        inside = false;
      } else if (inside) {
        if (!replaced(line, folder)) add(line);
      } else if (first == ".lib" && words.size() == 2 && lower_case(words[1]) == section) {
        inside = found = true;
      }
    }
    if (!found) refuse(from, fmt::format("a section {} in {}", printable(section), file), "none");
    if (inside)
      refuse(from, fmt::format(".endl after the section {} in {}", section, file), "none");
  }

  std::vector<DeckLine> lines_;
  int depth_ = 0;
};

}  // namespace

std::vector<DeckLine> deck_lines(std::string_view text) {
  std::istringstream stream{std::string(text)};
  std::vector<DeckLine> lines;
  for (std::string raw; std::getline(stream, raw);) {
    lines.push_back({.place = fmt::format("line {}", lines.size() + 1), .text = raw});
  }
  return lines;
}

std::vector<DeckLine> deck_lines_with_files(std::string_view text, const fs::path& folder) {
  Includer includer;
  includer.add_text(text, "", folder);
  return includer.take();
}

}  // namespace psi_xlstm
