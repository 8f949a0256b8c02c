#include "core/atomic_file.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <system_error>
#include <utility>

#include "psi_xlstm/core/error.hpp"

namespace psi_xlstm {
namespace {

constexpr std::string_view kTemporaryPrefix = ".psi-";
constexpr std::string_view kTemporarySuffix = ".tmp";

std::string reason(int code) { return std::generic_category().message(code); }

[[noreturn]] void fail_to_read(const std::filesystem::path& path, int code) {
  throw DataError(
      fmt::format("{}: expected a readable file, found: {}", path.string(), reason(code)));
}

[[noreturn]] void fail_to_write(const std::filesystem::path& path, int code) {
  throw DataError(
      fmt::format("{}: expected to write the file, found: {}", path.string(), reason(code)));
}

// Closes the descriptor at the end of the scope.
class Descriptor {
 public:
  explicit Descriptor(int number) : number_(number) {}
  Descriptor(Descriptor&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  Descriptor& operator=(Descriptor&&) = delete;
  ~Descriptor() {
    if (number_ >= 0) ::close(number_);
  }

  int number() const { return number_; }

  // Closes now; the error code, 0 if there is none.
  int close() { return ::close(std::exchange(number_, -1)) == 0 ? 0 : errno; }

 private:
  int number_;
};

// Removes the file at the end of the scope unless it was kept.
class TemporaryFile {
 public:
  explicit TemporaryFile(std::filesystem::path path) : path_(std::move(path)) {}
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;
  ~TemporaryFile() {
    if (!path_.empty()) ::unlink(path_.c_str());
  }

  void keep() { path_.clear(); }

 private:
  std::filesystem::path path_;
};

struct OpenTemporary {
  std::filesystem::path path;
  Descriptor descriptor;
};

OpenTemporary open_temporary(const std::filesystem::path& target,
                             const std::filesystem::path& folder) {
  for (int attempt = 0;; ++attempt) {
    const auto path =
        folder / fmt::format("{}{}-{}{}", kTemporaryPrefix, ::getpid(), attempt, kTemporarySuffix);
    const int number = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (number >= 0) return {path, Descriptor(number)};
    if (errno != EEXIST) fail_to_write(target, errno);
  }
}

// The error code of writing all `bytes`, 0 if there is none.
int write_all(int descriptor, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(descriptor, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return errno;
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  return 0;
}

// Makes the rename itself durable. Some file systems cannot fsync a folder and say EINVAL.
void synchronize_folder(const std::filesystem::path& target, const std::filesystem::path& folder) {
  const Descriptor descriptor(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (descriptor.number() < 0) return;  // A folder that may be written but not read.
  if (::fsync(descriptor.number()) != 0 && errno != EINVAL) fail_to_write(target, errno);
}

}  // namespace

std::string read_file(const std::filesystem::path& path) {
  const Descriptor descriptor(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (descriptor.number() < 0) fail_to_read(path, errno);
  std::error_code error;
  const std::uintmax_t size = std::filesystem::file_size(path, error);
  if (!error && size > kLargestFile) {
    throw DataError(fmt::format("{}: expected a file of at most {} bytes, found {}", path.string(),
                                kLargestFile, size));
  }
  std::string bytes;
  std::array<char, 1 << 16> buffer;
  while (true) {
    const ssize_t count = ::read(descriptor.number(), buffer.data(), buffer.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) fail_to_read(path, errno);
    if (count == 0) return bytes;
    bytes.append(buffer.data(), static_cast<std::size_t>(count));
  }
}

void write_file(const std::filesystem::path& path, std::string_view bytes) {
  const auto folder = path.has_parent_path() ? path.parent_path() : std::filesystem::path(".");
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (error) fail_to_write(path, error.value());

  OpenTemporary temporary = open_temporary(path, folder);
  TemporaryFile removal(temporary.path);
  const int number = temporary.descriptor.number();
  if (const int code = write_all(number, bytes); code != 0) fail_to_write(path, code);
  if (::fsync(number) != 0) fail_to_write(path, errno);
  if (const int code = temporary.descriptor.close(); code != 0) fail_to_write(path, code);
  if (std::rename(temporary.path.c_str(), path.c_str()) != 0) fail_to_write(path, errno);
  removal.keep();
  synchronize_folder(path, folder);
}

bool is_temporary_name(std::string_view name) {
  return name.starts_with(kTemporaryPrefix) && name.ends_with(kTemporarySuffix);
}

}  // namespace psi_xlstm
