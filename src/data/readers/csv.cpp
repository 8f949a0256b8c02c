#include "psi_xlstm/data/readers/csv.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <iterator>

#include "data/tables/csv_lines.hpp"
#include "psi_xlstm/core/error.hpp"

namespace psi_xlstm {
namespace {

// `id` as a cell, quoted where it must be.
std::string id_cell(const std::string& id) {
  if (id.find_first_of(",\"#") == id.npos) return id;
  std::string quoted = "\"";
  for (char c : id) quoted += c == '"' ? "\"\"" : std::string(1, c);
  return quoted + '"';
}

void check_writable(const Record& record) {
  const std::size_t count = record.time.size();
  const bool one_port = record.kind == RecordKind::kTransient && record.voltage.size() == 1 &&
                        record.current.size() == 1;
  if (!one_port || record.size() != count || record.current[0].size() != count) {
    throw DataError(fmt::format(
        "csv_text: expected transient records with one port, found another kind in record {}",
        shown(record.id)));
  }
}

}  // namespace

std::string csv_text(const std::vector<Record>& records) {
  for (const Record& record : records) check_writable(record);
  const bool clean = std::all_of(records.begin(), records.end(), [](const Record& r) {
    return r.clean_current.size() == r.time.size();
  });
  const bool conductance = std::all_of(records.begin(), records.end(), [](const Record& r) {
    return r.initial_conductance.has_value();
  });
  std::string text = records.size() > 1 ? "record," : "";
  text += "time_s,voltage_V,current_A";
  text += clean ? ",current_clean_A" : "";
  text += conductance ? ",initial_conductance_S\n" : "\n";
  for (const Record& record : records) {
    const std::string id = records.size() > 1 ? id_cell(record.id) + "," : "";
    for (std::size_t i = 0; i < record.size(); ++i) {
      auto end = std::back_inserter(text);
      fmt::format_to(end, "{}{},{},{}", id, record.time[i], record.voltage[0][i],
                     record.current[0][i]);
      if (clean) fmt::format_to(end, ",{}", record.clean_current[i]);
      if (conductance) fmt::format_to(end, ",{}", *record.initial_conductance);
      text += '\n';
    }
  }
  return text;
}

}  // namespace psi_xlstm
