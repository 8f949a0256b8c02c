// Raw files of LTspice and ngspice as a table: the transient plots one below the other, or else the
// first plot.

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "data/readers/formats.hpp"
#include "data/readers/spice_raw.hpp"
#include "data/tables/csv_lines.hpp"
#include "psi_xlstm/core/error.hpp"

namespace psi_xlstm {
namespace {

bool is_transient(const RawPlot& plot) { return plot.header.types.front() == "time"; }

ColumnMeaning variable_meaning(const std::string& name, const std::string& type) {
  const ColumnMeaning by_name = column_meaning(name);
  if (type == "time") return {.quantity = Quantity::kTime};
  const bool voltage = type == "voltage";
  const bool current = type.find("current") != type.npos;
  if (!voltage && !current) return {};
  return {.quantity = voltage ? Quantity::kVoltage : Quantity::kCurrent,
          .port = by_name.port.empty() ? name : by_name.port};
}

// LTspice marks some times with a minus sign.
void append_plot(DataTable& table, const RawPlot& plot) {
  for (std::size_t j = 0; j < table.columns.size(); ++j) {
    TableColumn& column = table.columns[j];
    const bool time = column.meaning.quantity == Quantity::kTime && plot.header.ltspice;
    for (std::size_t k = 0; k < plot.header.points; ++k) {
      const double value = time ? std::abs(plot.real[j][k]) : plot.real[j][k];
      const bool usable = std::isfinite(value) && std::abs(value) <= kLargestNumber;
      if (!usable && !column.bad) column.bad = {table.rows + k, fmt::format("{}", value)};
      column.values.push_back(value);
      if (usable) ++column.numbers;
    }
  }
  table.rows += plot.header.points;
}

DataTable raw_table(const std::vector<RawPlot>& plots, const std::string& file) {
  auto first = std::find_if(plots.begin(), plots.end(), is_transient);
  if (first == plots.end()) first = plots.begin();
  const RawHeader& header = first->header;
  DataTable table{
      .file = file,
      .format = fmt::format("SPICE raw of {}, {}", header.ltspice ? "LTspice" : "ngspice",
                            header.binary ? "binary" : "ascii")};
  table.details = {header.plot};
  for (std::size_t j = 0; j < header.names.size(); ++j) {
    table.columns.push_back(
        {.name = header.names[j], .meaning = variable_meaning(header.names[j], header.types[j])});
  }
  std::size_t taken = 0;
  for (const RawPlot& plot : plots) {
    const bool same = &plot == &*first || (is_transient(*first) && is_transient(plot) &&
                                           plot.header.names == header.names);
    if (!same) continue;
    table.sections.push_back({table.rows, ""});
    append_plot(table, plot);
    ++taken;
  }
  if (taken == 1) table.sections.clear();
  if (taken < plots.size()) {
    table.remarks.push_back(
        fmt::format("{}: left out {} of {} plots, which are no transient "
                    "analysis with the same variables",
                    file, plots.size() - taken, plots.size()));
  }
  return table;
}

// The only variable of `quantity` in the plot, or the one that the options name.
std::optional<std::size_t> only_variable(const DataTable& table,
                                         Quantity quantity,
                                         const std::string& wanted) {
  if (!wanted.empty()) return find_column(table.columns, wanted);
  std::optional<std::size_t> found;
  for (std::size_t j = 0; j < table.columns.size(); ++j) {
    if (table.columns[j].meaning.quantity != quantity) continue;
    if (found) return std::nullopt;
    found = j;
  }
  return found;
}

// Y = I / V at every frequency.
void add_ac_record(const RawPlot& plot, const ReadOptions& options, FileContents& contents) {
  contents.chosen = true;
  const auto voltage = only_variable(contents.table, Quantity::kVoltage, options.voltage);
  const auto current = only_variable(contents.table, Quantity::kCurrent, options.current);
  if (!voltage || !current) {
    contents.problem = fmt::format(
        "{}: expected one complex voltage and one complex current for an admittance, found {}; "
        "--voltage and --current name them",
        contents.table.file, voltage ? "no current or several" : "no voltage or several");
    return;
  }
  Record record{.kind = RecordKind::kAc};
  for (std::size_t k = 0; k < plot.header.points; ++k) {
    const auto value = [&](std::size_t j) {
      return std::complex<double>(plot.real[j][k], plot.imaginary[j][k]);
    };
    if (value(*voltage) == 0.0) {
      throw DataError(
          fmt::format("{}: point {}: expected a voltage to divide the current by, found 0",
                      contents.table.file, k + 1));
    }
    record.admittance.push_back(
        {.frequency = plot.real[0][k],
         .bias = {},
         .admittance = {value(*current) / value(*voltage) * static_cast<double>(options.sign)}});
  }
  contents.records.push_back(std::move(record));
}

}  // namespace

bool is_spice_raw(std::string_view head) {
  const std::string_view wide("T\0i\0t\0l\0e\0:\0", 12);
  if (head.starts_with(wide)) return true;
  return head.starts_with("Title:") && head.find("\nPlotname:") != head.npos;
}

FileContents read_spice_raw(ByteSource source, const ReadOptions& options) {
  const std::string file = source.name();
  const std::string bytes = source.rest(kLargestFile);
  const std::vector<RawPlot> plots = raw_plots(bytes, file);
  FileContents contents;
  contents.table = raw_table(plots, file);
  if (contents.table.rows == 0) {
    throw DataError(
        fmt::format("{}: expected points below the header of a SPICE raw file, found "
                    "none",
                    file));
  }
  // The table is that of the first transient plot, else that of the first plot.
  const bool transient = std::any_of(plots.begin(), plots.end(), is_transient);
  const bool complex = !plots.front().imaginary.empty();
  if (complex && !transient) add_ac_record(plots.front(), options, contents);
  return contents;
}

}  // namespace psi_xlstm
