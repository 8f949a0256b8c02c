#include "core/temporary_folder.hpp"

#include <gtest/gtest.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <set>
#include <string>

#include "core/leftovers.hpp"
#include "core/process.hpp"
#include "psi_xlstm/core/error.hpp"
#include "support/victim.hpp"

namespace psi_xlstm {
namespace {

namespace fs = std::filesystem;
using testing::comes_to_hold;
using testing::Victim;

/// A TMPDIR of its own, with characters that mean something to shells.
class TemporaryFolders : public ::testing::Test {
 protected:
  void SetUp() override {
    if (const char* old = ::getenv("TMPDIR")) before_ = old;
    all_ = fs::path(::testing::TempDir()) / ("psi all $HOME `x` " + std::to_string(::getpid()));
    fs::remove_all(all_);
    fs::create_directories(all_);
    ::setenv("TMPDIR", all_.c_str(), 1);
  }
  void TearDown() override {
    before_.empty() ? ::unsetenv("TMPDIR") : ::setenv("TMPDIR", before_.c_str(), 1);
    fs::remove_all(all_);
  }

  std::set<std::string> names() const {
    std::set<std::string> found;
    for (const auto& entry : fs::directory_iterator(all_)) {
      found.insert(entry.path().filename().string());
    }
    return found;
  }

  fs::path all_;
  std::string before_;
};

TEST_F(TemporaryFolders, AreThereUntilTheEndOfTheScopeUnderNamesThatNobodyForesees) {
  {
    const TemporaryFolder one("test"), two("test");
    EXPECT_NE(one.path(), two.path());
    EXPECT_EQ(one.path().parent_path(), all_);
    EXPECT_TRUE(one.path().filename().string().starts_with("psi_test_"));
    fs::create_directories(one.path() / "deep" / "er");
    std::ofstream(one.path() / "deep" / "file") << "x";
    EXPECT_EQ(names().size(), 2u);
  }
  EXPECT_TRUE(names().empty());
}

TEST_F(TemporaryFolders, SayWhereThereCanBeNone) {
  ::setenv("TMPDIR", (all_ / "missing").c_str(), 1);
  EXPECT_THROW(TemporaryFolder("test"), DataError);
}

TEST_F(TemporaryFolders, OfAKilledProcessAreSweptThoseOfALivingOneNot) {
  Victim living([&] {
    const TemporaryFolder folder("living");
    std::ofstream(folder.path() / "ready") << "x";
    while (true) ::pause();
  });
  ASSERT_TRUE(comes_to_hold([&] {
    const auto all = names();
    return all.size() == 1 && fs::exists(all_ / *all.begin() / "ready");
  }));
  const std::set<std::string> kept = names();
  Victim killed([&] {
    const TemporaryFolder folder("killed");
    fs::create_directories(folder.path() / "deep");
    std::ofstream(folder.path() / "deep" / "ready") << "x";
    while (true) ::pause();
  });
  ASSERT_TRUE(comes_to_hold([&] {
    for (const std::string& name : names()) {
      if (fs::exists(all_ / name / "deep" / "ready")) return true;
    }
    return false;
  }));
  killed.end(SIGKILL);
  EXPECT_EQ(names().size(), 2u);  // Nothing could remove it then.
  fs::create_directories(all_ / "psi_of_a_user");
  fs::create_directories(all_ / "psi_without_owner.tmp" / "of_a_user");
  fs::create_directories(all_ / "psi_killed_at_once.tmp");
  fs::create_directory_symlink(all_ / "psi_of_a_user", all_ / "psi_link.tmp");
  const TemporaryFolder mine("mine");
  sweep_temporary_folders(all_);
  std::set<std::string> expected = kept;
  expected.insert(
      {"psi_of_a_user", "psi_without_owner.tmp", "psi_link.tmp", mine.path().filename().string()});
  EXPECT_EQ(names(), expected);
}

// With a family of processes and a folder; asked by both signals.
TEST_F(TemporaryFolders, AndProcessesEndWithAnInterruptedProcess) {
  for (const int signal : {SIGINT, SIGTERM}) {
    const fs::path note = all_ / "note", said = all_ / "said";
    ::setenv("PSI_SAID", said.c_str(), 1);
    Victim victim([&] {
      end_in_order_when_interrupted([] { std::ofstream(::getenv("PSI_SAID")) << "interrupted"; });
      const TemporaryFolder folder("interrupted");
      std::ofstream(folder.path() / "file") << "x";
      run_program({"sh", "-c", "sleep 1000 & echo $$ $! >\"$1\"; wait", "sh", note.string()}, "",
                  1000);
    });
    const std::vector<pid_t> both = testing::numbers_in(note, 2);
    ASSERT_EQ(both.size(), 2u);
    const int status = victim.end(signal);
    EXPECT_EQ(ending_text(status), "exit status 130");
    for (const pid_t process : both) {
      EXPECT_TRUE(comes_to_hold([&] { return testing::has_ended(process); }));
    }
    EXPECT_EQ(names(), (std::set<std::string>{"note", "said"}));
    fs::remove(note);
    fs::remove(said);
  }
  ::unsetenv("PSI_SAID");
}

}  // namespace
}  // namespace psi_xlstm
