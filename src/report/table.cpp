#include "report/table.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <nlohmann/json.hpp>

#include "core/utf8.hpp"
#include "psi_xlstm/core/error.hpp"

namespace psi_xlstm {
namespace {

bool says_nothing(const std::string& cell) { return cell.empty() || cell == "-" || cell == "n/a"; }

// A number, alone or before a unit.
bool is_number(const std::string& cell) {
  const std::size_t sign = cell.starts_with('+') || cell.starts_with('-') ? 1 : 0;
  if (cell.substr(sign) == "inf") return true;
  return sign < cell.size() && cell[sign] >= '0' && cell[sign] <= '9';
}

// `text` on one line, with `replacement(c)` in place of every character for which it is not empty.
template <class Replacement>
std::string escaped(const std::string& text, Replacement replacement) {
  std::string result;
  for (const char c : printable(text)) {
    const std::string_view other = replacement(c);
    if (other.empty()) {
      result += c;
    } else {
      result += other;
    }
  }
  return result;
}

std::string markdown_text(const std::string& text) {
  return escaped(text, [](char c) -> std::string_view {
    switch (c) {
      case '\\':
        return "\\\\";
      case '|':
        return "\\|";
      case '`':
        return "\\`";
      case '*':
        return "\\*";
      case '<':
        return "&lt;";
      case '&':
        return "&amp;";
      default:
        return {};
    }
  });
}

std::string latex_text(const std::string& text) {
  return escaped(text, [](char c) -> std::string_view {
    switch (c) {
      case '\\':
        return "\\textbackslash{}";
      case '&':
        return "\\&";
      case '%':
        return "\\%";
      case '$':
        return "\\$";
      case '#':
        return "\\#";
      case '_':
        return "\\_";
      case '{':
        return "\\{";
      case '}':
        return "\\}";
      case '~':
        return "\\textasciitilde{}";
      case '^':
        return "\\textasciicircum{}";
      case '<':
        return "\\textless{}";
      case '>':
        return "\\textgreater{}";
      default:
        return {};
    }
  });
}

std::string csv_cell(const std::string& text) {
  if (text.find_first_of(",\"\r\n") == std::string::npos) return text;
  std::string quoted = "\"";
  for (const char c : text) {
    quoted += c;
    if (c == '"') quoted += c;
  }
  return quoted + "\"";
}

// A cell as a number where it is one, null where it says nothing.
nlohmann::ordered_json json_cell(const std::string& cell) {
  if (cell.empty() || cell == "n/a") return nullptr;
  double value = 0;
  const char* const end = cell.data() + cell.size();
  const auto [rest, error] = std::from_chars(cell.data(), end, value);
  if (error == std::errc() && rest == end && std::isfinite(value)) return value;
  return printable(cell);
}

// Cells joined by `separator`, each passed through `cell_text`.
template <class CellText>
std::string joined(const std::vector<std::string>& cells,
                   const std::string& separator,
                   CellText cell_text) {
  std::string line;
  for (std::size_t i = 0; i < cells.size(); ++i) line += (i ? separator : "") + cell_text(cells[i]);
  return line;
}

}  // namespace

void check_table(const Table& table) {
  for (std::size_t i = 0; i < table.rows.size(); ++i) {
    if (table.rows[i].size() != table.header.size()) {
      throw ShapeError(fmt::format("table \"{}\": expected {} cells in row {}, found {}",
                                   table.caption, table.header.size(), i + 1,
                                   table.rows[i].size()));
    }
  }
}

std::vector<bool> number_columns(const Table& table) {
  check_table(table);
  std::vector<bool> numbers;
  for (std::size_t column = 0; column < table.header.size(); ++column) {
    bool any = false;
    bool all = true;
    for (const auto& row : table.rows) {
      any = any || is_number(row[column]);
      all = all && (is_number(row[column]) || says_nothing(row[column]));
    }
    numbers.push_back(any && all);
  }
  return numbers;
}

std::string to_markdown(const Table& table) {
  const auto numbers = number_columns(table);
  std::string text;
  if (!table.caption.empty()) text += fmt::format("**{}**\n\n", markdown_text(table.caption));
  text += "| " + joined(table.header, " | ", markdown_text) + " |\n|";
  for (const bool number : numbers) text += number ? " ---: |" : " --- |";
  text += "\n";
  for (const auto& row : table.rows) text += "| " + joined(row, " | ", markdown_text) + " |\n";
  if (!table.note.empty()) text += fmt::format("\n{}\n", markdown_text(table.note));
  return text;
}

std::string to_csv(const Table& table) {
  check_table(table);
  std::string text = joined(table.header, ",", csv_cell) + "\n";
  for (const auto& row : table.rows) text += joined(row, ",", csv_cell) + "\n";
  return text;
}

std::string to_latex(const Table& table) {
  std::string columns;
  for (const bool number : number_columns(table)) columns += number ? 'r' : 'l';
  std::string text = "\\begin{table}\n\\centering\n";
  if (!table.caption.empty()) text += fmt::format("\\caption{{{}}}\n", latex_text(table.caption));
  text += fmt::format("\\begin{{tabular}}{{{}}}\n\\toprule\n", columns);
  text += joined(table.header, " & ", latex_text) + " \\\\\n\\midrule\n";
  for (const auto& row : table.rows) text += joined(row, " & ", latex_text) + " \\\\\n";
  text += "\\bottomrule\n\\end{tabular}\n";
  if (!table.note.empty()) {
    text += fmt::format("\n\\smallskip\n{{\\footnotesize {}}}\n", latex_text(table.note));
  }
  return text + "\\end{table}\n";
}

std::string to_json(const Table& table) {
  check_table(table);
  nlohmann::ordered_json tree = {{"caption", printable(table.caption)},
                                 {"header", nlohmann::ordered_json::array()},
                                 {"rows", nlohmann::ordered_json::array()},
                                 {"note", printable(table.note)}};
  for (const std::string& name : table.header) tree["header"].push_back(printable(name));
  for (const auto& row : table.rows) {
    auto cells = nlohmann::ordered_json::array();
    for (const std::string& cell : row) cells.push_back(json_cell(cell));
    tree["rows"].push_back(std::move(cells));
  }
  return tree.dump(2) + "\n";
}

}  // namespace psi_xlstm
