#include "psi_xlstm/data/readers/csv.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <iterator>
#include <set>
#include <string_view>
#include <utility>

#include "data/readers/csv_header.hpp"
#include "data/readers/csv_lines.hpp"
#include "psi_xlstm/core/error.hpp"

namespace psi_xlstm {
namespace {

constexpr std::size_t kLongestId = 40;
constexpr double kLargestNumber = 1e30;  // Squares and products of it are still finite.

[[noreturn]] void refuse_cell(const CsvLines& lines,
                              const CsvColumn& column,
                              std::string_view expected,
                              std::string_view found) {
  throw DataError(fmt::format("{}: column {}: expected {}, found {}", lines.where(),
                              shown(column.name), expected, found));
}

[[noreturn]] void refuse_text(const CsvLines& lines,
                              const CsvColumn& column,
                              std::string_view cell) {
  if (cell.empty()) refuse_cell(lines, column, "a number", "an empty cell");
  std::string with_point(cell);
  std::replace(with_point.begin(), with_point.end(), ',', '.');
  const bool comma = with_point != cell && csv_number(with_point);
  refuse_cell(lines, column, comma ? "a number with a decimal point" : "a number", shown(cell));
}

// The number in `column`, in the unit of the column.
double number_in(const CsvCells& cells, const CsvColumn& column, const CsvLines& lines) {
  const std::string_view cell = cells[column.position];
  const auto value = csv_number(cell);
  if (!value) refuse_text(lines, column, cell);
  if (!std::isfinite(*value)) refuse_cell(lines, column, "a finite number", shown(cell));
  if (std::abs(*value) > kLargestNumber) {
    refuse_cell(lines, column, fmt::format("a number of at most {}", kLargestNumber), shown(cell));
  }
  return *value;
}

// Turns the lines of one file into records.
class FileReader {
 public:
  FileReader(const std::filesystem::path& file, const CsvOptions& options)
      : options_(options), stem_(file.stem().string()), lines_(file) {
    const auto line = lines_.next();
    if (!line) {
      throw DataError(
          fmt::format("{}: expected a header line such as time_s,voltage_V,current_A, found an "
                      "empty file",
                      file.string()));
    }
    header_ = parse_csv_header(*line, lines_.where(), options.current_required);
  }

  std::vector<Record> read() {
    while (const auto line = lines_.next()) {
      split(*line);
      start_record_if_due();
      add_sample();
    }
    if (!open_) {
      throw DataError(fmt::format(
          "{}: expected samples below the header, found the end of the file", lines_.where()));
    }
    close_record();
    return std::move(records_);
  }

 private:
  void split(std::string_view line) {
    if (!cells_.split(line, header_.separator)) {
      throw DataError(
          fmt::format("{}: expected a closing quote, found the end of the line", lines_.where()));
    }
    if (cells_.size() != header_.fields) {
      throw DataError(fmt::format("{}: expected {} fields as in the header, found {}",
                                  lines_.where(), header_.fields, cells_.size()));
    }
  }

  void start_record_if_due() {
    const std::string_view text = header_.record ? cells_[header_.record->position] : "";
    if (open_ && text == record_text_) return;
    if (open_) close_record();
    if (header_.record && (text.empty() || text.size() > kLongestId)) {
      refuse_cell(lines_, *header_.record, "a text of 1 to 40 characters",
                  text.empty() ? "an empty cell" : shown(text));
    }
    record_text_ = text;
    if (!seen_.insert(record_text_).second) {
      refuse_cell(lines_, *header_.record, "each record in one block of lines",
                  shown(record_text_) + " again");
    }
    open_ = true;
    first_line_ = lines_.where();
    record_ = Record{};
    record_.id = header_.record ? stem_ + "/" + record_text_ : stem_;
    record_.voltage.resize(1);
    record_.current.resize(1);
  }

