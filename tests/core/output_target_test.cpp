#include "core/output_target.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "core/atomic_file.hpp"
#include "psi_xlstm/core/error.hpp"

namespace psi_xlstm {
namespace {

namespace fs = std::filesystem;

class OutputTarget : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ = fs::path(::testing::TempDir()) / ("output_target_" + std::to_string(getpid()));
    fs::create_directories(folder_ / "inner");
    std::ofstream(folder_ / "file") << "x";
  }
  void TearDown() override { fs::remove_all(folder_); }

  std::string file_problem(const fs::path& file) const {
    try {
      check_output_file(folder_ / file);
    } catch (const DataError& e) {
      return e.what();
    }
    return "none";
  }

  fs::path folder_;
};

TEST_F(OutputTarget, TakesWhatCanBeWrittenAndMakesNothing) {
  EXPECT_EQ(file_problem("file"), "none");
  EXPECT_EQ(file_problem("new"), "none");
  EXPECT_EQ(file_problem("far/away/new"), "none");
  EXPECT_NO_THROW(check_output_folder(folder_ / "far/away"));
  EXPECT_NO_THROW(check_output_folder(folder_ / "inner"));
  EXPECT_FALSE(fs::exists(folder_ / "far"));
  EXPECT_NO_THROW(check_output_file("/dev/null"));
  EXPECT_NO_THROW(check_output_file("a_file_of_this_folder"));
}

TEST_F(OutputTarget, RefusesAFolderAsFileAndAFileAsFolder) {
  EXPECT_EQ(file_problem("inner"),
            (folder_ / "inner").string() + ": expected to write the file, found: Is a directory");
  EXPECT_EQ(file_problem("file/new"), (folder_ / "file/new").string() +
                                          ": expected to write the file, found: Not a directory");
  EXPECT_THROW(check_output_folder(folder_ / "file"), DataError);
  EXPECT_THROW(check_output_folder(folder_ / "file/inner"), DataError);
}

// What somebody else wrote stays, what carries our mark may be replaced.
TEST_F(OutputTarget, KnowsAFileOfOursByItsMark) {
  EXPECT_NO_THROW(check_own_file(folder_ / "new", "* ours"));
  write_file(folder_ / "ours", "line\n* ours\n");
  EXPECT_NO_THROW(check_own_file(folder_ / "ours", "* ours"));
  write_file(folder_ / "theirs", std::string(5000, ' ') + "* ours");
  EXPECT_THROW(check_own_file(folder_ / "theirs", "* ours"), DataError);
  EXPECT_THROW(check_own_file(folder_ / "file", "* ours"), DataError);
}

}  // namespace
}  // namespace psi_xlstm
