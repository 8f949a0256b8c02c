#include "core/atomic_file.hpp"

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <string>

#include "psi_xlstm/core/error.hpp"

namespace psi_xlstm {
namespace {

namespace fs = std::filesystem;

class AtomicFile : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ = fs::path(::testing::TempDir()) / ("atomic_file_" + std::to_string(::getpid()));
    fs::remove_all(folder_);
    fs::create_directories(folder_);
  }
  void TearDown() override { fs::remove_all(folder_); }

  int entries() const {
    return static_cast<int>(std::distance(fs::directory_iterator(folder_), {}));
  }

  fs::path folder_;
};

template <class Action>
std::string problem_with(Action action) {
  try {
    action();
  } catch (const DataError& e) {
    return e.what();
  }
  return "none";
}

TEST_F(AtomicFile, ReadsBackEveryByte) {
  std::string bytes;
  for (int i = 0; i < 300000; ++i) bytes += static_cast<char>(i * 7);
  write_file(folder_ / "bytes", bytes);
  EXPECT_EQ(read_file(folder_ / "bytes"), bytes);
}

TEST_F(AtomicFile, CreatesTheFoldersAboveTheFile) {
  write_file(folder_ / "a" / "b" / "c.txt", "text");
  EXPECT_EQ(read_file(folder_ / "a" / "b" / "c.txt"), "text");
}

TEST_F(AtomicFile, ReplacesAFileAndLeavesNothingElseBehind) {
  write_file(folder_ / "file", "a long first version");
  write_file(folder_ / "file", "second");
  EXPECT_EQ(read_file(folder_ / "file"), "second");
  EXPECT_EQ(entries(), 1);
}

// A descriptor opened before the write goes on reading the old bytes: the file was replaced, not
// written in place.
TEST_F(AtomicFile, DoesNotTouchTheBytesOfTheFileItReplaces) {
  write_file(folder_ / "file", "old");
  fs::create_hard_link(folder_ / "file", folder_ / "link");
  write_file(folder_ / "file", "new");
  EXPECT_EQ(read_file(folder_ / "link"), "old");
}

TEST_F(AtomicFile, TakesTheNextNameIfATemporaryFileWasLeftBehind) {
  const std::string left = ".psi-" + std::to_string(::getpid()) + "-0.tmp";
  write_file(folder_ / left, "left behind");
  ASSERT_TRUE(is_temporary_name(left));
  write_file(folder_ / "file", "text");
  EXPECT_EQ(read_file(folder_ / left), "left behind");
  EXPECT_EQ(read_file(folder_ / "file"), "text");
  EXPECT_FALSE(is_temporary_name("file"));
}

TEST_F(AtomicFile, SaysWhatCannotBeRead) {
  const auto missing = folder_ / "missing";
  EXPECT_EQ(problem_with([&] { read_file(missing); }),
            missing.string() + ": expected a readable file, found: No such file or directory");
  EXPECT_EQ(problem_with([&] { read_file(folder_); }),
            folder_.string() + ": expected a readable file, found: Is a directory");
}

TEST_F(AtomicFile, SaysWhatCannotBeWrittenAndRemovesTheTemporaryFile) {
  const auto folder = folder_ / "folder";
  fs::create_directories(folder);
  EXPECT_EQ(problem_with([&] { write_file(folder, "text"); }),
            folder.string() + ": expected to write the file, found: Is a directory");
  EXPECT_EQ(entries(), 1);

  write_file(folder_ / "file", "text");
  const auto below = folder_ / "file" / "below";
  EXPECT_EQ(problem_with([&] { write_file(below, "text"); }),
            below.string() + ": expected to write the file, found: Not a directory");
}

// A limit on the size of files stands for a full disk.
TEST_F(AtomicFile, KeepsTheOldFileWhenTheDiskIsFull) {
  write_file(folder_ / "file", "old");
  const auto before = std::signal(SIGXFSZ, SIG_IGN);
  rlimit limit{};
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &limit), 0);
  rlimit small = limit;
  small.rlim_cur = 1000;
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &small), 0);
  const std::string problem =
      problem_with([&] { write_file(folder_ / "file", std::string(5000, 'x')); });
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &limit), 0);
  std::signal(SIGXFSZ, before);

  EXPECT_EQ(problem,
            (folder_ / "file").string() + ": expected to write the file, found: File too large");
  EXPECT_EQ(read_file(folder_ / "file"), "old");
  EXPECT_EQ(entries(), 1);
}

// The superuser may write everywhere, so it becomes someone else for the time of the write.
TEST_F(AtomicFile, SaysThatAFolderMayNotBeWritten) {
  constexpr uid_t kNobody = 65534;
  const uid_t user = ::geteuid();
  fs::permissions(folder_, fs::perms::all & ~(fs::perms::owner_write | fs::perms::group_write |
                                              fs::perms::others_write));
  ASSERT_EQ(::seteuid(user == 0 ? kNobody : user), 0);
  const std::string problem = problem_with([&] { write_file(folder_ / "file", "text"); });
  ASSERT_EQ(::seteuid(user), 0);
  fs::permissions(folder_, fs::perms::owner_all);
  EXPECT_EQ(problem,
            (folder_ / "file").string() + ": expected to write the file, found: Permission denied");
}

}  // namespace
}  // namespace psi_xlstm
