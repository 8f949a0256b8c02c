#pragma once

/// @file
/// Whole files in and out. A reader of a file written here sees the bytes before or the bytes
/// after, never a part of them, even if the machine stops in between.

#include <filesystem>
#include <string>
#include <string_view>

namespace psi_xlstm {

/// No file that is read whole is larger [bytes]: a wrong file ends at once, not after minutes.
inline constexpr std::size_t kLargestFile = std::size_t{512} << 20;

/// The bytes of `path`. Throws DataError if it is missing, a directory, larger than kLargestFile or
/// cannot be read.
std::string read_file(const std::filesystem::path& path);

/// Replaces `path` by a file holding `bytes`: temporary file in the same folder, write, fsync,
/// rename, fsync of the folder. Creates the parent folders. Throws DataError with the system's
/// reason if that fails; the temporary file is then removed and `path` is as it was.
void write_file(const std::filesystem::path& path, std::string_view bytes);

/// Whether `name` is a file name that write_file gives to its temporary files, so that what a
/// killed process left behind can be told from results.
bool is_temporary_name(std::string_view name);

}  // namespace psi_xlstm
