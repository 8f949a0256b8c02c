#include "core/atomic_file.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>
#include <string>
#include <thread>

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
std::string problem_with_writing(Action action) {
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

// Somebody who can foresee the name could put a link there.
TEST_F(AtomicFile, GivesTemporaryFilesNamesThatNobodyCanForesee) {
  std::set<std::string> names;
  for (int i = 0; i < 1000; ++i) {
    names.insert(unforeseeable_name());
    EXPECT_EQ(names.rbegin()->size(), 16u);
  }
  EXPECT_EQ(names.size(), 1000u);
  EXPECT_TRUE(is_temporary_name(".psi-" + unforeseeable_name() + ".tmp"));
  EXPECT_FALSE(is_temporary_name("file"));
}

TEST_F(AtomicFile, KeepsThePermissionsOfTheFileItReplaces) {
  write_file(folder_ / "file", "old");
  fs::permissions(folder_ / "file", fs::perms::owner_read | fs::perms::owner_write);
  write_file(folder_ / "file", "new");
  EXPECT_EQ(fs::status(folder_ / "file").permissions(),
            fs::perms::owner_read | fs::perms::owner_write);
}

TEST_F(AtomicFile, FollowsALinkAndLeavesItALink) {
  fs::create_directories(folder_ / "deep");
  write_file(folder_ / "deep" / "file", "old");
  fs::create_symlink("deep/file", folder_ / "second");
  fs::create_symlink(folder_ / "second", folder_ / "first");
  write_file(folder_ / "first", "new");
  EXPECT_TRUE(fs::is_symlink(folder_ / "first"));
  EXPECT_TRUE(fs::is_symlink(folder_ / "second"));
  EXPECT_EQ(read_file(folder_ / "deep" / "file"), "new");

  fs::create_symlink("deep/not_yet", folder_ / "dangling");
  write_file(folder_ / "dangling", "made");
  EXPECT_TRUE(fs::is_symlink(folder_ / "dangling"));
  EXPECT_EQ(read_file(folder_ / "deep" / "not_yet"), "made");

  fs::create_symlink("round", folder_ / "round");
  EXPECT_EQ(problem_with_writing([&] { write_file(folder_ / "round", "text"); }),
            (folder_ / "round").string() +
                ": expected to write the file, found: Too many levels of symbolic links");
}

TEST_F(AtomicFile, WritesThroughADeviceAndLeavesItADevice) {
  write_file("/dev/null", "text");
  EXPECT_TRUE(fs::is_character_file("/dev/null"));
  EXPECT_EQ(problem_with_writing([&] { write_file("/dev/full", "text"); }),
            "/dev/full: expected to write the file, found: No space left on device");
  // The same by a link: one of a user's own, as root too.
  fs::create_symlink("/dev/null", folder_ / "link");
  write_file(folder_ / "link", "text");
  EXPECT_TRUE(fs::is_symlink(folder_ / "link"));
}

TEST_F(AtomicFile, WritesThroughAPipeWithAName) {
  const auto pipe = folder_ / "pipe";
  ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
  const std::string sent(300'000, 'x');  // more than a pipe holds
  std::string received;
  std::thread reader([&] {
    std::ifstream stream(pipe);
    received.assign(std::istreambuf_iterator<char>(stream), {});
  });
  write_file(pipe, sent);
  reader.join();
  EXPECT_EQ(received, sent);
  EXPECT_TRUE(fs::is_fifo(pipe));
}

// What stands before is not overwritten: the bytes go where the descriptor is.
TEST_F(AtomicFile, WritesToADescriptorThatIsOpenAlready) {
  const auto file = folder_ / "file";
  write_file(file, "before ");
  const Descriptor open_already(::open(file.c_str(), O_WRONLY | O_APPEND));
  write_file(fs::path("/dev/fd") / std::to_string(open_already.number()), "and after");
  EXPECT_EQ(read_file(file), "before and after");
  EXPECT_THROW(write_file("/dev/fd/999", "text"), DataError);
}

TEST_F(AtomicFile, SaysWhatCannotBeWrittenAndRemovesTheTemporaryFile) {
  const auto folder = folder_ / "folder";
  fs::create_directories(folder);
  EXPECT_EQ(problem_with_writing([&] { write_file(folder, "text"); }),
            folder.string() + ": expected to write the file, found: Is a directory");
  EXPECT_EQ(entries(), 1);

  write_file(folder_ / "file", "text");
  const auto below = folder_ / "file" / "below";
  EXPECT_EQ(problem_with_writing([&] { write_file(below, "text"); }),
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
      problem_with_writing([&] { write_file(folder_ / "file", std::string(5000, 'x')); });
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
  const std::string problem = problem_with_writing([&] { write_file(folder_ / "file", "text"); });
  ASSERT_EQ(::seteuid(user), 0);
  fs::permissions(folder_, fs::perms::owner_all);
  EXPECT_EQ(problem,
            (folder_ / "file").string() + ": expected to write the file, found: Permission denied");
}

}  // namespace
}  // namespace psi_xlstm
