#include "core/temporary_folder.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <mutex>
#include <string>
#include <system_error>
#include <vector>

#include "core/atomic_file.hpp"
#include "core/leftovers.hpp"
#include "psi_xlstm/core/error.hpp"

namespace psi_xlstm {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kPrefix = "psi_";
constexpr std::string_view kSuffix = ".tmp";
constexpr const char* kOwner = ".owner";

[[noreturn]] void fail(const fs::path& folder, int code) {
  throw DataError(fmt::format("{}: expected to make a temporary folder there, found: {}",
                              folder.string(), std::generic_category().message(code)));
}

fs::path folder_for_all() {
  std::error_code problem;
  const fs::path folder = fs::temp_directory_path(problem);
  if (problem) {
    throw DataError(
        fmt::format("TMPDIR: expected a folder for temporary files, found: {}", problem.message()));
  }
  return fs::absolute(folder);
}

bool is_own_folder(const fs::path& path) {
  struct stat status {};
  return ::lstat(path.c_str(), &status) == 0 && S_ISDIR(status.st_mode) &&
         status.st_uid == ::geteuid();
}

// Whether another process has removed the open file.
bool is_removed(const Descriptor& file) {
  struct stat status {};
  return ::fstat(file.number(), &status) != 0 || status.st_nlink == 0;
}

// Removes `folder` if its owner has ended. One without an owner yet is being made just now, or its
// owner was killed meanwhile: an empty one goes, and who makes it makes another.
void remove_if_left(const fs::path& folder) {
  const Descriptor owner(::open((folder / kOwner).c_str(), O_RDWR | O_CLOEXEC | O_NOFOLLOW));
  if (!owner.is_open()) {
    ::rmdir(folder.c_str());
    return;
  }
  if (::flock(owner.number(), LOCK_EX | LOCK_NB) != 0) return;
  std::error_code ignored;  // What cannot be removed stays for another time.
  if (!is_removed(owner)) fs::remove_all(folder, ignored);
}

// Makes and locks the file that shows that `folder` has an owner; none where a sweep was faster.
Descriptor owner_of(const fs::path& folder) {
  Descriptor file(::open((folder / kOwner).c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
  if (!file.is_open()) return {};
  while (::flock(file.number(), LOCK_EX) != 0) {
    if (errno != EINTR) return file;  // No locks on this file system: then nobody sweeps.
  }
  return is_removed(file) ? Descriptor() : std::move(file);
}

}  // namespace

void sweep_temporary_folders(const fs::path& folder) {
  std::error_code problem;
  std::vector<fs::path> found;
  for (fs::directory_iterator entry(folder, problem), end; !problem && entry != end;
       entry.increment(problem)) {
    const std::string name = entry->path().filename().string();
    if (name.starts_with(kPrefix) && name.ends_with(kSuffix)) found.push_back(entry->path());
  }
  for (const fs::path& path : found) {
    if (is_own_folder(path)) remove_if_left(path);
  }
}

TemporaryFolder::TemporaryFolder(std::string_view purpose) {
  static std::once_flag swept;
  const fs::path folder = folder_for_all();
  std::call_once(swept, [&] { sweep_temporary_folders(folder); });
  const auto lock = Leftovers::lock();
  while (!owner_.is_open()) {
    path_ = folder / fmt::format("{}{}_{}{}", kPrefix, purpose, unforeseeable_name(), kSuffix);
    if (::mkdir(path_.c_str(), 0700) != 0) {
      if (errno == EEXIST) continue;
      fail(folder, errno);
    }
    owner_ = owner_of(path_);
    if (!owner_.is_open() && is_own_folder(path_)) {
      const int code = errno;
      std::error_code ignored;
      fs::remove_all(path_, ignored);
      fail(folder, code);
    }
  }
  Leftovers::add(path_);
}

TemporaryFolder::~TemporaryFolder() {
  const auto lock = Leftovers::lock();
  std::error_code ignored;
  fs::remove_all(path_, ignored);
  Leftovers::remove(path_);
}

}  // namespace psi_xlstm
