#include "core/input_file.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <string_view>
#include <system_error>
#include <utility>

#include "psi_xlstm/core/error.hpp"

namespace psi_xlstm {
namespace {

namespace fs = std::filesystem;

constexpr int kMostLinksRead = 40;  // As the system follows.

std::string reason(int code) { return std::generic_category().message(code); }

std::string_view kind_of(mode_t mode) {
  if (S_ISDIR(mode)) return "a directory";
  if (S_ISFIFO(mode)) return "a pipe with a name (FIFO)";
  if (S_ISCHR(mode) || S_ISBLK(mode)) return "a device";
  if (S_ISSOCK(mode)) return "a socket";
  return "something else";
}

// Opens the file behind `path`. A named pipe must not be waited for, so the open does not block;
// the descriptor that is open already (`number`) is the one thing that a path cannot open again
// everywhere.
Descriptor opened(const fs::path& path, std::optional<int> number) {
  if (number) return Descriptor(::fcntl(*number, F_DUPFD_CLOEXEC, 0));
  return Descriptor(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
}

}  // namespace

std::optional<int> descriptor_named(const fs::path& path) {
  std::error_code error;
  const fs::path own = fs::read_symlink("/proc/self", error);  // The number of this process.
  if (error) return std::nullopt;
  const fs::path folder = "/proc" / own / "fd";
  fs::path link = path;
  for (int followed = 0; followed < kMostLinksRead; ++followed) {
    const fs::path parent =
        fs::canonical(link.has_parent_path() ? link.parent_path() : fs::path("."), error);
    if (error) return std::nullopt;
    if (parent == folder) {
      const std::string name = link.filename().string();
      int number = -1;
      const auto [end, problem] = std::from_chars(name.data(), name.data() + name.size(), number);
      const bool whole = problem == std::errc() && end == name.data() + name.size();
      return whole && number >= 0 ? std::optional(number) : std::nullopt;
    }
    const fs::path target = fs::read_symlink(parent / link.filename(), error);
    if (error) return std::nullopt;
    link = parent / target;
  }
  return std::nullopt;
}

InputFile::InputFile(const fs::path& path, std::string kind, std::uint64_t largest)
    : kind_(std::move(kind)), left_(largest), largest_(largest) {
  const std::optional<int> number = descriptor_named(path);
  descriptor_ = opened(path, number);
  if (!descriptor_.is_open()) {
    throw DataError(
        fmt::format("{}: expected a readable {}, found: {}", path.string(), kind_, reason(errno)));
  }
  struct stat status {};
  if (::fstat(descriptor_.number(), &status) != 0) {
    throw DataError(
        fmt::format("{}: expected a readable {}, found: {}", path.string(), kind_, reason(errno)));
  }
  if (!S_ISREG(status.st_mode) && (S_ISDIR(status.st_mode) || !number)) {
    throw DataError(
        fmt::format("{}: expected a {}, found {}", path.string(), kind_, kind_of(status.st_mode)));
  }
  if (S_ISREG(status.st_mode) && static_cast<std::uint64_t>(status.st_size) > largest_) {
    refuse_size(path.string());
  }
}

void InputFile::refuse_size(const std::string& where) const {
  throw DataError(
      fmt::format("{}: expected a {} of at most {} bytes, found more", where, kind_, largest_));
}

std::size_t InputFile::read(std::span<char> buffer, const std::string& where) {
  // One byte more than may come tells a file that is too large from one that just fits.
  const std::size_t most = static_cast<std::size_t>(
      std::min<std::uint64_t>(buffer.size(), left_ < UINT64_MAX ? left_ + 1 : left_));
  while (true) {
    const ssize_t count = ::read(descriptor_.number(), buffer.data(), most);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) {
      throw DataError(fmt::format("{}: expected more of the {} or its end, found: {}", where, kind_,
                                  reason(errno)));
    }
    if (static_cast<std::uint64_t>(count) > left_) refuse_size(where);
    left_ -= static_cast<std::uint64_t>(count);
    return static_cast<std::size_t>(count);
  }
}

std::string InputFile::rest(const std::string& where) {
  std::string bytes;
  std::array<char, 1 << 16> buffer;
  while (const std::size_t count = read(buffer, where)) bytes.append(buffer.data(), count);
  return bytes;
}

std::string read_file(const fs::path& path, std::uint64_t largest) {
  return InputFile(path, "file", largest).rest(path.string());
}

}  // namespace psi_xlstm
