#include "data/tables/text_layout.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>
#include <set>
#include <utility>

#include "data/tables/column_meaning.hpp"
#include "data/tables/csv_lines.hpp"
#include "data/tables/table.hpp"
#include "data/tables/text_dialects.hpp"
#include "psi_xlstm/core/error.hpp"

namespace psi_xlstm {
namespace {

constexpr std::size_t kMostHeadLines = 5000;
constexpr std::size_t kLongestHeadLine = std::size_t{64} * 1024;
constexpr std::size_t kMostScored = 50;  // Rows by which separators are compared.
constexpr auto kSeparators = std::to_array<char>({'\t', ';', ',', '|', ' '});
constexpr std::string_view kExample = "a header line such as time_s,voltage_V,current_A";

// The most frequent of tab, semicolon and comma in a line of names; blanks where there is none.
char header_separator(std::string_view line) {
  char best = '\t';
  for (char candidate : {';', ','}) {
    if (std::count(line.begin(), line.end(), candidate) >
        std::count(line.begin(), line.end(), best)) {
      best = candidate;
    }
  }
  return line.find(best) == line.npos ? ' ' : best;
}

std::string_view without_comment_mark(std::string_view line) {
  line = trimmed(line);
  while (!line.empty() && std::string_view("#%!*/").find(line.front()) != std::string_view::npos) {
    line.remove_prefix(1);
  }
  return trimmed(line);
}

std::vector<std::string> texts_of(std::string_view line, char separator) {
  CsvCells cells;
  if (!cells.split(line, separator)) return {};
  cells.drop_empty_end(1);
  return {cells.all().begin(), cells.all().end()};
}

// Names with blanks in them, apart by two blanks or more.
std::vector<std::string> texts_apart(std::string_view line) {
  std::vector<std::string> texts;
  for (line = trimmed(line); !line.empty(); line = trimmed(line)) {
    const std::size_t end = std::min({line.find("  "), line.find('\t'), line.size()});
    texts.emplace_back(line.substr(0, end));
    line.remove_prefix(end);
  }
  return texts;
}

// Whether the names say two of time, voltage and current: then this is a header whatever follows.
bool speaks_for_itself(const std::vector<std::string>& names) {
  std::set<Quantity> found;
  for (const std::string& name : names) {
    if (is_table_number(name)) continue;
    const Quantity quantity = column_meaning(name).quantity;
    const bool counts = quantity == Quantity::kTime || quantity == Quantity::kVoltage ||
                        quantity == Quantity::kCurrent;
    if (counts) found.insert(quantity);
  }
  return found.size() >= 2;
}

bool are_units(const std::vector<std::string>& texts) {
  std::size_t units = 0;
  for (const std::string& text : texts) {
    if (text.empty()) continue;
    if (!is_unit(text) || is_table_number(text)) return false;
    ++units;
  }
  return units > 0;
}

struct RowLook {
  std::size_t all = 0;    // Cells, also empty ones at the end.
  std::size_t cells = 0;  // Without these.
  std::size_t filled = 0, numbers = 0;

  bool is_row() const { return numbers >= 2 && 2 * numbers >= filled; }
};

RowLook look_at_row(std::string_view line, char separator, CsvCells& cells) {
  if (!cells.split(line, separator)) return {};
  RowLook look{.all = cells.size()};
  cells.drop_empty_end();
  look.cells = cells.size();
  for (std::string_view cell : cells.all()) {
    if (cell.empty()) continue;
    ++look.filled;
    if (is_table_number(cell)) ++look.numbers;
  }
  return look;
}

// A run of rows with as many cells each.
struct Run {
  std::size_t first = 0, count = 0;  // In the list of lines.
  std::size_t all = 0, cells = 0;    // Of its rows, as in RowLook; the most.
  std::size_t filled = 0, numbers = 0;
  char separator = ',';

