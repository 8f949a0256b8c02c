#include "data/readers/csv_header.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "data/readers/csv_column.hpp"
#include "data/readers/csv_lines.hpp"
#include "psi_xlstm/core/error.hpp"

namespace psi_xlstm {
namespace {

using Quantity = CsvQuantity;

struct Recognised {
  CsvColumnMeaning meaning;
  CsvColumn column;
};

char most_frequent_separator(std::string_view line) {
  char best = '\t';
  for (char candidate : {';', ','}) {
    if (std::count(line.begin(), line.end(), candidate) >
        std::count(line.begin(), line.end(), best)) {
      best = candidate;
    }
  }
  return best;
}

std::string list_of_names(const std::vector<Recognised>& columns, Quantity quantity) {
  std::string list;
  for (const Recognised& column : columns) {
    if (column.meaning.quantity != quantity) continue;
    list += (list.empty() ? "" : " and ") + shown(column.column.name);
  }
  return list;
}

// The only column of `quantity`, if any.
std::optional<CsvColumn> single(const std::vector<Recognised>& columns,
                                Quantity quantity,
                                std::string_view what,
                                const std::string& where) {
  std::vector<const Recognised*> found;
  for (const Recognised& column : columns) {
    if (column.meaning.quantity == quantity) found.push_back(&column);
  }
  if (found.size() > 1) {
    const bool one_port = std::all_of(found.begin(), found.end(), [&](auto* c) {
      return c->meaning.port == found.front()->meaning.port;
    });
    throw DataError(fmt::format("{}: expected one {} column{}, found {}", where, what,
                                one_port ? "" : " (more than one port is not supported yet)",
                                list_of_names(columns, quantity)));
  }
  if (found.empty()) return std::nullopt;
  return found.front()->column;
}

CsvColumn required(std::optional<CsvColumn> column,
                   std::string_view what,
                   std::string_view example,
                   const CsvCells& names,
                   const std::string& where) {
  if (column) return std::move(*column);
  constexpr std::size_t kMostListed = 8;
  std::string list;
  for (std::size_t i = 0; i < std::min(names.size(), kMostListed); ++i) {
    list += (i == 0 ? "" : ", ") + shown(names[i]);
  }
  throw DataError(fmt::format("{}: expected a {} column such as {}, found the column{} {}{}", where,
                              what, example, names.size() == 1 ? "" : "s", list,
                              names.size() > kMostListed ? ", ..." : ""));
}

void refuse_numbers(const CsvCells& names, const std::string& where) {
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (!csv_number(names[i])) return;
  }
  throw DataError(fmt::format(
      "{}: expected a header line such as time_s,voltage_V,current_A, found numbers", where));
}

}  // namespace

CsvHeader parse_csv_header(std::string_view line, const std::string& where, bool current_required) {
  CsvHeader header;
  header.separator = most_frequent_separator(line);
  CsvCells names;
  if (!names.split(line, header.separator)) {
    throw DataError(fmt::format("{}: expected a closing quote, found the end of the line", where));
  }
  refuse_numbers(names, where);
  header.fields = names.size();
  std::vector<Recognised> columns;
  for (std::size_t i = 0; i < names.size(); ++i) {
    const auto found = csv_column_meaning(names[i], where);
    if (!found) continue;
    columns.push_back(
        {*found, {.name = std::string(names[i]), .position = i, .scale = found->scale}});
  }
  const auto only = [&](Quantity quantity, std::string_view what) {
    return single(columns, quantity, what, where);
  };
  header.time = required(only(Quantity::kTime, "time"), "time", "time_s", names, where);
  header.voltage =
      required(only(Quantity::kVoltage, "voltage"), "voltage", "voltage_V", names, where);
  header.current = only(Quantity::kCurrent, "current");
  if (current_required) required(header.current, "current", "current_A", names, where);
  header.clean_current = only(Quantity::kCleanCurrent, "clean current");
  header.initial_conductance = only(Quantity::kInitialConductance, "initial conductance");
  header.record = only(Quantity::kRecord, "record");
  return header;
}

}  // namespace psi_xlstm
