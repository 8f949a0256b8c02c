#include "data/readers/table_parts.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "data/tables/csv_lines.hpp"
#include "psi_xlstm/core/error.hpp"

namespace psi_xlstm {
namespace {

constexpr std::size_t kLongestId = 40;

void check_text(const DataTable& table, std::size_t column, const TableCell& cell) {
  if (!cell.text.empty() && cell.text.size() <= kLongestId) return;
  refuse_cell(table, cell.row, column, "a text of 1 to 40 characters",
              cell.text.empty() ? "an empty cell" : shown(cell.text));
}

// A part starts where the text of any of the columns changes; its label is all their texts.
std::vector<TablePart> parts_by_columns(const DataTable& table,
                                        const std::vector<std::size_t>& columns) {
  std::map<std::size_t, std::map<std::size_t, const TableCell*>> changes;  // Row, then column.
  for (std::size_t column : columns) {
    for (const TableCell& cell : table.columns[column].texts) {
      check_text(table, column, cell);
      changes[cell.row][column] = &cell;
    }
  }
  std::vector<TablePart> parts;
  std::map<std::size_t, std::string> texts;
  std::set<std::string> seen;
  for (const auto& [row, cells] : changes) {
    for (const auto& [column, cell] : cells) texts[column] = cell->text;
    std::string label;
    for (std::size_t column : columns) label += (label.empty() ? "" : "/") + texts[column];
    if (!seen.insert(label).second) {
      refuse_cell(table, row, columns.back(), "each record in one block of lines",
                  shown(label) + " again");
    }
    if (!parts.empty()) parts.back().last = row;
    parts.push_back({.first = row, .last = table.rows, .label = label});
  }
  return parts;
}

// Numbers where there are no labels, or one twice.
void number_labels(std::vector<TablePart>& parts) {
  std::set<std::string> labels;
  bool usable = true;
  for (const TablePart& part : parts) {
    usable = usable && !part.label.empty() && labels.insert(part.label).second;
  }
  for (std::size_t p = 0; p < parts.size() && !usable; ++p) {
    parts[p].label = fmt::format("{}", p + 1);
  }
}

std::vector<TablePart> parts_by_sections(const DataTable& table) {
  std::vector<TablePart> parts;
  if (table.sections.front().row > 0) {
    parts.push_back({.first = 0, .last = table.sections.front().row, .label = ""});
  }
  for (std::size_t s = 0; s < table.sections.size(); ++s) {
    const std::size_t end = s + 1 < table.sections.size() ? table.sections[s + 1].row : table.rows;
    if (table.sections[s].row == end) continue;
    parts.push_back(
        {.first = table.sections[s].row, .last = end, .label = table.sections[s].label});
  }
  number_labels(parts);
  return parts;
}

// Where the time goes back to the start, and goes on from there: one wrong sample is no new record.
std::vector<std::size_t> restarts_of(const std::vector<double>& time) {
  std::vector<std::size_t> rows;
  constexpr double kNearStart = 0.1;
  std::size_t first = 0;
  for (std::size_t k = 1; k + 1 < time.size(); ++k) {
    if (!(time[k] < time[k - 1])) continue;
    const bool near = time[k] - time[first] <= kNearStart * (time[k - 1] - time[first]);
    if (!near || time[k + 1] < time[k] || time[k + 1] > time[k - 1]) continue;
    rows.push_back(k);
    first = k;
  }
  return rows;
}

bool changes_at(const TableColumn& column, const std::vector<std::size_t>& rows) {
  if (column.texts.size() != rows.size() + 1) return false;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (column.texts[i + 1].row != rows[i]) return false;
  }
  return true;
}

// A column such as "scan" counts where the format is known to use it, or where the time agrees.
bool weak_record_counts(const DataTable& table,
                        const ColumnChoice& choice,
                        const std::vector<std::size_t>& restarts) {
  if (!choice.weak_record) return false;
  const TableColumn& column = table.columns[*choice.weak_record];
  if (column.texts.size() < 2) return false;
  return table.format == "Autolab NOVA" || (!restarts.empty() && changes_at(column, restarts));
}

}  // namespace

std::vector<TablePart> table_parts(const DataTable& table,
                                   const ColumnChoice& choice,
                                   std::vector<std::string>& remarks) {
  if (!choice.record.empty()) return parts_by_columns(table, choice.record);
  if (!table.sections.empty()) {
    auto parts = parts_by_sections(table);
    remarks.push_back(
        fmt::format("{}: {} parts in the file, each a record", table.file, parts.size()));
    return parts;
  }
  std::vector<std::size_t> restarts;
  if (choice.time) restarts = restarts_of(table.columns[choice.time->column].values);
  if (weak_record_counts(table, choice, restarts)) {
    auto parts = parts_by_columns(table, {*choice.weak_record});
    remarks.push_back(fmt::format("{}: column {} tells {} records", table.where(),
                                  table.title(*choice.weak_record), parts.size()));
    return parts;
  }
  std::vector<TablePart> parts = {{.first = 0, .last = table.rows, .label = ""}};
  for (std::size_t row : restarts) {
    parts.back().last = row;
    parts.push_back({.first = row, .last = table.rows, .label = ""});
  }
  if (restarts.empty()) return parts;
  number_labels(parts);
  remarks.push_back(fmt::format("{}: the time starts again here{}: {} records",
                                table.where(restarts.front()),
                                restarts.size() > 1 ? " for the first time" : "", parts.size()));
  return parts;
}

}  // namespace psi_xlstm
