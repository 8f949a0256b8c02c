// Gives every test program a folder of its own as ::testing::TempDir(), so that programs, or parts
// of one, that run side by side do not write each other's files.

#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <string>
#include <system_error>

namespace {

class TemporaryFolder {
 public:
  TemporaryFolder() {
    if (std::getenv("TEST_TMPDIR") != nullptr) return;  // of whoever runs the tests
    path_ = (std::filesystem::temp_directory_path() / "psi_tests_XXXXXX").string();
    if (mkdtemp(path_.data()) == nullptr) {
      path_.clear();
      return;
    }
    setenv("TEST_TMPDIR", path_.c_str(), 1);
  }
  ~TemporaryFolder() {
    std::error_code ignored;
    if (!path_.empty() && getpid() == owner_) std::filesystem::remove_all(path_, ignored);
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;

 private:
  std::string path_;
  pid_t owner_ = getpid();
};

const TemporaryFolder kFolder;

}  // namespace
