#pragma once

/// @file
/// Whether a place can be written to, asked before the work whose result goes there. The answer can
/// change until then; write_file() says so where it did.

#include <filesystem>

namespace psi_xlstm {

/// Throws DataError where `file` cannot be written: it is a folder, or the nearest folder above it
/// that exists takes no files. Makes nothing.
void check_output_file(const std::filesystem::path& file);

/// The same of a folder that files will go to.
void check_output_folder(const std::filesystem::path& folder);

}  // namespace psi_xlstm
