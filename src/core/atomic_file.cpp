#include "core/atomic_file.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <optional>
#include <system_error>
#include <thread>
#include <utility>

#include "core/descriptor.hpp"
#include "psi_xlstm/core/error.hpp"

namespace psi_xlstm {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kTemporaryPrefix = ".psi-";
constexpr std::string_view kTemporarySuffix = ".tmp";
constexpr int kMostLinks = 40;  // As the system follows.
constexpr std::chrono::milliseconds kReaderWait{10'000}, kReaderPause{50};

[[noreturn]] void fail_to_write(const fs::path& path, std::string_view found) {
  throw DataError(fmt::format("{}: expected to write the file, found: {}", path.string(), found));
}

[[noreturn]] void fail_to_write(const fs::path& path, int code) {
  fail_to_write(path, std::generic_category().message(code));
}

// Removes the file at the end of the scope unless it was kept.
class TemporaryFile {
 public:
  explicit TemporaryFile(fs::path path) : path_(std::move(path)) {}
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;
  ~TemporaryFile() {
    if (!path_.empty()) ::unlink(path_.c_str());
  }

  void keep() { path_.clear(); }

 private:
  fs::path path_;
};

struct OpenTemporary {
  fs::path path;
  Descriptor descriptor;
};

OpenTemporary open_temporary(const fs::path& target, const fs::path& folder) {
  while (true) {
    const auto path =
        folder / fmt::format("{}{}{}", kTemporaryPrefix, unforeseeable_name(), kTemporarySuffix);
    Descriptor file(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666));
    if (file.is_open()) return {path, std::move(file)};
    if (errno != EEXIST) fail_to_write(target, errno);
  }
}

// Waits until `descriptor`, which does not block, can take bytes again.
void wait_for_room(int descriptor) {
  pollfd wanted{.fd = descriptor, .events = POLLOUT, .revents = 0};
  ::poll(&wanted, 1, -1);
}

// The error code of writing all `bytes`, 0 if there is none.
int write_all(int descriptor, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(descriptor, bytes.data(), bytes.size());
    if (written >= 0) {
      bytes.remove_prefix(static_cast<std::size_t>(written));
    } else if (errno == EAGAIN) {
      wait_for_room(descriptor);
    } else if (errno != EINTR) {
      return errno;
    }
  }
  return 0;
}

// Makes the rename itself durable. Some file systems cannot fsync a folder and say EINVAL.
void synchronize_folder(const fs::path& target, const fs::path& folder) {
  const Descriptor descriptor(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!descriptor.is_open()) return;  // A folder that may be written but not read.
  if (::fsync(descriptor.number()) != 0 && errno != EINVAL) fail_to_write(target, errno);
}

// Where `path` leads once every symbolic link in its last part is followed; it need not exist.
fs::path behind_links(const fs::path& path) {
  fs::path file = path;
  std::error_code error;
  for (int followed = 0; fs::is_symlink(fs::symlink_status(file, error)); ++followed) {
    if (followed == kMostLinks) fail_to_write(path, ELOOP);
    const fs::path target = fs::read_symlink(file, error);
    if (error) fail_to_write(path, error.value());
    file = file.parent_path() / target;
  }
  return file;
}

// Opens the pipe or device at `path`. A pipe with a name cannot be opened before it has a reader.
Descriptor open_special(const fs::path& path) {
  const auto give_up = std::chrono::steady_clock::now() + kReaderWait;
  while (true) {
    Descriptor file(::open(path.c_str(), O_WRONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
    if (file.is_open()) return file;
    if (errno != ENXIO) fail_to_write(path, errno);
    if (std::chrono::steady_clock::now() > give_up) fail_to_write(path, "a pipe without a reader");
    std::this_thread::sleep_for(kReaderPause);
  }
}

void write_through(const fs::path& path, const Descriptor& file, std::string_view bytes) {
  if (!file.is_open()) fail_to_write(path, errno);
  if (const int code = write_all(file.number(), bytes); code != 0) fail_to_write(path, code);
}

// Replaces the regular file `file`, whose permissions were `mode` if it was there, else -1. `path`
// is the name of it that the user knows.
void replace(const fs::path& path, const fs::path& file, int mode, std::string_view bytes) {
  const fs::path folder = file.has_parent_path() ? file.parent_path() : fs::path(".");
  std::error_code error;
  fs::create_directories(folder, error);
  if (error) fail_to_write(path, error.value());

  OpenTemporary temporary = open_temporary(path, folder);
  TemporaryFile removal(temporary.path);
  const int number = temporary.descriptor.number();
  if (const int code = write_all(number, bytes); code != 0) fail_to_write(path, code);
  if (mode >= 0 && ::fchmod(number, static_cast<mode_t>(mode)) != 0 && errno != EPERM)
    fail_to_write(path, errno);
  if (::fsync(number) != 0) fail_to_write(path, errno);
  if (const int code = temporary.descriptor.close(); code != 0) fail_to_write(path, code);
  if (std::rename(temporary.path.c_str(), file.c_str()) != 0) fail_to_write(path, errno);
  removal.keep();
  synchronize_folder(path, folder);
}

}  // namespace

void write_file(const fs::path& path, std::string_view bytes) {
  if (const auto number = descriptor_named(path)) {
    return write_through(path, Descriptor(::fcntl(*number, F_DUPFD_CLOEXEC, 0)), bytes);
  }
  struct stat status {};
  const bool exists = ::stat(path.c_str(), &status) == 0;
  if (!exists || S_ISREG(status.st_mode)) {
    const int mode = exists ? static_cast<int>(status.st_mode & 0777U) : -1;
    return replace(path, behind_links(path), mode, bytes);
  }
  if (S_ISDIR(status.st_mode)) fail_to_write(path, EISDIR);
  if (!S_ISFIFO(status.st_mode) && !S_ISCHR(status.st_mode)) {
    fail_to_write(path, S_ISBLK(status.st_mode) ? "a disk" : "a socket");
  }
  write_through(path, open_special(path), bytes);
}

bool is_temporary_name(std::string_view name) {
  return name.starts_with(kTemporaryPrefix) && name.ends_with(kTemporarySuffix);
}

std::string unforeseeable_name() {
  constexpr std::string_view kDigits = "0123456789abcdefghijklmnopqrstuv";
  std::array<unsigned char, 16> random{};
  std::size_t filled = 0;
  while (filled < random.size()) {
    const ssize_t count = ::getrandom(random.data() + filled, random.size() - filled, 0);
    if (count < 0 && errno != EINTR) {
      throw Error(fmt::format("random bytes: expected some from the system, found: {}",
                              std::generic_category().message(errno)));
    }
    if (count > 0) filled += static_cast<std::size_t>(count);
  }
  std::string name;
  for (const unsigned char byte : random) name += kDigits[byte % kDigits.size()];
  return name;
}

}  // namespace psi_xlstm
