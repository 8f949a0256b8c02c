#include "data/readers/spice_raw.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <optional>

#include "data/tables/csv_lines.hpp"
#include "psi_xlstm/core/error.hpp"

namespace psi_xlstm {
namespace {

constexpr std::size_t kMostVariables = 100'000;

template <class Number>
Number little_endian(const char* bytes) {
  Number value;
  std::memcpy(&value, bytes, sizeof value);
  static_assert(std::endian::native == std::endian::little);
  return value;
}

std::size_t raw_count(std::string_view text, const std::string& file, std::string_view what) {
  text = trimmed(text);
  std::size_t value = 0;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (problem != std::errc() || end != text.data() + text.size()) {
    throw DataError(
        fmt::format("{}: expected the number of {} in the header of a SPICE raw file, "
                    "found {}",
                    file, what, shown(text)));
  }
  return value;
}

std::string in_small_letters(std::string_view text) {
  std::string small(text);
  for (char& c : small) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  return small;
}

// Reads plots from the bytes of one file.
class RawReader {
 public:
  RawReader(std::string_view bytes, const std::string& file) : bytes_(bytes), file_(file) {
    wide_ = bytes.size() > 1 && bytes[1] == '\0';
  }

  std::vector<RawPlot> read() {
    std::vector<RawPlot> plots;
    while (skip_blanks()) {
      RawPlot plot;
      plot.header = header();
      plot.header.binary ? read_binary(plot) : read_ascii(plot);
      plots.push_back(std::move(plot));
    }
    if (plots.empty()) refuse_header("a plot", "none");
    return plots;
  }

 private:
  bool skip_blanks() {
    const std::string_view blanks = wide_ ? std::string_view("\r\n \0", 4) : "\r\n ";
    while (at_ < bytes_.size() && blanks.find(bytes_[at_]) != blanks.npos) ++at_;
    return at_ < bytes_.size();
  }

  // The next line of the header, without its end; of UTF-16 the low bytes.
  std::optional<std::string> line() {
    constexpr std::size_t kLongest = 65'536;
    const std::size_t step = wide_ ? 2 : 1;
    std::string text;
    for (; at_ + step <= bytes_.size(); at_ += step) {
      if (bytes_[at_] == '\n') {
        at_ += step;
        if (text.ends_with('\r')) text.pop_back();
        return text;
      }
      text += bytes_[at_];
      if (text.size() > kLongest) break;
    }
    return std::nullopt;
  }

  [[noreturn]] void refuse_header(std::string_view expected, std::string_view found) const {
    throw DataError(fmt::format("{}: expected {} in the header of a SPICE raw file, found {}",
                                file_, expected, found));
  }

  RawHeader header() {
    RawHeader out;
    out.wide = wide_;
    out.ltspice = wide_;
    std::optional<std::size_t> variables, points;
    while (auto text = line()) {
      const std::size_t colon = std::min(text->find(':'), text->size());
      const std::string key = text->substr(0, colon);
      const std::string_view value =
          trimmed(std::string_view(*text).substr(std::min(colon + 1, text->size())));
      if (key == "Plotname") out.plot = value;
      if (key == "Flags") out.flags = in_small_letters(value);
      if (key == "Command" && value.find("Linear Technology") != value.npos) out.ltspice = true;
      if (key == "Command" && value.find("LTspice") != value.npos) out.ltspice = true;
      if (key == "No. Variables") variables = raw_count(value, file_, "variables");
      if (key == "No. Points") points = raw_count(value, file_, "points");
      if (key == "Variables") read_variables(out, value, variables);
      if (key == "Binary" || key == "Values") {
        if (out.names.empty()) refuse_header("a list of variables", "none");
        if (!points) refuse_header("a number of points", "none");
        out.points = *points;
        out.binary = key == "Binary";
        return out;
      }
    }
    refuse_header("\"Binary:\" or \"Values:\"", "the end of the file");
  }

  void read_variables(RawHeader& out, std::string_view first, std::optional<std::size_t> count) {
    if (!count || *count == 0 || *count > kMostVariables) {
      refuse_header(fmt::format("1 to {} variables", kMostVariables),
                    count ? fmt::format("{}", *count) : "no number");
    }
    CsvCells cells;
    std::optional<std::string> text = first.empty() ? line() : std::string(first);
    for (std::size_t i = 0; i < *count; ++i, text = i < *count ? line() : text) {
      if (!text) refuse_header("as many lines of variables as it says", "the end of the file");
      cells.split(*text, ' ');
      if (cells.size() < 3) {
        refuse_header("number, name and type of a variable", shown(*text));
      }
      out.names.emplace_back(cells[1]);
      out.types.emplace_back(cells[2]);
    }
  }

