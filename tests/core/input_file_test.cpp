#include "core/input_file.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <thread>

#include "psi_xlstm/core/error.hpp"

namespace psi_xlstm {
namespace {

namespace fs = std::filesystem;

class InputFileTest : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ = fs::path(::testing::TempDir()) / ("input_file_" + std::to_string(::getpid()));
    fs::create_directories(folder_);
  }
  void TearDown() override { fs::remove_all(folder_); }

  fs::path written(const std::string& bytes) const {
    std::ofstream(folder_ / "file", std::ios::binary) << bytes;
    return folder_ / "file";
  }

  fs::path folder_;
};

std::string input_problem(const fs::path& path, std::uint64_t largest = kLargestFile) {
  try {
    read_file(path, largest);
  } catch (const DataError& e) {
    return e.what();
  }
  return "none";
}

TEST_F(InputFileTest, ReadsAFileUpToItsLargestSize) {
  const auto file = written("12345");
  EXPECT_EQ(read_file(file, 5), "12345");
  EXPECT_EQ(input_problem(file, 4),
            file.string() + ": expected a file of at most 4 bytes, found more");
  EXPECT_EQ(read_file(written("")), "");
}

TEST_F(InputFileTest, SaysWhatCannotBeRead) {
  const auto missing = folder_ / "missing";
  EXPECT_EQ(input_problem(missing),
            missing.string() + ": expected a readable file, found: No such file or directory");
  EXPECT_EQ(input_problem(folder_), folder_.string() + ": expected a file, found a directory");
}

// Each of them would otherwise give bytes without end, or wait for ever.
TEST_F(InputFileTest, RefusesWhatNeverEnds) {
  EXPECT_EQ(input_problem("/dev/zero"), "/dev/zero: expected a file, found a device");
  EXPECT_EQ(input_problem("/dev/urandom"), "/dev/urandom: expected a file, found a device");
  const auto pipe = folder_ / "pipe";
  ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
  EXPECT_EQ(input_problem(pipe),
            pipe.string() + ": expected a file, found a pipe with a name (FIFO)");
  fs::create_symlink("/dev/zero", folder_ / "link");
  EXPECT_EQ(input_problem(folder_ / "link"),
            (folder_ / "link").string() + ": expected a file, found a device");
}

TEST_F(InputFileTest, KnowsTheNamesOfOpenDescriptors) {
  EXPECT_EQ(descriptor_named("/dev/stdin"), 0);
  EXPECT_EQ(descriptor_named("/dev/stdout"), 1);
  EXPECT_EQ(descriptor_named("/dev/fd/63"), 63);
  EXPECT_EQ(descriptor_named("/proc/self/fd/7"), 7);
  fs::create_symlink("/dev/stdin", folder_ / "link");
  EXPECT_EQ(descriptor_named(folder_ / "link"), 0);
  for (const fs::path& path : {fs::path("/dev/null"), fs::path("/dev/fd"), fs::path("/dev/fd/x1"),
                               folder_ / "none", fs::path("0"), fs::path("")}) {
    EXPECT_EQ(descriptor_named(path), std::nullopt) << path;
  }
}

TEST_F(InputFileTest, ReadsAPipeThatIsOpenAlreadyAndNoMoreOfItThanAllowed) {
  int ends[2];
  ASSERT_EQ(::pipe(ends), 0);
  const Descriptor from(ends[0]);
  Descriptor to(ends[1]);
  const fs::path name = fs::path("/dev/fd") / std::to_string(from.number());
  const std::string sent(10'000, 'x');
  ASSERT_EQ(::write(to.number(), sent.data(), sent.size()), 10'000);
  EXPECT_EQ(input_problem(name, 5000),
            name.string() + ": expected a file of at most 5000 bytes, found more");
  to.close();
  EXPECT_LT(read_file(name).size(), sent.size());  // the rest
  EXPECT_EQ(read_file(name), "");
}

}  // namespace
}  // namespace psi_xlstm
