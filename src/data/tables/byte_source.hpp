#pragma once

/// @file
/// The bytes of a data file as its reader wants them: unpacked, and in an 8-bit encoding.

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "core/input_file.hpp"

namespace psi_xlstm {

/// What a data file may hold, unpacked [bytes].
inline constexpr std::uint64_t kLargestText = std::uint64_t{4} << 30;

/// A data file, opened as InputFile does. A file that is packed by gzip is unpacked while it is
/// read, text in UTF-16 with a byte-order mark becomes UTF-8; both are found by their first bytes.
/// Where the head has carriage returns and no line feed, as old programs end lines, they become
/// line feeds.
class ByteSource {
 public:
  /// Opens `file` and reads its head. Throws DataError as InputFile does, and where a packed file
  /// is damaged.
  explicit ByteSource(const std::filesystem::path& file);
  ByteSource(ByteSource&&) noexcept;
  ~ByteSource();

  /// The first 256 KiB of what read() returns, or all of it where that is less: what a format is
  /// recognised by.
  std::string_view head() const { return head_; }

  /// Whether head() is all there is.
  bool head_is_all() const { return head_is_all_; }

  /// Reads up to `buffer.size()` bytes from the start on, 0 at the end. Throws DataError, whose
  /// message opens with `where`, if the file cannot be read, is damaged, or gives more than 4 GiB.
  std::size_t read(std::span<char> buffer, const std::string& where);

  /// All that is still to come. Throws DataError where that is more than `largest` bytes.
  std::string rest(std::uint64_t largest);

  const std::string& name() const { return name_; }

  /// How the file is packed and encoded: "gzip", "UTF-16", "lines ended by CR", all that hold, or
  /// nothing.
  std::string packing() const;

 private:
  class Layers;

  std::string name_;
  std::unique_ptr<Layers> layers_;
  std::string head_;
  std::size_t given_ = 0;  // Bytes of head_ that read() has returned.
  bool head_is_all_ = false;
  bool returns_ = false;  // Lines end with a carriage return alone.
};

}  // namespace psi_xlstm
