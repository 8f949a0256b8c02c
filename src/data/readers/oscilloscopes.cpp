// Oscilloscopes whose tables are none: older ones of Tektronix write the set-up beside the samples,
// and those of Rigol write a number of the sample in place of its time.

#include <fmt/format.h>

#include <array>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "data/readers/formats.hpp"
#include "data/tables/csv_lines.hpp"
#include "data/tables/text_layout.hpp"
#include "psi_xlstm/core/error.hpp"

namespace psi_xlstm {
namespace {

// The cells of the lines below the header that are there for the set-up are skipped.
void add_tail(CsvLines& lines, std::size_t first_cell, DataTable& table) {
  CsvCells cells;
  TableRows rows(table);
  while (const auto line = lines.next_line()) {
    if (is_blank(*line)) continue;
    if (!cells.split(*line, ',')) {
      throw DataError(
          fmt::format("{}: expected a closing quote, found the end of the line", lines.where()));
    }
    cells.drop_empty_end(first_cell + table.columns.size());
    if (cells.size() != first_cell + table.columns.size()) {
      throw DataError(fmt::format("{}: expected {} fields as above, found {}", lines.where(),
                                  first_cell + table.columns.size(), cells.size()));
    }
    rows.add(cells.all().subspan(first_cell), lines.number());
  }
}

// "Vertical Units,V,,-0.0005,0.002," -> the unit V; empty where the head has no such line.
std::string unit_beside(std::string_view head, std::string_view key) {
  CsvCells cells;
  for (const HeadLine& line : lines_of_head(head, false)) {
    if (line.text.starts_with(key) && cells.split(line.text, ',') && cells.size() > 1) {
      return std::string(cells[1]);
    }
  }
  return "";
}

std::string name_beside(std::string_view head) {
  const std::string name = unit_beside(head, "Source");
  return name.empty() ? "CH1" : name;
}

// "X,CH1,CH2,Start,Increment," and "Sequence,Volt,Volt,-6.0e-03,1.0e-05".
struct SequenceHeader {
  std::vector<std::string> names, units;
  double start = 0, increment = 0;
};

SequenceHeader sequence_header(CsvLines& lines) {
  std::array<std::vector<std::string>, 2> texts;
  CsvCells cells;
  for (auto& list : texts) {
    const auto line = lines.next_line();
    if (line && cells.split(*line, ',')) list.assign(cells.all().begin(), cells.all().end());
  }
  SequenceHeader header;
  std::optional<double> start, increment;
  for (std::size_t j = 0; j < texts[0].size(); ++j) {
    const std::string below = j < texts[1].size() ? texts[1][j] : "";
    if (texts[0][j] == "Start") {
      start = csv_number(below);
    } else if (texts[0][j] == "Increment") {
      increment = csv_number(below);
    } else if (!start && !texts[0][j].empty()) {
      header.names.push_back(texts[0][j]);
      header.units.push_back(below);
    }
  }
  if (!start || !increment || !(*increment > 0)) {
    throw DataError(fmt::format("{}: expected the numbers of Start and Increment, found {}",
                                lines.where(), start ? "no increment > 0" : "no start"));
  }
  if (header.names.empty()) {
    throw DataError(
        fmt::format("{}: expected the column X before Start, found none", lines.where()));
  }
  header.start = *start;
  header.increment = *increment;
  return header;
}

}  // namespace

bool is_tektronix_list(std::string_view head) {
  if (!head.starts_with("Record Length,") && !head.starts_with("\"Record Length\",")) return false;
  const std::string_view first = head.substr(0, head.find('\n'));
  return std::count(first.begin(), first.end(), ',') >= 4;
}

FileContents read_tektronix_list(ByteSource source, const ReadOptions& options) {
  FileContents contents;
  DataTable& table = contents.table;
  table.file = source.name();
  table.format = "Tektronix oscilloscope, one channel";
  table.details = {"set-up in the columns before the samples"};
  const std::string unit = unit_beside(source.head(), "Vertical Units");
  table.columns = named_columns({"time", name_beside(source.head())},
                                {unit_beside(source.head(), "Horizontal Units"), unit}, options);
  constexpr std::size_t kBeforeSamples = 3;
  CsvLines lines(std::move(source));
  add_tail(lines, kBeforeSamples, table);
  return contents;
}

bool is_rigol_sequence(std::string_view head) {
  const std::string_view first = head.substr(0, head.find('\n'));
  return first.starts_with("X,") && first.find("Start") != first.npos &&
         first.find("Increment") != first.npos;
}

FileContents read_rigol_sequence(ByteSource source, const ReadOptions& options) {
  FileContents contents;
  DataTable& table = contents.table;
  table.file = source.name();
  table.format = "Rigol oscilloscope";
  table.header_line = 1;
  CsvLines lines(std::move(source));
  SequenceHeader header = sequence_header(lines);
  header.names.front() = "time";
  header.units.front() = "s";
  table.columns = named_columns(std::move(header.names), header.units, options);
  add_tail(lines, 0, table);
  for (double& value : table.columns.front().values) {
    value = header.start + value * header.increment;
  }
  table.details = {
      fmt::format("times from a start of {} s and steps of {} s", header.start, header.increment)};
  return contents;
}

}  // namespace psi_xlstm
