#pragma once

/// @file
/// Reading of files that a user names: never without end, never waiting for a writer that is not
/// there.

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string>

#include "core/descriptor.hpp"

namespace psi_xlstm {

/// No file that is read whole is larger [bytes]: a wrong file ends at once, not after minutes.
inline constexpr std::uint64_t kLargestFile = std::uint64_t{512} << 20;

/// The number that `path` gives to a descriptor which this process has open already, such as 0 for
/// /dev/stdin and 63 for /dev/fd/63; nothing for any other path.
std::optional<int> descriptor_named(const std::filesystem::path& path);

/// A file opened for reading: a regular file, or, where the path names a descriptor that is open
/// already (/dev/stdin, /dev/fd/63), also a pipe or a terminal.
class InputFile {
 public:
  /// Opens `path`; `kind` is what the messages call it, such as "CSV file". A file that gives more
  /// than `largest` bytes ends with a sentence. Throws DataError unless it can be read.
  InputFile(const std::filesystem::path& path, std::string kind, std::uint64_t largest);

  /// Reads up to `buffer.size()` bytes, 0 at the end of the file. Throws DataError, whose message
  /// opens with `where`, if the read fails or the file is too large.
  std::size_t read(std::span<char> buffer, const std::string& where);

  /// All that is still to come. Throws as read() does.
  std::string rest(const std::string& where);

 private:
  [[noreturn]] void refuse_size(const std::string& where) const;

  std::string kind_;
  Descriptor descriptor_;
  std::uint64_t left_;     // Bytes that may still come.
  std::uint64_t largest_;  // Bytes.
};

/// The bytes of `path`, a regular file or an open descriptor as above. Throws DataError if it is
/// missing, something else, larger than `largest` bytes, or cannot be read.
std::string read_file(const std::filesystem::path& path, std::uint64_t largest = kLargestFile);

}  // namespace psi_xlstm
