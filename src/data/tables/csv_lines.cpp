#include "data/tables/csv_lines.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstring>
#include <limits>
#include <span>
#include <system_error>
#include <utility>

#include "psi_xlstm/core/error.hpp"

namespace psi_xlstm {
namespace {

constexpr std::size_t kBufferSize = std::size_t{256} * 1024;
constexpr std::size_t kLongestLine = std::size_t{64} * 1024;
constexpr std::size_t kLongestShown = 40;
constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

bool is_space(char c) { return c == ' ' || c == '\t'; }

}  // namespace

CsvLines::CsvLines(const std::filesystem::path& file) : CsvLines(ByteSource(file)) {}

CsvLines::CsvLines(ByteSource source)
    : source_(std::move(source)), buffer_(new char[kBufferSize]) {}

std::string CsvLines::where() const { return fmt::format("{}:{}", source_.name(), number_); }

// Moves the unread bytes to the front and reads more behind them; false at the end of the file.
bool CsvLines::fill() {
  std::memmove(buffer_.get(), buffer_.get() + begin_, end_ - begin_);
  end_ -= begin_;
  begin_ = 0;
  const std::size_t count = source_.read(std::span(buffer_.get(), kBufferSize).subspan(end_),
                                         fmt::format("{}:{}", source_.name(), number_ + 1));
  end_ += count;
  return count > 0;
}

std::optional<std::string_view> CsvLines::raw_line() {
  std::size_t searched = 0;
  for (bool more = true;;) {
    const char* start = buffer_.get() + begin_;
    const std::size_t size = end_ - begin_;
    const void* found = std::memchr(start + searched, '\n', size - searched);
    const bool complete = found != nullptr;
    const std::size_t length =
        complete ? static_cast<std::size_t>(static_cast<const char*>(found) - start) : size;
    if (!more && !complete && size == 0) return std::nullopt;
    if (complete || !more || length > kLongestLine) {
      ++number_;
      begin_ += complete ? length + 1 : length;
      return std::string_view(start, length);
    }
    searched = size;
    more = fill();
  }
}

std::optional<std::string_view> CsvLines::next_line() {
  const auto raw = raw_line();
  if (!raw) return std::nullopt;
  std::string_view line = *raw;
  if (std::memchr(line.data(), '\0', line.size()) != nullptr) {
    throw DataError(fmt::format("{}: expected plain text, found a NUL byte", where()));
  }
  if (line.size() > kLongestLine) {
    throw DataError(
        fmt::format("{}: expected lines of at most 64 KiB, found a longer one", where()));
  }
  if (number_ == 1 && line.starts_with(kByteOrderMark)) line.remove_prefix(kByteOrderMark.size());
  if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
  return line;
}

std::optional<std::string_view> CsvLines::next() {
  while (const auto line = next_line()) {
    const std::string_view text = trimmed(*line);
    if (!text.empty() && text.front() != '#') return line;
  }
  return std::nullopt;
}

bool CsvCells::split(std::string_view line, char separator) {
  cells_.clear();
  if (separator == ' ') {
    split_blanks(line);
    return true;
  }
  if (std::memchr(line.data(), '"', line.size()) != nullptr) return split_quoted(line, separator);
  while (true) {
    const std::size_t end = line.find(separator);
    cells_.push_back(trimmed(line.substr(0, end)));
    if (end == std::string_view::npos) return true;
    line.remove_prefix(end + 1);
  }
}

// Cells may be "quoted, with separators and ""quotes"" in them".
bool CsvCells::split_quoted(std::string_view line, char separator) {
  unquoted_.clear();
  unquoted_.reserve(line.size());  // never moved, so that cells may point into it
  for (std::size_t at = 0; at <= line.size(); ++at) {
    const std::size_t start = unquoted_.size();
    bool quoted = false;
    for (; at < line.size() && (quoted || line[at] != separator); ++at) {
      if (line[at] != '"') {
        unquoted_ += line[at];
      } else if (quoted && at + 1 < line.size() && line[at + 1] == '"') {
        unquoted_ += line[++at];
      } else {
        quoted = !quoted;
      }
    }
    if (quoted) return false;
    cells_.push_back(trimmed(std::string_view(unquoted_).substr(start)));
  }
  return true;
}

void CsvCells::split_blanks(std::string_view line) {
  for (line = trimmed(line); !line.empty(); line = trimmed(line)) {
    const std::size_t end = std::min(line.find_first_of(" \t"), line.size());
    cells_.push_back(line.substr(0, end));
    line.remove_prefix(end);
  }
}

void CsvCells::drop_empty_end(std::size_t least) {
  while (cells_.size() > least && cells_.back().empty()) cells_.pop_back();
}

bool same_in_any_case(std::string_view a, std::string_view b) {
  const auto small = [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  };
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [&](char x, char y) { return small(x) == small(y); });
}

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_space(text.back())) text.remove_suffix(1);
  return text;
}

std::optional<double> csv_number(std::string_view cell) {
  if (cell.size() > 1 && cell[0] == '+' && cell[1] != '-') cell.remove_prefix(1);
  double value = 0;
  const char* end = cell.data() + cell.size();
  const auto [stop, error] = std::from_chars(cell.data(), end, value);
  if (stop != end || error == std::errc::invalid_argument) return std::nullopt;
  if (error == std::errc::result_out_of_range) {
    const bool tiny = cell.find("e-") != cell.npos || cell.find("E-") != cell.npos;
    return tiny ? 0 : std::numeric_limits<double>::infinity();
  }
  return value;
}

std::string shown(std::string_view text) {
  std::string printable;
  for (char c : text.substr(0, kLongestShown)) printable += c >= ' ' && c <= '~' ? c : '?';
  return '"' + printable + '"';
}

}  // namespace psi_xlstm
