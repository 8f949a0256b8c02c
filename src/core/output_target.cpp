#include "core/output_target.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <fstream>
#include <string>
#include <system_error>

#include "psi_xlstm/core/error.hpp"

namespace psi_xlstm {
namespace {

namespace fs = std::filesystem;

[[noreturn]] void refuse_target(const fs::path& place, const char* what, const std::string& found) {
  throw DataError(fmt::format("{}: expected {}, found: {}", place.string(), what, found));
}

// The reason why no file can be made in the nearest folder of `folder` that exists; 0: none.
int problem_in(fs::path folder) {
  std::error_code error;
  while (!fs::exists(folder, error)) {
    if (error && error != std::errc::no_such_file_or_directory) return error.value();
    const fs::path parent = folder.parent_path();
    if (parent == folder) return ENOENT;
    folder = parent.empty() ? fs::path(".") : parent;
  }
  if (!fs::is_directory(folder, error)) return ENOTDIR;
  return ::access(folder.c_str(), W_OK | X_OK) == 0 ? 0 : errno;
}

std::string reason_for(int code) { return std::generic_category().message(code); }

}  // namespace

void check_output_file(const fs::path& file) {
  constexpr const char* kWhat = "to write the file";
  std::error_code error;
  const fs::file_status status = fs::status(file, error);
  if (fs::is_directory(status)) refuse_target(file, kWhat, reason_for(EISDIR));
  // A pipe or a device takes what is written to it, whatever folder it is in.
  if (fs::exists(status) && !fs::is_regular_file(status)) return;
  const fs::path folder = fs::absolute(file, error).parent_path();
  if (const int code = problem_in(folder); code != 0) refuse_target(file, kWhat, reason_for(code));
}

void check_own_file(const fs::path& file, std::string_view mark) {
  check_output_file(file);
  std::error_code error;
  if (!fs::exists(file, error)) return;
  constexpr std::streamsize kOpening = 4096;
  std::string text(kOpening, '\0');
  std::ifstream stream(file, std::ios::binary);
  stream.read(text.data(), kOpening);
  text.resize(static_cast<std::size_t>(stream.gcount()));
  if (text.find(mark) != text.npos) return;
  throw DataError(
      fmt::format("{}: expected no file, or one that psi wrote, found another: give another folder "
                  "with --out, or move the file away",
                  file.string()));
}

void check_output_folder(const fs::path& folder) {
  std::error_code error;
  const int code = problem_in(fs::absolute(folder, error));
  if (code != 0) refuse_target(folder, "a folder to write to", reason_for(code));
}

}  // namespace psi_xlstm
