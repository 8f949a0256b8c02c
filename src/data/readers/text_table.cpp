#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "data/readers/formats.hpp"
#include "data/tables/csv_lines.hpp"
#include "data/tables/text_layout.hpp"
#include "psi_xlstm/core/error.hpp"

namespace psi_xlstm {
namespace {

constexpr std::string_view kStepInformation = "Step Information:";
constexpr std::size_t kLongestLabel = 40;

// "Step Information: Vx=-2.5  (Step: 1/6)" -> "Vx=-2.5".
std::string step_label(std::string_view line) {
  std::string_view text = trimmed(line).substr(kStepInformation.size());
  text = trimmed(text.substr(0, text.find("(Step:")));
  return text.size() > kLongestLabel ? "" : std::string(text);
}

// Reads the rows below the header of one file.
class TextTableReader {
 public:
  TextTableReader(ByteSource source, const ReadOptions& options)
      : options_(options),
        layout_(find_text_layout(source.head(), source.head_is_all(), source.name())),
        lines_(std::move(source)) {}

  DataTable read(const std::string& file) {
    table_.file = file;
    table_.format = layout_.format;
    table_.header_line = layout_.header_line;
    table_.skipped =
        std::max<std::size_t>(
            layout_.header_line > 0 ? layout_.header_line : layout_.first_data_line, 1) -
        1;
    table_.columns = named_columns(std::move(layout_.names), layout_.units, options_);
    TableRows rows(table_, record_column(table_.columns, options_));
    while (const auto line = lines_.next_line()) {
      if (lines_.number() >= layout_.first_data_line) {
        take(*line, rows);
      } else if (lines_.number() <= table_.skipped && !is_blank(*line) && !is_comment(*line)) {
        ++passed_over_;
      }
    }
    say_what_was_found();
    return std::move(table_);
  }

 private:
  void take(std::string_view line, TableRows& rows) {
    if (is_blank(line) || trimmed(line).front() == '#') return;
    if (trimmed(line).starts_with(kStepInformation)) {
      table_.sections.push_back({table_.rows, step_label(line)});
      return;
    }
    if (!cells_.split(line, layout_.separator)) {
      throw DataError(
          fmt::format("{}: expected a closing quote, found the end of the line", lines_.where()));
    }
    const std::size_t wanted = table_.columns.size();
    cells_.drop_empty_end(wanted);
    if (layout_.repeats_headers && !starts_as_row()) return;
    if (cells_.size() != wanted) {
      throw DataError(fmt::format("{}: expected {} fields as {}, found {}", lines_.where(), wanted,
                                  table_.header_line > 0 ? "in the header" : "in the first row",
                                  cells_.size()));
    }
    rows.add(cells_.all(), lines_.number());
  }

  bool starts_as_row() const {
    return cells_.size() > 1 && is_table_number(cells_[0]) && is_table_number(cells_[1]);
  }

  void say_what_was_found() {
    table_.details.push_back("separated by " + separator_name(layout_.separator));
    const bool comma = std::any_of(table_.columns.begin(), table_.columns.end(),
                                   [](const TableColumn& column) { return column.has_comma; });
    if (comma) table_.details.push_back("decimal comma");
    if (!layout_.units.empty()) table_.details.push_back("units in a line of their own");
    if (layout_.commented_header) {
      table_.remarks.push_back(
          fmt::format("{}: took the commented line for the names of the columns", table_.where()));
    }
    if (passed_over_ > 0) {
      table_.remarks.push_back(fmt::format("{}: passed over {} line{} of text above the table",
                                           table_.file, passed_over_,
                                           passed_over_ == 1 ? "" : "s"));
    }
  }

  const ReadOptions& options_;
  TextLayout layout_;
  CsvLines lines_;
  CsvCells cells_;
  DataTable table_;
  std::size_t passed_over_ = 0;  // Lines above the table with text that is no comment.
};

// Two tabs between cells make columns of nothing.
void drop_empty_columns(DataTable& table) {
  std::erase_if(table.columns, [](const TableColumn& column) {
    return column.name.empty() && column.numbers == 0 && column.bad && column.bad->text.empty();
  });
}

// wrdata repeats the scale before every vector unless it is told not to.
void drop_repeated_scales(DataTable& table) {
  const std::vector<double> scale = table.columns.front().values;
  std::size_t dropped = 0;
  for (std::size_t j = table.columns.size(); j-- > 1;) {
    if (table.columns[j].values != scale) continue;
    table.columns.erase(table.columns.begin() + static_cast<std::ptrdiff_t>(j));
    ++dropped;
  }
  if (dropped > 0) {
    table.remarks.push_back(
        fmt::format("{}: left out {} columns that repeat the first one, the scale of wrdata",
                    table.file, dropped));
  }
}

// wrdata without names: the scale is known, and two vectors are taken as people write them.
void name_wrdata_columns(DataTable& table, const ReadOptions& options) {
  const bool chosen = !options.columns.empty() || !options.voltage.empty() ||
                      !options.current.empty() || !options.time.empty();
  if (table.header_line > 0 || chosen || table.columns.size() != 3) return;
  const auto names = std::to_array<const char*>({"time", "v", "i"});
  for (std::size_t j = 0; j < names.size(); ++j) {
    table.columns[j].name = names[j];
    table.columns[j].meaning = column_meaning(names[j]);
  }
  table.remarks.push_back(fmt::format(
      "{}: took the three nameless columns of wrdata for time, voltage and current; --columns says "
      "otherwise",
      table.file));
}

}  // namespace

bool is_text(std::string_view) { return true; }

FileContents read_text_table(ByteSource source, const ReadOptions& options) {
  const std::string file = source.name();
  if (source.head().find('\0') != std::string_view::npos) {
    CsvLines lines(std::move(source));  // Names the line in which it stops being text.
    while (lines.next_line()) {
    }
    throw DataError(fmt::format("{}: expected plain text, found a NUL byte", file));
  }
  if (source.head().empty()) {
    throw DataError(fmt::format(
        "{}: expected a header line such as time_s,voltage_V,current_A, found an empty file",
        file));
  }
  FileContents contents;
  contents.table = TextTableReader(std::move(source), options).read(file);
  drop_empty_columns(contents.table);
  if (contents.table.format == "ngspice wrdata") {
    drop_repeated_scales(contents.table);
    name_wrdata_columns(contents.table, options);
  }
  return contents;
}

}  // namespace psi_xlstm
