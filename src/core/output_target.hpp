#pragma once

/// @file
/// Whether a place can be written to, asked before the work whose result goes there. The answer can
/// change until then; write_file() says so where it did.

#include <filesystem>
#include <string_view>

namespace psi_xlstm {

/// Throws DataError where `file` cannot be written: it is a folder, or the nearest folder above it
/// that exists takes no files. Makes nothing.
void check_output_file(const std::filesystem::path& file);

/// Throws DataError where `file` exists and does not hold `mark` in its first 4,096 bytes: it is
/// somebody else's, not one that this program wrote and may replace.
void check_own_file(const std::filesystem::path& file, std::string_view mark);

/// The same of a folder that files will go to.
void check_output_folder(const std::filesystem::path& folder);

}  // namespace psi_xlstm
