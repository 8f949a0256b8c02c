#pragma once

/// @file
/// The text level of CSV files: lines, cells and numbers, whatever they mean.

#include <cstddef>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "data/tables/byte_source.hpp"

namespace psi_xlstm {

/// Streams the lines of a text file, so that a file that is no text fails at its first line.
class CsvLines {
 public:
  /// Opens `file`, as InputFile does. Throws DataError if it is missing, no file, or cannot be
  /// opened.
  explicit CsvLines(const std::filesystem::path& file);

  /// Streams what is still to come of `source`.
  explicit CsvLines(ByteSource source);

  /// Returns the next line, whatever is in it, else as next().
  std::optional<std::string_view> next_line();

  /// Returns the next line that is neither blank nor a comment ("#"), without its line end and
  /// without a byte-order mark, or nothing at the end of the file. The text is valid until the next
  /// call. Throws DataError for a line of more than 64 KiB, a NUL byte, a failing read, and more
  /// than 4 GiB.
  std::optional<std::string_view> next();

  /// Returns the number of the line last returned, counted from 1.
  std::size_t number() const { return number_; }

  /// Returns "file:line" of the line last returned, to open a message.
  std::string where() const;

 private:
  std::optional<std::string_view> raw_line();
  bool fill();

  ByteSource source_;
  std::unique_ptr<char[]>
      buffer_;  // Not filled with zeros, which would take longer than a small file.
  std::size_t begin_ = 0, end_ = 0;  // Of the bytes in buffer_ that are not consumed yet.
  std::size_t number_ = 0;
};

/// Splits lines into cells.
class CsvCells {
 public:
  /// Splits `line`, which must outlive the cells; spaces around cells and double quotes around
  /// their text are removed. The separator ' ' is any run of blanks and tabs, also at both ends.
  /// Returns false if a quote is not closed.
  bool split(std::string_view line, char separator);

  /// Removes empty cells at the end, but leaves `least`.
  void drop_empty_end(std::size_t least = 0);

  std::size_t size() const { return cells_.size(); }
  std::string_view operator[](std::size_t i) const { return cells_[i]; }
  std::span<const std::string_view> all() const { return cells_; }

 private:
  bool split_quoted(std::string_view line, char separator);
  void split_blanks(std::string_view line);

  std::vector<std::string_view> cells_;
  std::string unquoted_;  // The text of quoted cells.
};

/// `text` without spaces and tabs at both ends.
std::string_view trimmed(std::string_view text);

/// Whether `a` and `b` differ at most in the case of letters of ASCII.
bool same_in_any_case(std::string_view a, std::string_view b);

/// The number that fills the whole of `cell`, whatever the locale; a leading "+" is allowed, and a
/// number too large for a double is infinite. Nothing if `cell` is not a number.
std::optional<double> csv_number(std::string_view cell);

/// `text` for a message: in double quotes, at most 40 characters, "?" for each byte that is not
/// printable ASCII.
std::string shown(std::string_view text);

}  // namespace psi_xlstm
