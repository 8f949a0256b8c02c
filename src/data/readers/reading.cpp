#include "psi_xlstm/data/readers/reading.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <iterator>
#include <limits>
#include <map>
#include <set>
#include <string_view>
#include <utility>

#include "core/plural.hpp"
#include "data/readers/column_choice.hpp"
#include "data/readers/formats.hpp"
#include "data/readers/table_records.hpp"
#include "data/tables/csv_lines.hpp"
#include "psi_xlstm/core/error.hpp"

namespace psi_xlstm {
namespace {

// The name of a file without its ending, and without that of its packing.
std::string stem_of(const std::filesystem::path& file) {
  const std::filesystem::path stem = file.stem();
  return file.extension() == ".gz" ? stem.stem().string() : stem.string();
}

void check_options(const ReadOptions& options) {
  if (options.sign != 1 && options.sign != -1) {
    throw ConfigError(fmt::format("sign: expected 1 or -1, found {}", options.sign));
  }
  const auto positive = [](const std::optional<double>& value, const char* name) {
    if (value && !(*value > 0 && std::isfinite(*value))) {
      throw ConfigError(fmt::format("{}: expected a number > 0, found {}", name, *value));
    }
  };
  positive(options.shunt, "shunt");
  positive(options.sweep_rate, "sweep_rate");
  if (options.shunt && options.current.empty()) {
    throw ConfigError(
        "--shunt: expected --current with the voltage over the shunt beside it, found none");
  }
}

FileContents contents_of(const std::filesystem::path& file,
                         const ReadOptions& options,
                         std::string& packing) {
  ByteSource source(file);
  packing = source.packing();
  const auto formats = file_formats();
  const auto format = std::find_if(formats.begin(), formats.end(), [&](const FileFormat& one) {
    return one.recognises(source.head());
  });
  return format->read(std::move(source), options);
}

std::map<std::size_t, std::string> roles_of(const ColumnChoice& choice, bool shunt) {
  std::map<std::size_t, std::string> roles;
  const auto set = [&](const std::optional<ChosenSignal>& signal, const std::string& role) {
    if (!signal) return;
    std::string& plus = roles[signal->column];
    plus += (plus.empty() ? "" : ", ") + role;
    if (!signal->minus) return;
    std::string& minus = roles[*signal->minus];
    minus += (minus.empty() ? "-" : ", -") + role;
  };
  set(choice.time, "time");
  set(choice.voltage, "voltage");
  set(choice.current, shunt ? "current, by the shunt" : "current");
  set(choice.clean_current, "clean current");
  set(choice.initial_conductance, "initial conductance");
  for (std::size_t column : choice.record) roles[column] = "record";
  return roles;
}

std::vector<ReadColumn> summaries(const DataTable& table,
                                  const std::map<std::size_t, std::string>& roles) {
  std::vector<ReadColumn> columns;
  for (std::size_t j = 0; j < table.columns.size(); ++j) {
    const TableColumn& from = table.columns[j];
    ReadColumn column{.name = from.name.empty() ? fmt::format("{}", j + 1) : from.name,
                      .unit = from.meaning.unit,
                      .quantity = from.meaning.quantity,
                      .role = roles.contains(j) ? roles.at(j) : "",
                      .numbers = from.numbers,
                      .text = from.bad ? from.bad->text : ""};
    double least = std::numeric_limits<double>::infinity(), greatest = -least;
    for (double value : from.values) {
      if (!std::isfinite(value)) continue;
      least = std::min(least, value);
      greatest = std::max(greatest, value);
    }
    if (from.numbers > 0) {
      column.least = least;
      column.greatest = greatest;
    }
    columns.push_back(std::move(column));
  }
  return columns;
}

// Ids of records that a format made itself, which need not differ.
void complete_ids(std::vector<Record>& records, const std::string& stem) {
  std::map<std::string, int> seen;
  for (Record& record : records) {
    record.id = record.id.empty() ? stem : stem + "/" + record.id;
    const int times = ++seen[record.id];
    if (times > 1) record.id += fmt::format("#{}", times);
  }
}

const char* kind_name(RecordKind kind) {
  return kind == RecordKind::kDc ? "DC" : kind == RecordKind::kAc ? "AC" : "transient";
}

// Records of another kind than the caller can use are a problem.
void refuse_other_kinds(Reading& reading) {
  for (const Record& record : reading.records) {
    if (record.kind == RecordKind::kTransient) continue;
    reading.problem = fmt::format(
        "{}: expected a voltage and a current against time, found {} data ({}), which is not "
        "fitted "
        "against time",
        reading.file, kind_name(record.kind), reading.format);
    reading.records.clear();
    return;
  }
}

void take_own_records(FileContents& contents, const ReadOptions& options, Reading& reading) {
  reading.columns = summaries(contents.table, {});
  reading.problem = contents.problem;
  reading.records = std::move(contents.records);
  complete_ids(reading.records, stem_of(reading.file));
  if (options.transient_required) refuse_other_kinds(reading);
}

void make_records(const DataTable& table, const ReadOptions& options, Reading& reading) {
  if (options.columns.size() > table.columns.size()) {
    reading.columns = summaries(table, {});
    reading.problem =
        fmt::format("{}: --columns: expected at most {}, one a column, found {}", table.where(0),
                    count_of(table.columns.size(), "name"), options.columns.size());
    return;
  }
  ColumnChoice choice = choose_columns(table, options);
  reading.columns = summaries(table, roles_of(choice, options.shunt.has_value()));
  reading.problem = std::move(choice.problem);
  reading.ways = std::move(choice.ways);
  std::move(choice.remarks.begin(), choice.remarks.end(), std::back_inserter(reading.remarks));
  if (!reading.problem.empty()) return;
  try {
    reading.records = table_records(table, choice, options, stem_of(reading.file), reading.remarks);
    const bool dc = !reading.records.empty() && reading.records.front().kind == RecordKind::kDc;
    if (dc) reading.ways = {"--sweep-rate V/s"};
  } catch (const DataError& e) {
    reading.problem = e.what();
  }
}

// What concerns the whole file goes with its first record; a reading has all remarks.
void share_remarks(Reading& reading) {
  std::vector<std::string> own;
  for (const Record& record : reading.records) {
    own.insert(own.end(), record.remarks.begin(), record.remarks.end());
  }
  if (!reading.records.empty()) {
    auto& first = reading.records.front().remarks;
    first.insert(first.begin(), reading.remarks.begin(), reading.remarks.end());
  }
  reading.remarks.insert(reading.remarks.end(), own.begin(), own.end());
}

}  // namespace

Reading read_recording(const std::filesystem::path& file, const ReadOptions& options) {
  check_options(options);
  std::string packing;
  FileContents contents = contents_of(file, options, packing);
  const DataTable& table = contents.table;
  Reading reading{.file = file.string(),
                  .format = table.format,
                  .details = table.details,
                  .skipped = table.skipped,
                  .rows = table.rows,
                  .remarks = table.remarks};
  if (!packing.empty()) reading.details.push_back(packing);
  contents.chosen ? take_own_records(contents, options, reading)
                  : make_records(table, options, reading);
  share_remarks(reading);
  return reading;
}

std::vector<Record> read_records(const std::vector<std::filesystem::path>& files,
                                 const ReadOptions& options) {
  std::vector<Record> records;
  std::set<std::string> stems;
  for (const auto& file : files) {
    const std::string stem = stem_of(file);
    if (!stems.insert(stem).second) {
      throw DataError(fmt::format("{}: expected files with different names, found {} twice",
                                  file.string(), shown(stem)));
    }
    Reading reading = read_recording(file, options);
    if (!reading.problem.empty()) throw DataError(reading.problem);
    std::move(reading.records.begin(), reading.records.end(), std::back_inserter(records));
  }
  return records;
}

}  // namespace psi_xlstm
