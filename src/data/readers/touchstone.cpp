// Touchstone, versions 1 and 2, of one or two ports: S, Y or Z parameters against frequency.

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <complex>
#include <numbers>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "data/readers/formats.hpp"
#include "data/readers/s_parameters.hpp"
#include "data/tables/csv_lines.hpp"
#include "data/tables/text_layout.hpp"
#include "psi_xlstm/core/error.hpp"

namespace psi_xlstm {
namespace {

using Complex = std::complex<double>;

constexpr std::size_t kOnePort = 3, kTwoPorts = 9;  // Numbers per frequency.

// "# GHz S MA R 50" as words, in upper case.
std::vector<std::string> option_words(std::string_view line) {
  CsvCells cells;
  cells.split(line, ' ');
  std::vector<std::string> words;
  for (std::string_view cell : cells.all()) {
    words.emplace_back(cell);
    for (char& c : words.back()) c = c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  }
  if (!words.empty() && words.front().size() > 1 && words.front().front() == '#') {
    words.front().erase(0, 1);
  } else if (!words.empty()) {
    words.erase(words.begin());
  }
  return words;
}

std::optional<double> frequency_scale(const std::string& word) {
  if (word == "HZ") return 1;
  if (word == "KHZ") return 1e3;
  if (word == "MHZ") return 1e6;
  if (word == "GHZ") return 1e9;
  return std::nullopt;
}

class TouchstoneReader {
 public:
  explicit TouchstoneReader(ByteSource source) : file_(source.name()), lines_(std::move(source)) {}

  FileContents read() {
    bool network = true;
    while (auto line = lines_.next_line()) {
      std::string_view text = trimmed(line->substr(0, line->find('!')));
      if (text.empty()) continue;
      if (text.front() == '[') {
        network = keyword(text, network);
      } else if (text.front() == '#') {
        if (!has_options_) set_options(text);
      } else if (network && !noise_) {
        add(text);
      }
    }
    if (!pending_.empty()) {
      throw DataError(fmt::format("{}: expected {} numbers per frequency, found {} at the end",
                                  lines_.where(), per_point_, pending_.size()));
    }
    return finish();
  }

 private:
  // "[Two-Port Data Order] 12_21"; returns whether what follows is network data.
  bool keyword(std::string_view text, bool network) {
    for (const char* above :
         {"[Version]", "[Number of Ports]", "[Two-Port Data Order]", "[Reference]"}) {
      if (!text.starts_with(above) || (points_.empty() && pending_.empty())) continue;
      throw DataError(fmt::format("{}: expected {} above the numbers it is about, found it below",
                                  lines_.where(), above));
    }
    if (text.starts_with("[Two-Port Data Order]")) row_major_ = text.find("12_21") != text.npos;
    if (text.starts_with("[Version]")) {
      second_version_ = true;
      return false;  // until [Network Data]
    }
    if (text.starts_with("[Reference]")) set_reference(text.substr(text.find(']') + 1));
    if (text.starts_with("[Number of Ports]")) {
      const auto ports = csv_number(trimmed(text.substr(text.find(']') + 1)));
      if (!ports || (*ports != 1 && *ports != 2)) {
        throw DataError(fmt::format("{}: expected one or two ports, found {}", lines_.where(),
                                    shown(trimmed(text.substr(text.find(']') + 1)))));
      }
      per_point_ = *ports == 1 ? kOnePort : kTwoPorts;
    }
    if (text.starts_with("[Network Data]")) return true;
    if (text.starts_with("[Noise Data]") || text.starts_with("[End]")) return false;
    return network;
  }