  [[noreturn]] void refuse_end(const RawHeader& header, std::size_t found) const {
    throw DataError(
        fmt::format("{}: expected {} points of {} variables as its header says, found the end of "
                    "the file after {}; is the simulation still running?",
                    file_, header.points, header.names.size(), found));
  }

  static void make_room(RawPlot& plot) {
    plot.real.assign(plot.header.names.size(), std::vector<double>(plot.header.points));
    if (plot.header.complex()) plot.imaginary = plot.real;
  }

  // LTspice stores the time as a double and the rest as floats unless it says "double".
  void read_binary(RawPlot& plot) {
    const RawHeader& h = plot.header;
    const std::size_t variables = h.names.size();
    const bool floats = h.ltspice && !h.complex() && h.flags.find("double") == h.flags.npos;
    const std::size_t width = h.complex() ? 16 : floats ? 4 : 8;
    const std::size_t point = floats ? 8 + 4 * (variables - 1) : width * variables;
    const std::size_t left = bytes_.size() - at_;
    if (h.points > left / point) refuse_end(h, left / point);
    make_room(plot);
    const bool by_variable = h.flags.find("fastaccess") != h.flags.npos;
    for (std::size_t j = 0; j < variables; ++j) {
      const std::size_t before = floats && j > 0 ? 8 + 4 * (j - 1) : width * j;
      const std::size_t size = floats && j == 0 ? 8 : width;
      for (std::size_t k = 0; k < h.points; ++k) {
        const std::size_t offset = by_variable ? before * h.points + k * size : k * point + before;
        const char* bytes = bytes_.data() + at_ + offset;
        plot.real[j][k] = size == 4 ? static_cast<double>(little_endian<float>(bytes))
                                    : little_endian<double>(bytes);
        if (size == 16) plot.imaginary[j][k] = little_endian<double>(bytes + 8);
      }
    }
    at_ += h.points * point;
  }

  // The next word of an ascii file; of UTF-16 the low bytes, until the next one is read.
  std::string_view word() {
    constexpr std::string_view kBlanks = " \t\r\n";
    if (wide_) {
      word_.clear();
      for (; at_ + 2 <= bytes_.size(); at_ += 2) {
        const bool blank = kBlanks.find(bytes_[at_]) != kBlanks.npos;
        if (blank && !word_.empty()) break;
        if (!blank) word_ += bytes_[at_];
      }
      return word_;
    }
    at_ = std::min(bytes_.find_first_not_of(kBlanks, at_), bytes_.size());
    const std::size_t end = std::min(bytes_.find_first_of(kBlanks, at_), bytes_.size());
    const std::string_view text = bytes_.substr(at_, end - at_);
    at_ = end;
    return text;
  }

  double number(std::string_view text, std::size_t point) const {
    const auto value = csv_number(text);
    if (!value) {
      throw DataError(
          fmt::format("{}: point {}: expected a number, found {}", file_, point + 1, shown(text)));
    }
    return *value;
  }

  // A point is its number, then the values of all variables; "re,im" in complex plots.
  void read_ascii(RawPlot& plot) {
    const RawHeader& h = plot.header;
    constexpr std::size_t kFewestBytes = 2;
    const std::size_t most = (bytes_.size() - at_) / kFewestBytes;
    if (h.points > most / h.names.size()) refuse_end(h, most / h.names.size());
    make_room(plot);
    for (std::size_t k = 0; k < h.points; ++k) {
      const std::string_view index = word();
      if (index.empty()) refuse_end(h, k);
      if (number(index, k) != static_cast<double>(k)) {
        throw DataError(fmt::format("{}: point {}: expected its number {}, found {}", file_, k + 1,
                                    k, shown(index)));
      }
      for (std::size_t j = 0; j < h.names.size(); ++j) {
        std::string_view text = word();
        if (text.empty()) refuse_end(h, k);
        const std::size_t comma = h.complex() ? text.find(',') : text.npos;
        plot.real[j][k] = number(text.substr(0, comma), k);
        if (comma != text.npos) plot.imaginary[j][k] = number(text.substr(comma + 1), k);
      }
    }
  }

  std::string_view bytes_;
  const std::string& file_;
  std::size_t at_ = 0;
  bool wide_ = false;
  std::string word_;
};

}  // namespace

std::vector<RawPlot> raw_plots(std::string_view bytes, const std::string& file) {
  return RawReader(bytes, file).read();
}

}  // namespace psi_xlstm
