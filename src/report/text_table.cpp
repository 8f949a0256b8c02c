#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <numeric>

#include "core/utf8.hpp"
#include "report/table.hpp"

// to_text() of report/table.hpp: a table for a terminal of limited width.

namespace psi_xlstm {
namespace {

constexpr int kColumnGap = 2;

int longest_word(const std::string& text) {
  const std::vector<std::string> words = broken_lines(text, 1);
  int longest = 0;
  for (const std::string& word : words) longest = std::max(longest, display_width(word));
  return longest;
}

// One column: how wide it is, how narrow it can be.
struct Column {
  int width = 0, least = 0;
  bool number = false;  ///< Only its header can be broken.

  bool before(const Column& other) const {
    return number != other.number ? number : width > other.width;
  }
};

std::vector<Column> columns_of(const Table& table, const std::vector<bool>& numbers) {
  std::vector<Column> columns;
  for (std::size_t c = 0; c < table.header.size(); ++c) {
    Column column{.width = display_width(printable(table.header[c])),
                  .least = longest_word(table.header[c]),
                  .number = numbers[c]};
    for (const auto& row : table.rows) {
      const int width = display_width(printable(row[c]));
      column.width = std::max(column.width, width);
      column.least = std::max(column.least, numbers[c] ? width : longest_word(row[c]));
    }
    columns.push_back(column);
  }
  return columns;
}

int total_width(const std::vector<Column>& columns) {
  return std::accumulate(columns.begin(), columns.end(), -kColumnGap,
                         [](int sum, const Column& c) { return sum + c.width + kColumnGap; });
}

// Takes columns off the widest one that can be narrower, headers of numbers before texts, until all
// fit; the last ones go where nothing can.
void narrow(std::vector<Column>& columns, int width) {
  while (total_width(columns) > width) {
    Column* widest = nullptr;
    for (Column& c : columns) {
      if (c.width > c.least && (widest == nullptr || c.before(*widest))) widest = &c;
    }
    if (widest != nullptr) {
      --widest->width;
    } else if (columns.size() > 1) {
      columns.pop_back();
    } else {
      return;
    }
  }
}

// The cells of one row, each on as many lines as it needs, without blanks at the ends of lines.
std::string row_text(const std::vector<std::string>& cells,
                     const std::vector<Column>& columns,
                     const std::vector<bool>& right) {
  std::vector<std::vector<std::string>> parts;
  std::size_t height = 1;
  for (std::size_t c = 0; c < columns.size(); ++c) {
    parts.push_back(broken_lines(cells[c], columns[c].width));
    height = std::max(height, parts.back().size());
  }
  std::string text;
  for (std::size_t k = 0; k < height; ++k) {
    std::string line;
    for (std::size_t c = 0; c < columns.size(); ++c) {
      const std::string cell = k < parts[c].size() ? parts[c][k] : "";
      const std::string blanks(
          static_cast<std::size_t>(std::max(0, columns[c].width - display_width(cell))), ' ');
      if (c > 0) line += std::string(kColumnGap, ' ');
      line += right[c] ? blanks + cell : cell + blanks;
    }
    line.erase(line.find_last_not_of(' ') + 1);
    text += line + "\n";
  }
  return text;
}

std::string paragraph(const std::string& text, int width) {
  std::string out;
  for (const std::string& line : broken_lines(text, width)) out += line + "\n";
  return out;
}

}  // namespace

std::vector<std::string> broken_lines(const std::string& text, int width) {
  std::vector<std::string> lines;
  std::string word;
  for (const char c : printable(text) + " ") {
    if (c != ' ') {
      word += c;
      continue;
    }
    if (word.empty()) continue;
    if (!lines.empty() && display_width(lines.back()) + 1 + display_width(word) <= width) {
      lines.back() += " " + word;
    } else {
      lines.push_back(word);
    }
    word.clear();
  }
  return lines;
}

std::string filled(const std::string& text) { return paragraph(text, kTerminalWidth); }

std::string to_text(const Table& table) { return to_text_within(table, kTerminalWidth); }

std::string to_text_within(const Table& table, int width) {
  const auto numbers = number_columns(table);
  std::vector<Column> columns = columns_of(table, numbers);
  narrow(columns, width);
  std::vector<std::string> rules;
  for (const Column& c : columns) rules.emplace_back(static_cast<std::size_t>(c.width), '-');

  std::string text;
  if (!table.caption.empty()) text += paragraph(table.caption, width) + "\n";
  text += row_text(table.header, columns, numbers) + row_text(rules, columns, numbers);
  for (const auto& row : table.rows) text += row_text(row, columns, numbers);
  if (columns.size() < table.header.size()) {
    const auto first = table.header.begin() + static_cast<std::ptrdiff_t>(columns.size());
    text +=
        "\n" +
        paragraph(fmt::format("Not shown: {}.", fmt::join(first, table.header.end(), ", ")), width);
  }
  if (!table.note.empty()) text += "\n" + paragraph(table.note, width);
  return text;
}

}  // namespace psi_xlstm