  bool fits(const RowLook& look) const {
    return count > 0 && (look.all == all || look.cells == cells);
  }
  double share() const {
    return filled == 0 ? 0 : static_cast<double>(numbers) / static_cast<double>(filled);
  }
  void add(const RowLook& look) {
    if (count < kMostScored) {
      filled += look.filled;
      numbers += look.numbers;
    }
    cells = std::max(cells, look.cells);
    all = std::max(all, look.all);
    ++count;
  }
};

std::vector<Run> runs_of_rows(const std::vector<HeadLine>& lines, char separator) {
  std::vector<Run> runs;
  CsvCells cells;
  bool open = false;
  for (std::size_t i = 0; i < lines.size(); ++i) {
    if (is_blank(lines[i].text) || is_comment(lines[i].text)) continue;
    const RowLook look = look_at_row(lines[i].text, separator, cells);
    if (!look.is_row()) {
      open = false;
      continue;
    }
    if (!open || !runs.back().fits(look)) runs.push_back({.first = i, .separator = separator});
    open = true;
    runs.back().add(look);
  }
  return runs;
}

// The longest run, from where the first run like it starts: headers may stand between pages.
Run longest_run(const std::vector<HeadLine>& lines, char separator) {
  constexpr std::size_t kFewestRows = 5;  // Fewer may be lines of set-up that look like rows.
  const std::vector<Run> runs = runs_of_rows(lines, separator);
  const auto best = std::max_element(runs.begin(), runs.end(),
                                     [](const Run& a, const Run& b) { return a.count < b.count; });
  if (best == runs.end()) return {.separator = separator};
  const auto first = std::find_if(runs.begin(), best, [&](const Run& run) {
    return run.count >= kFewestRows && run.all == best->all;
  });
  Run run = *best;
  run.first = first->first;
  run.cells = std::max(run.cells, first->cells);
  return run;
}

// Separators are compared by how many of the cells are numbers, then by how many numbers there are.
std::optional<Run> best_run(const std::vector<HeadLine>& lines) {
  std::optional<Run> best;
  for (char separator : kSeparators) {
    const Run run = longest_run(lines, separator);
    if (run.count == 0) continue;
    const bool longer = best && run.count > 4 * best->count;
    const bool shorter = best && best->count > 4 * run.count;
    if (best && (shorter || (!longer && std::pair(run.share(), run.numbers) <=
                                            std::pair(best->share(), best->numbers)))) {
      continue;
    }
    best = run;
  }
  return best;
}

// The line at `i` as `count` names, however they are separated; empty if it is none.
std::vector<std::string> names_in(std::string_view line, char separator, std::size_t count) {
  const std::string_view text = is_comment(line) ? without_comment_mark(line) : line;
  std::vector<std::string> filled = texts_of(text, separator);
  std::erase(filled, "");
  for (const auto& names :
       {texts_of(text, separator), filled, texts_of(text, ' '), texts_apart(text)}) {
    const bool words = std::none_of(names.begin(), names.end(),
                                    [](const std::string& name) { return is_table_number(name); });
    const bool some = std::any_of(names.begin(), names.end(), [](const std::string& name) {
      return name.find_first_not_of("-=+ ") != name.npos;
    });
    // An oscilloscope calls its channels 1 and 2.
    if (names.size() == count && some && (words || !is_table_number(names.front()))) return names;
  }
  return {};
}

void set_header(const std::vector<HeadLine>& lines, const Run& run, TextLayout& layout) {
  const auto is_rule = [](std::string_view line) {
    return line.size() > 2 && line.find_first_not_of("-=+ \t") == line.npos;
  };
  std::size_t i = run.first;
  std::size_t passed = 0;
  for (; i > 0 && passed < 4; ++passed) {
    const std::string_view line = lines[--i].text;
    if (is_blank(line) || is_rule(line)) continue;
    auto names = names_in(line, run.separator, run.cells);
    if (names.empty()) return;
    if (layout.units.empty() && are_units(names)) {
      layout.units = std::move(names);
      continue;
    }
    layout.names = std::move(names);
    layout.header_line = lines[i].number;
    layout.commented_header = is_comment(line);
    return;
  }
}

std::size_t filled_of(const std::vector<std::string>& names) {
  return static_cast<std::size_t>(
      std::count_if(names.begin(), names.end(), [](const std::string& s) { return !s.empty(); }));
}

// Whether the rows below a header go with it. Names with blanks between them and rows with tabs, or
// names with two tabs between them and rows with one, are for best_run().
bool rows_agree(const std::vector<HeadLine>& lines, std::size_t header, const TextLayout& layout) {
  CsvCells cells;
  for (std::size_t i = header + 1; i < lines.size(); ++i) {
    const std::string_view line = lines[i].text;
    if (is_blank(line) || is_comment(line)) continue;
    if (!cells.split(line, layout.separator)) return true;
    cells.drop_empty_end();
    if (cells.size() == layout.names.size()) return true;
    const auto other = best_run(lines);
    return !other || other->cells != filled_of(layout.names) ||
           (other->separator == layout.separator && other->cells == layout.names.size());
  }
  return true;
}

// A header that speaks for itself on the first line that is no comment.
std::optional<TextLayout> layout_by_header(const std::vector<HeadLine>& lines,
                                           const std::string& where) {
  const auto first = std::find_if(lines.begin(), lines.end(), [](const HeadLine& line) {
    return !is_blank(line.text) && !is_comment(line.text);
  });
  if (first == lines.end()) return std::nullopt;
  TextLayout layout;
  layout.separator = header_separator(first->text);
  layout.names = texts_of(first->text, layout.separator);
  if (layout.names.empty()) {
    throw DataError(fmt::format("{}:{}: expected a closing quote, found the end of the line", where,
                                first->number));
  }
  const auto at = static_cast<std::size_t>(first - lines.begin());
  if (!speaks_for_itself(layout.names) || !rows_agree(lines, at, layout)) return std::nullopt;
  layout.header_line = first->number;
  layout.first_data_line = first->number + 1;
  for (std::size_t i = at + 1; i < lines.size(); ++i) {
    if (is_blank(lines[i].text) || is_comment(lines[i].text)) continue;
    auto units = texts_of(lines[i].text, layout.separator);
    if (units.size() > layout.names.size() || !are_units(units)) break;
    layout.units = std::move(units);
    layout.first_data_line = lines[i].number + 1;
    break;
  }
  return layout;
}

[[noreturn]] void refuse_no_table(const std::vector<HeadLine>& lines, const std::string& where) {
  for (const HeadLine& line : lines) {
    if (is_blank(line.text) || is_comment(line.text)) continue;
    throw DataError(
        fmt::format("{}:{}: expected {} and rows of two numbers or more below it, found no such "
                    "rows; the first "
                    "line with text is {}",
                    where, line.number, kExample, shown(trimmed(line.text))));
  }
  throw DataError(fmt::format("{}: expected {}, found {}", where, kExample,
                              lines.empty() ? "an empty file" : "only comments and blank lines"));
}

}  // namespace

std::vector<HeadLine> lines_of_head(std::string_view head, bool head_is_all) {
  constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
  if (head.starts_with(kByteOrderMark)) head.remove_prefix(kByteOrderMark.size());
  std::vector<HeadLine> lines;
  while (!head.empty() && lines.size() < kMostHeadLines) {
    const std::size_t end = head.find('\n');
    if (end == head.npos && !head_is_all) break;
    std::string_view line = head.substr(0, end);
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (line.size() > kLongestHeadLine) break;
    lines.push_back({lines.size() + 1, line});
    head.remove_prefix(std::min(end == head.npos ? head.size() : end + 1, head.size()));
  }
  return lines;
}

bool is_blank(std::string_view line) { return line.find_first_not_of(" \t\f\v") == line.npos; }

bool is_comment(std::string_view line) {
  const std::string_view text = trimmed(line);
  return !text.empty() && (std::string_view("#%!*").find(text.front()) != std::string_view::npos ||
                           text.starts_with("//"));
}

TextLayout find_text_layout(std::string_view head, bool head_is_all, const std::string& where) {
  const std::vector<HeadLine> lines = lines_of_head(head, head_is_all);
  auto layout = layout_by_header(lines, where);
  if (!layout) {
    const auto run = best_run(lines);
    if (!run) refuse_no_table(lines, where);
    layout.emplace();
    layout->separator = run->separator;
    layout->first_data_line = lines[run->first].number;
    set_header(lines, *run, *layout);
    if (layout->names.empty()) layout->names.resize(run->cells);
  }
  recognise_dialect(lines, *layout);
  return std::move(*layout);
}

std::string separator_name(char separator) {
  switch (separator) {
    case '\t':
      return "tabs";
    case ';':
      return "semicolons";
    case '|':
      return "bars";
    case ' ':
      return "blanks";
    default:
      return "commas";
  }
}

}  // namespace psi_xlstm
