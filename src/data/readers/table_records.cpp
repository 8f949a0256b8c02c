#include "data/readers/table_records.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "data/readers/table_parts.hpp"
#include "data/record_check.hpp"
#include "data/tables/csv_lines.hpp"
#include "psi_xlstm/core/error.hpp"

namespace psi_xlstm {
namespace {

constexpr std::size_t kMostMerged = 100;  // One of so many samples may repeat its neighbour's time.

[[noreturn]] void refuse_bad_cell(const DataTable& table, std::size_t column) {
  const TableCell& cell = *table.columns[column].bad;
  if (cell.text.empty()) refuse_cell(table, cell.row, column, "a number", "an empty cell");
  bool comma = false;
  const auto value = table_number(cell.text, comma);
  if (!value) refuse_cell(table, cell.row, column, "a number", shown(cell.text));
  if (!std::isfinite(*value)) {
    refuse_cell(table, cell.row, column, "a finite number", shown(cell.text));
  }
  refuse_cell(table, cell.row, column, fmt::format("a number of at most {}", kLargestNumber),
              shown(cell.text));
}

std::vector<std::size_t> used_columns(const ColumnChoice& choice) {
  std::vector<std::size_t> columns;
  for (const auto& signal : {choice.time, choice.voltage, choice.current, choice.clean_current,
                             choice.initial_conductance}) {
    if (!signal) continue;
    columns.push_back(signal->column);
    if (signal->minus) columns.push_back(*signal->minus);
  }
  return columns;
}

void check_cells(const DataTable& table, const std::vector<std::size_t>& columns) {
  std::optional<std::size_t> first, point, comma;
  for (std::size_t j : columns) {
    const TableColumn& column = table.columns[j];
    if (column.bad && (!first || column.bad->row < table.columns[*first].bad->row)) first = j;
    if (column.has_point) point = j;
    if (column.has_comma) comma = j;
  }
  if (first) refuse_bad_cell(table, *first);
  if (!point || !comma) return;
  throw DataError(
      fmt::format("{}: expected decimal points or decimal commas, found both, points in column {} "
                  "and commas in "
                  "column {}",
                  table.file, table.title(*point), table.title(*comma)));
}

// Makes the records of one table.
class RecordMaker {
 public:
  RecordMaker(const DataTable& table, const ColumnChoice& choice, const ReadOptions& options)
      : table_(table), choice_(choice), options_(options) {}

  Record record(const TablePart& part, const std::string& stem) {
    part_ = part;
    record_ = Record{};
    record_.id = part.label.empty() ? stem : stem + "/" + part.label;
    record_.voltage = {values(*choice_.voltage, 1)};
    record_.current.resize(1);
    if (choice_.current) record_.current[0] = values(*choice_.current, options_.sign);
    if (choice_.clean_current) {
      record_.clean_current = values(*choice_.clean_current, options_.sign);
    }
    set_time();
    if (choice_.initial_conductance) set_initial_conductance();
    check();
    return std::move(record_);
  }

 private:
  std::vector<double> values(const ChosenSignal& signal, int sign) const {
    std::vector<double> out;
    out.reserve(part_.last - part_.first);
    const std::vector<double>& plus = table_.columns[signal.column].values;
    for (std::size_t k = part_.first; k < part_.last; ++k) {
      double value = plus[k] * signal.scale;
      if (signal.minus) value -= table_.columns[*signal.minus].values[k] * signal.minus_scale;
      out.push_back(value * sign);
    }
    return out;
  }

  void set_time() {
    if (choice_.time) {
      const std::vector<double>& all = table_.columns[choice_.time->column].values;
      record_.time.assign(all.begin() + static_cast<std::ptrdiff_t>(part_.first),
                          all.begin() + static_cast<std::ptrdiff_t>(part_.last));
      make_time_increase();
      for (double& time : record_.time) time *= choice_.time->scale;
    } else if (options_.sweep_rate) {
      double time = 0;
      for (std::size_t k = 0; k < record_.size(); ++k) {
        if (k > 0)
          time +=
              std::abs(record_.voltage[0][k] - record_.voltage[0][k - 1]) / *options_.sweep_rate;
        record_.time.push_back(time);
      }
      make_time_increase();
    } else {
      record_.kind = RecordKind::kDc;
    }
  }

  [[noreturn]] void refuse_time(std::size_t k) const {
    const std::string name = choice_.time ? "column " + table_.title(choice_.time->column)
                                          : std::string("the time of the sweep");
    throw DataError(
        fmt::format("{}: {}: expected a time that increases within a record, found {} after {}",
                    table_.where(part_.first + k), name, record_.time[k], record_.time[k - 1]));
  }