  // Resistances [ohm] of the ports in place of that of the option line.
  void set_reference(std::string_view text) {
    CsvCells cells;
    cells.split(text, ' ');
    std::optional<double> one;
    for (std::string_view cell : cells.all()) {
      if (cell.empty()) continue;
      const double ohm = csv_number(cell).value_or(0);
      if (!(ohm > 0) || (one && *one != ohm)) {
        throw DataError(
            fmt::format("{}: expected the same reference > 0 ohm of all ports, found {}",
                        lines_.where(), shown(trimmed(text))));
      }
      one = ohm;
    }
    if (!one) {
      throw DataError(fmt::format(
          "{}: expected resistances behind [Reference] on its line, found none", lines_.where()));
    }
    z0_ = *one;
  }

  void set_options(std::string_view text) {
    has_options_ = true;
    const std::vector<std::string> words = option_words(text);
    for (std::size_t i = 0; i < words.size(); ++i) {
      const std::string& word = words[i];
      if (const auto scale = frequency_scale(word)) {
        scale_ = *scale;
      } else if (word == "S" || word == "Y" || word == "Z") {
        parameter_ = word[0];
      } else if (word == "MA" || word == "DB" || word == "RI") {
        form_ = word;
      } else if (word == "R" && i + 1 < words.size() && csv_number(words[i + 1]).value_or(0) > 0) {
        z0_ = *csv_number(words[++i]);
      } else {
        throw DataError(fmt::format(
            "{}: expected an option line such as # GHz S MA R 50 (S, Y or Z parameters), found {}",
            lines_.where(), shown(text)));
      }
    }
  }

  void add(std::string_view text) {
    cells_.split(text, ' ');
    if (per_point_ == 0) per_point_ = cells_.size();
    if (per_point_ != kOnePort && per_point_ != kTwoPorts) {
      throw DataError(fmt::format(
          "{}: expected 3 numbers (one port) or 9 (two ports) for each frequency, found {}",
          lines_.where(), per_point_));
    }
    for (std::string_view cell : cells_.all()) {
      const auto value = csv_number(cell);
      if (!value || !std::isfinite(*value)) {
        throw DataError(
            fmt::format("{}: expected a finite number, found {}", lines_.where(), shown(cell)));
      }
      pending_.push_back(*value);
    }
    // Noise parameters follow with a frequency that is not larger, and five numbers each.
    if (pending_.size() == 5 && !points_.empty() && per_point_ == kTwoPorts &&
        pending_[0] * scale_ <= points_.back().frequency) {
      noise_ = true;
      pending_.clear();
      return;
    }
    if (pending_.size() == per_point_) add_point();
    if (pending_.size() > per_point_) {
      throw DataError(fmt::format("{}: expected {} numbers per frequency, found {}", lines_.where(),
                                  per_point_, pending_.size()));
    }
  }

  Complex number(double a, double b) const {
    if (form_ == "RI") return {a, b};
    const double size = form_ == "DB" ? std::pow(10.0, a / 20) : a;
    return std::polar(std::abs(size), b * std::numbers::pi / 180) * (size < 0 ? -1.0 : 1.0);
  }

  void add_point() {
    std::vector<Complex> matrix;
    for (std::size_t i = 1; i < pending_.size(); i += 2) {
      matrix.push_back(number(pending_[i], pending_[i + 1]));
    }
    if (matrix.size() == 4 && !row_major_) std::swap(matrix[1], matrix[2]);
    const double frequency = pending_[0] * scale_;
    if (!points_.empty() && !(frequency > points_.back().frequency)) {
      throw DataError(fmt::format("{}: expected frequencies that increase, found {} Hz after {} Hz",
                                  lines_.where(), frequency, points_.back().frequency));
    }
    std::vector<Complex> y = admittance_of(matrix);
    if (y.empty()) {
      throw DataError(fmt::format("{}: expected parameters that have admittances, found a short",
                                  lines_.where()));
    }
    rows_.push_back(pending_);
    row_lines_.push_back(static_cast<std::uint32_t>(lines_.number()));
    points_.push_back({.frequency = frequency, .bias = {}, .admittance = std::move(y)});
    pending_.clear();
  }

