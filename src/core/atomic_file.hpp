#pragma once

/// @file
/// Whole files out. A reader of a file written here sees the bytes before or the bytes after, never
/// a part of them, even if the machine stops in between.

#include <filesystem>
#include <string_view>

#include "core/input_file.hpp"

namespace psi_xlstm {

/// Replaces the file `path` by one holding `bytes`: temporary file in the same folder, write,
/// fsync, rename, fsync of the folder. Creates the parent folders; the permissions of a file that
/// was there stay. A symbolic link is followed, and what it points at is replaced. What is no
/// regular file (a pipe, a terminal, /dev/null, /dev/stdout) stays what it is: the bytes are
/// written to it. Throws DataError with the system's reason if that fails, for a directory, a disk
/// or a socket, and for a pipe with a name (FIFO) that nobody reads within 10 s; the temporary file
/// is then removed and `path` is as it was.
void write_file(const std::filesystem::path& path, std::string_view bytes);

/// Whether `name` is a file name that write_file gives to its temporary files, so that what a
/// killed process left behind can be told from results.
bool is_temporary_name(std::string_view name);

/// Sixteen letters and digits that nobody can foresee, for the names of temporary files.
std::string unforeseeable_name();

}  // namespace psi_xlstm
