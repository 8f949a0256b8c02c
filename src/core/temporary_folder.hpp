#pragma once

#include <filesystem>
#include <string_view>

#include "core/descriptor.hpp"

namespace psi_xlstm {

/// An empty folder of this process below the folder for temporary files (TMPDIR), removed with all
/// its content at the end, also where SIGINT or SIGTERM ends the process. What a process has left
/// that was killed is removed by the first temporary folder of a later one: a lock, which the
/// system gives back however a process ends, tells whether the owner lives.
class TemporaryFolder {
 public:
  /// A folder whose name begins with psi_ and `purpose`. Throws DataError where there can be none.
  explicit TemporaryFolder(std::string_view purpose);
  ~TemporaryFolder();
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;

  /// Absolute.
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
  Descriptor owner_;  // The locked file .owner in it.
};

/// Removes those folders of this user below `folder` whose owner has ended.
void sweep_temporary_folders(const std::filesystem::path& folder);

}  // namespace psi_xlstm