  void add_sample() {
    const double time = number_in(cells_, header_.time, lines_);
    if (!repeated_at_.empty()) refuse_repeated_time();
    if (!record_.time.empty() && !(time > previous_time_)) {
      if (time == previous_time_) {
        repeated_at_ = lines_.where();
        return;
      }
      refuse_time(lines_.where(), time);
    }
    previous_time_ = time;
    record_.time.push_back(time * header_.time.scale);
    const double voltage = number_in(cells_, header_.voltage, lines_);
    record_.voltage[0].push_back(voltage * header_.voltage.scale);
    if (header_.current) {
      const double current = number_in(cells_, *header_.current, lines_);
      record_.current[0].push_back(current * header_.current->scale * options_.sign);
    }
    if (header_.clean_current) {
      const double clean = number_in(cells_, *header_.clean_current, lines_);
      record_.clean_current.push_back(clean * header_.clean_current->scale * options_.sign);
    }
    if (header_.initial_conductance) add_initial_conductance();
  }

  // Loggers write their last sample twice; anywhere else a repeated time is an error.
  void refuse_repeated_time() { refuse_time(repeated_at_, previous_time_); }

  [[noreturn]] void refuse_time(const std::string& where, double time) {
    throw DataError(fmt::format(
        "{}: column {}: expected a time that increases within a record, found {} after {}", where,
        shown(header_.time.name), time, previous_time_));
  }

  void add_initial_conductance() {
    const CsvColumn& column = *header_.initial_conductance;
    const double value = number_in(cells_, column, lines_);
    if (!(value > 0)) refuse_cell(lines_, column, "a number > 0", fmt::format("{}", value));
    const double conductance = value * column.scale;
    if (record_.initial_conductance && *record_.initial_conductance != conductance) {
      refuse_cell(lines_, column, "the same value throughout a record",
                  fmt::format("{} after {}", value, *record_.initial_conductance / column.scale));
    }
    record_.initial_conductance = conductance;
  }

  void close_record() {
    const std::string where = fmt::format("{}: record {}", first_line_, shown(record_.id));
    const std::size_t count = record_.size();
    if (count < static_cast<std::size_t>(std::max(options_.fewest_samples, 1))) {
      throw DataError(fmt::format("{}: expected at least {} samples, found {}", where,
                                  options_.fewest_samples, count));
    }
    const auto& voltage = record_.voltage[0];
    if (std::all_of(voltage.begin(), voltage.end(), [](double V) { return V == 0; })) {
      throw DataError(fmt::format("{}: column {}: expected a voltage, found only zeros", where,
                                  shown(header_.voltage.name)));
    }
    const auto& current = record_.current[0];
    if (options_.current_required &&
        std::all_of(current.begin(), current.end(), [](double I) { return I == 0; })) {
      throw DataError(fmt::format("{}: column {}: expected a current, found only zeros", where,
                                  shown(header_.current->name)));
    }
    if (!repeated_at_.empty()) {
      record_.remarks.push_back(fmt::format(
          "{}: left out the last sample of the record, which repeats the time before it",
          repeated_at_));
      repeated_at_.clear();
    }
    records_.push_back(std::move(record_));
    open_ = false;
  }

  const CsvOptions& options_;
  std::string stem_;
  CsvLines lines_;
  CsvHeader header_;
  CsvCells cells_;
  std::vector<Record> records_;
  std::set<std::string> seen_;  // Texts of the record column so far.
  bool open_ = false;           // Whether record_ has samples.
  Record record_;
  std::string record_text_;
  std::string first_line_;    // "file:line" where record_ starts.
  double previous_time_ = 0;  // In the unit of the time column.
  std::string repeated_at_;   // "file:line" of a sample with the time of the one before it.
};

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

std::vector<Record> read_csv(const std::vector<std::filesystem::path>& files,
                             const CsvOptions& options) {
  if (options.sign != 1 && options.sign != -1) {
    throw ConfigError(fmt::format("read_csv: expected the sign 1 or -1, found {}", options.sign));
  }
  std::vector<Record> records;
  std::set<std::string> stems;
  for (const auto& file : files) {
    if (!stems.insert(file.stem().string()).second) {
      throw DataError(fmt::format("{}: expected files with different names, found {} twice",
                                  file.string(), shown(file.stem().string())));
    }
    auto more = FileReader(file, options).read();
    std::move(more.begin(), more.end(), std::back_inserter(records));
  }
  return records;
}

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
