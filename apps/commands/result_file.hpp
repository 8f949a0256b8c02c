#pragma once

#include <fmt/format.h>
#include <unistd.h>

#include <filesystem>
#include <string>
#include <system_error>

namespace psi_xlstm::apps {

/// Removes the file it names, unless the user asked for it.
class ResultFile {
 public:
  explicit ResultFile(const std::string& wanted)
      : temporary_(wanted.empty()),
        path_(temporary_ ? std::filesystem::temp_directory_path() /
                               fmt::format("psi_bench_{}.json", ::getpid())
                         : std::filesystem::absolute(wanted)) {}
  ResultFile(const ResultFile&) = delete;
  ResultFile& operator=(const ResultFile&) = delete;
  ~ResultFile() {
    std::error_code ignored;
    if (temporary_) std::filesystem::remove(path_, ignored);
  }
  const std::filesystem::path& path() const { return path_; }

 private:
  bool temporary_;
  std::filesystem::path path_;
};

}  // namespace psi_xlstm::apps
