#pragma once

/// @file
/// How every file of this folder begins: safetensors, whose metadata say what it is and of which
/// version. Files of version 0.1 of the program say neither and count as version 1.
///
///   format          "psi-xlstm model" or "psi-xlstm predictions"
///   format_version  "2", of a model of several ports, with charges or without a conductance "3"
///   made_by         the program that wrote it, with its version

#include <filesystem>
#include <map>
#include <string>

#include "core/json/safetensors.hpp"
#include "psi_xlstm/core/error.hpp"

namespace psi_xlstm::model {

/// What a file is, with the newest version that this program reads.
struct FileFormat {
  const char* name;
  int version;
};

inline constexpr FileFormat kModelFormat{"psi-xlstm model", 3};
inline constexpr FileFormat kPredictionsFormat{"psi-xlstm predictions", 2};

/// The metadata that a file of `format` and its version `version` begins with.
std::map<std::string, std::string> opening(const FileFormat& format, int version);

/// Reads `file`, which must be of `format` or of version 0.1. Throws DataError where it is missing,
/// no safetensors, of another format, of a newer version than this program reads, or with JSON in
/// it that is nested without end.
SafetensorsFile read_stored_file(const std::filesystem::path& file, const FileFormat& format);

/// `problem` as one line that opens with `where`.
DataError problem_in(const std::string& where, const std::string& problem);

/// Calls `read`; what it throws becomes a DataError that opens with `where`.
template <class Read>
auto named_problems(const std::string& where, const Read& read) {
  try {
    return read();
  } catch (const Error& e) {
    throw problem_in(where, e.what());
  }
}

}  // namespace psi_xlstm::model
