#include "data/readers/formats.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

#include "data/tables/csv_lines.hpp"

namespace psi_xlstm {
namespace {

constexpr auto kFormats = std::to_array<FileFormat>({{is_spice_raw, read_spice_raw},
                                                     {is_mdm, read_mdm},
                                                     {is_touchstone, read_touchstone},
                                                     {is_easyexpert, read_easyexpert},
                                                     {is_tektronix_list, read_tektronix_list},
                                                     {is_rigol_sequence, read_rigol_sequence},
                                                     {is_text, read_text_table}});

}  // namespace

std::span<const FileFormat> file_formats() { return kFormats; }

std::vector<TableColumn> named_columns(std::vector<std::string> names,
                                       const std::vector<std::string>& units,
                                       const ReadOptions& options) {
  std::vector<TableColumn> columns;
  for (std::size_t j = 0; j < names.size(); ++j) {
    const bool renamed =
        j < options.columns.size() && !options.columns[j].empty() && options.columns[j] != "-";
    const std::string& name = renamed ? options.columns[j] : names[j];
    const std::string unit = j < units.size() ? units[j] : "";
    columns.push_back({.name = name, .meaning = column_meaning(name, unit)});
  }
  return columns;
}

std::optional<std::size_t> find_column(const std::vector<TableColumn>& columns,
                                       std::string_view name) {
  for (std::size_t j = 0; j < columns.size(); ++j) {
    if (!name.empty() && columns[j].name == name) return j;
  }
  std::optional<std::size_t> found;
  for (std::size_t j = 0; j < columns.size() && !name.empty(); ++j) {
    if (!same_in_any_case(columns[j].name, name)) continue;
    if (found) return std::nullopt;
    found = j;
  }
  if (found) return found;
  std::size_t number = 0;
  const auto [end, problem] = std::from_chars(name.data(), name.data() + name.size(), number);
  const bool whole = problem == std::errc() && end == name.data() + name.size();
  if (!whole || number < 1 || number > columns.size()) return std::nullopt;
  return number - 1;
}

std::size_t record_column(const std::vector<TableColumn>& columns, const ReadOptions& options) {
  return find_column(columns, options.record).value_or(SIZE_MAX);
}

}  // namespace psi_xlstm