  // Version 1 divides Z and multiplies Y by the reference.
  std::vector<Complex> admittance_of(const std::vector<Complex>& matrix) const {
    if (parameter_ == 'S') return admittances(matrix, z0_);
    const double norm = second_version_ ? 1 : 1 / z0_;
    std::vector<Complex> y = parameter_ == 'Y' ? matrix : inverse(matrix);
    for (Complex& value : y) value *= norm;
    return y;
  }

  FileContents finish() {
    if (points_.empty()) {
      throw DataError(
          fmt::format("{}: expected parameters at one frequency or more, found none", file_));
    }
    FileContents contents;
    DataTable& table = contents.table;
    const std::size_t ports = per_point_ == kOnePort ? 1 : 2;
    table.file = file_;
    table.format = fmt::format("Touchstone, {} port{}", ports, ports == 1 ? "" : "s");
    table.details = {fmt::format("{} parameters, {}, {} ohm", parameter_, form_, z0_)};
    if (noise_) {
      table.remarks.push_back(fmt::format("{}: left out the noise parameters at the end", file_));
    }
    fill_columns(table, ports);
    Record record{.kind = RecordKind::kAc};
    if (ports == 2) record.ports = {"1", "2"};
    record.admittance = std::move(points_);
    contents.chosen = true;
    contents.records.push_back(std::move(record));
    return contents;
  }

  void fill_columns(DataTable& table, std::size_t ports) const {
    std::vector<std::string> names = {"frequency"};
    const bool polar = form_ != "RI";
    for (std::size_t k = 0; k < ports * ports; ++k) {
      std::size_t row = k / ports + 1, column = k % ports + 1;
      if (!row_major_) std::swap(row, column);
      for (const char* part :
           {polar ? "|{}{}{}|" : "Re {}{}{}", polar ? "arg {}{}{}" : "Im {}{}{}"}) {
        names.push_back(fmt::format(fmt::runtime(part), parameter_, row, column));
      }
    }
    for (std::size_t j = 0; j < names.size(); ++j) {
      TableColumn column{.name = names[j]};
      for (const auto& row : rows_) column.values.push_back(row[j]);
      column.numbers = column.values.size();
      table.columns.push_back(std::move(column));
    }
    table.rows = rows_.size();
    table.lines = row_lines_;
  }

  std::string file_;
  CsvLines lines_;
  CsvCells cells_;
  bool has_options_ = false, row_major_ = false, second_version_ = false, noise_ = false;
  double scale_ = 1e9, z0_ = 50;
  char parameter_ = 'S';
  std::string form_ = "MA";
  std::size_t per_point_ = 0;
  std::vector<double> pending_;  // Of the frequency that is being read.
  std::vector<std::vector<double>> rows_;
  std::vector<std::uint32_t> row_lines_;
  std::vector<AdmittancePoint> points_;
};

}  // namespace

// An option line "# <unit of frequency> <parameter> ..." before any other text than comments.
bool is_touchstone(std::string_view head) {
  for (const HeadLine& line : lines_of_head(head, true)) {
    const std::string_view text = trimmed(line.text);
    if (text.empty() || text.front() == '!') continue;
    if (text.starts_with("[Version]")) return true;
    if (text.front() != '#') return false;
    const std::vector<std::string> words = option_words(text);
    if (words.empty() || words.size() > 6) return false;
    const bool frequency = std::any_of(words.begin(), words.end(), [](const std::string& word) {
      return frequency_scale(word).has_value();
    });
    const bool parameter = std::any_of(words.begin(), words.end(), [](const std::string& word) {
      return word.size() == 1 && std::string_view("SYZGH").find(word) != std::string_view::npos;
    });
    return frequency && parameter;
  }
  return false;
}

FileContents read_touchstone(ByteSource source, const ReadOptions&) {
  return TouchstoneReader(std::move(source)).read();
}

}  // namespace psi_xlstm