  // Loggers write their last sample twice, and clocks that are too coarse some others.
  void make_time_increase() {
    std::vector<double>& time = record_.time;
    std::size_t equal = 0, first = 0;
    for (std::size_t k = 1; k < time.size(); ++k) {
      if (time[k] < time[k - 1]) refuse_time(k);
      if (time[k] > time[k - 1]) continue;
      if (equal++ == 0) first = k;
    }
    if (equal == 0) return;
    if (equal == 1 && first + 1 == time.size()) {
      record_.remarks.push_back(fmt::format(
          "{}: left out the last sample of the record, which repeats the time before it",
          table_.where(part_.first + first)));
      keep(first);
      return;
    }
    if (equal * kMostMerged > time.size()) refuse_time(first);
    record_.remarks.push_back(fmt::format(
        "{}: merged {} of {} samples into the one before, whose time they repeat, by their mean",
        table_.where(part_.first + first), equal, time.size()));
    merge_equal_times();
  }

  std::vector<std::vector<double>*> series() {
    std::vector<std::vector<double>*> all = {&record_.voltage[0]};
    for (auto* one : {&record_.current[0], &record_.clean_current}) {
      if (!one->empty()) all.push_back(one);
    }
    return all;
  }

  void keep(std::size_t count) {
    record_.time.resize(count);
    for (auto* one : series()) one->resize(count);
  }

  void merge_equal_times() {
    const std::vector<double> time = record_.time;
    const auto all = series();
    std::size_t out = 0;
    for (std::size_t k = 0; k < time.size();) {
      std::size_t end = k + 1;
      while (end < time.size() && time[end] == time[k]) ++end;
      record_.time[out] = time[k];
      for (auto* one : all) {
        double sum = 0;
        for (std::size_t i = k; i < end; ++i) sum += (*one)[i];
        (*one)[out] = end == k + 1 ? (*one)[k] : sum / static_cast<double>(end - k);
      }
      ++out;
      k = end;
    }
    keep(out);
  }

  void set_initial_conductance() {
    const std::size_t column = choice_.initial_conductance->column;
    const std::vector<double>& values = table_.columns[column].values;
    const double first = values[part_.first];
    for (std::size_t k = part_.first; k < part_.last; ++k) {
      if (!(values[k] > 0)) {
        refuse_cell(table_, k, column, "a number > 0", fmt::format("{}", values[k]));
      }
      if (values[k] != first) {
        refuse_cell(table_, k, column, "the same value throughout a record",
                    fmt::format("{} after {}", values[k], first));
      }
    }
    record_.initial_conductance = first * choice_.initial_conductance->scale;
  }

  void check() const {
    const std::string where =
        fmt::format("{}: record {}", table_.where(part_.first), shown(record_.id));
    const int fewest =
        record_.kind == RecordKind::kDc ? 2 : std::min(options_.fewest_samples, kFewestOfRecord);
    if (record_.size() < static_cast<std::size_t>(std::max(fewest, 1))) {
      throw DataError(
          fmt::format("{}: expected at least {} samples, found {}", where, fewest, record_.size()));
    }
    check_not_zero(record_.voltage[0], *choice_.voltage, "voltage", where);
    if (options_.current_required) {
      check_not_zero(record_.current[0], *choice_.current, "current", where);
    }
  }

  void check_not_zero(const std::vector<double>& values,
                      const ChosenSignal& signal,
                      std::string_view what,
                      const std::string& where) const {
    if (std::any_of(values.begin(), values.end(), [](double x) { return x != 0; })) return;
    throw DataError(fmt::format("{}: column {}: expected a {}, found only zeros", where,
                                table_.title(signal.column), what));
  }

  const DataTable& table_;
  const ColumnChoice& choice_;
  const ReadOptions& options_;
  TablePart part_;
  Record record_;
};

// Short sweeps are read where there are several: enough samples in all of them.
void check_samples(const DataTable& table,
                   const ReadOptions& options,
                   const std::vector<Record>& records) {
  if (records.empty() || records.front().kind != RecordKind::kTransient) return;
  std::size_t samples = 0;
  for (const Record& record : records) samples += record.size();
  if (samples >= static_cast<std::size_t>(std::max(options.fewest_samples, 1))) return;
  const std::string which = records.size() == 1
                                ? "record " + shown(records.front().id)
                                : fmt::format("{} records together", records.size());
  throw DataError(fmt::format("{}: {}: expected at least {} samples, found {}", table.where(0),
                              which, options.fewest_samples, samples));
}

}  // namespace

std::vector<Record> table_records(const DataTable& table,
                                  const ColumnChoice& choice,
                                  const ReadOptions& options,
                                  const std::string& stem,
                                  std::vector<std::string>& remarks) {
  if (table.rows == 0) {
    throw DataError(fmt::format("{}: expected samples below the header, found the end of the file",
                                table.where()));
  }
  check_cells(table, used_columns(choice));
  RecordMaker maker(table, choice, options);
  std::vector<Record> records;
  for (const TablePart& part : table_parts(table, choice, remarks)) {
    records.push_back(maker.record(part, stem));
  }
  check_samples(table, options, records);
  if (options.sweep_rate && !choice.time) {
    remarks.push_back(fmt::format("{}: made the time from the voltage, swept at {} V/s", table.file,
                                  *options.sweep_rate));
  }
  return records;
}

}  // namespace psi_xlstm
