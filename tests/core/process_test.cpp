#include "core/process.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <string>
#include <system_error>

#include "support/victim.hpp"

namespace psi_xlstm {
namespace {

namespace fs = std::filesystem;
using testing::comes_to_hold;
using testing::has_ended;
using testing::numbers_in;

ProgramOutcome shell(const std::string& script, double time_limit = 60) {
  return run_program({"sh", "-c", script}, "", time_limit);
}

fs::path fresh_folder(const std::string& name) {
  const fs::path folder =
      fs::path(::testing::TempDir()) / ("psi_process_" + name + std::to_string(::getpid()));
  fs::remove_all(folder);
  fs::create_directories(folder);
  return folder;
}

/// A script that starts a process beside itself, notes both in `file` and waits.
std::string family(const fs::path& file) {
  return "sleep 1000 & echo $$ $! >'" + file.string() + ".part'; mv '" + file.string() +
         ".part' '" + file.string() + "'; wait";
}

void expect_gone(const std::vector<pid_t>& processes) {
  for (const pid_t process : processes) {
    EXPECT_TRUE(comes_to_hold([&] { return has_ended(process); })) << process;
  }
}

TEST(RunProgram, GivesInputAndTakesOutputAndErrors) {
  const auto outcome =
      run_program({"sh", "-c", "cat; echo wrong >&2; exit 3", "x"}, "a line\n", 60);
  EXPECT_EQ(outcome.output, "a line\n");
  EXPECT_EQ(outcome.errors, "wrong\n");
  EXPECT_FALSE(outcome.succeeded());
  EXPECT_EQ(outcome.problem(), "exit status 3: wrong");
  EXPECT_EQ(shell("true").problem(), "");
  EXPECT_EQ(shell("false").problem(), "exit status 1");
  EXPECT_EQ(shell("kill -TERM $$").problem(), "signal 15");
  EXPECT_EQ(shell("kill -SEGV $$").problem(), "signal 11");
}

TEST(RunProgram, SaysThatAProgramCannotBeStarted) {
  for (const char* const name : {"no-such-program", "/no/such/program"}) {
    EXPECT_EQ(run_program({name}, "", 60).problem(), "No such file or directory");
  }
  EXPECT_EQ(run_program({"/etc/passwd"}, "", 60).problem(), "Permission denied");
  const ProgramSettings nowhere{.folder = "/no/such/folder"};
  EXPECT_EQ(run_program({"true"}, "", 60, nowhere).problem(), "No such file or directory");
}

TEST(RunProgram, EndsTheWholeFamilyAtTheTimeLimit) {
  const fs::path folder = fresh_folder("limit");
  const auto outcome = shell(family(folder / "both"), 0.5);
  EXPECT_FALSE(outcome.status);
  EXPECT_EQ(outcome.problem(), "no end within 0.5 s");
  expect_gone(numbers_in(folder / "both", 2));
}

TEST(RunProgram, EndsWhatAProgramLeavesBehind) {
  const fs::path folder = fresh_folder("behind");
  const auto outcome = shell("sleep 1000 & echo $! >'" + (folder / "left").string() + "'");
  EXPECT_TRUE(outcome.succeeded());
  expect_gone(numbers_in(folder / "left", 1));
}

TEST(RunProgram, EndsAProgramThatSaysTooMuch) {
  const auto outcome =
      run_program({"sh", "-c", "yes"}, "", 60, {.most_output = std::size_t{1} << 20});
  EXPECT_FALSE(outcome.succeeded());
  EXPECT_EQ(outcome.problem(), "more than 1048576 bytes of output");
  const auto fits = run_program({"sh", "-c", "printf 12345678"}, "", 60, {.most_output = 8});
  EXPECT_EQ(fits.output, "12345678");
  EXPECT_TRUE(fits.succeeded()) << fits.problem();
}

TEST(RunProgram, EndsAProgramThatComplainsWithoutEndAtTheTimeLimit) {
  const auto outcome = shell("exec cat /dev/zero >&2", 0.5);
  EXPECT_EQ(outcome.problem(), "no end within 0.5 s");
  EXPECT_EQ(outcome.errors.size(), std::size_t{1} << 20);
}

TEST(RunProgram, RunsInAPlainEnvironment) {
  ::setenv("PSI_SECRET", "1", 1);
  const auto outcome = run_program({"env"}, "", 60, {.temporary = "/some/where"});
  ::unsetenv("PSI_SECRET");
  EXPECT_NE(outcome.output.find("TMPDIR=/some/where\n"), std::string::npos);
  EXPECT_EQ(outcome.output.find("PSI_SECRET"), std::string::npos);
  EXPECT_NE(run_program({"pwd"}, "", 60, {.folder = "/"}).output.find("/\n"), std::string::npos);
}

TEST(Process, HasNoFilesAndNoSignalsOfTheParent) {
  const int left_open = ::open("/dev/null", O_RDONLY);  // without O_CLOEXEC
  sigset_t term, before;
  sigemptyset(&term);
  sigaddset(&term, SIGTERM);
  ::pthread_sigmask(SIG_BLOCK, &term, &before);
  const auto old = ::signal(SIGINT, SIG_IGN);
  const auto outcome = shell("ls /proc/self/fd | wc -l; grep -E 'Sig(Blk|Ign)' /proc/self/status");
  ::signal(SIGINT, old);
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
  ::close(left_open);
  // The three streams, and the folder that ls reads.
  EXPECT_EQ(outcome.output, "4\nSigBlk:\t0000000000000000\nSigIgn:\t0000000000000000\n");
}

TEST(Process, EndsWithItsScope) {
  const fs::path folder = fresh_folder("scope");
  std::vector<pid_t> both;
  {
    const Process process(
        {.words = {"sh", "-c", family(folder / "both")}, .environment = plain_environment()}, {});
    both = numbers_in(folder / "both", 2);
    ASSERT_EQ(both.size(), 2u);
    EXPECT_FALSE(has_ended(both[0]));
  }
  expect_gone(both);
}

TEST(Process, GetsSignals) {
  Process process({.words = {"sh", "-c", "trap 'exit 7' TERM; kill -STOP $$; exit 0"},
                   .environment = plain_environment()},
                  {});
  process.send(SIGTERM);
  process.send(SIGCONT);
  ASSERT_TRUE(process.wait_until(time_after(60)));
  // Before the trap is set the signal ends the shell itself: both show that it came.
  const std::string how = ending_text(*process.ended());
  EXPECT_TRUE(how == "exit status 7" || how == "signal 15") << how;
}

// The parent cannot do anything about SIGKILL: the system and the keeper end what it has started.
TEST(Process, DiesWithItsParentHoweverThatEnds) {
  for (const int signal : {SIGKILL, SIGTERM, SIGSEGV}) {
    const fs::path folder = fresh_folder("parent");
    testing::Victim victim([&] { shell(family(folder / "both"), 1000); });
    const std::vector<pid_t> both = numbers_in(folder / "both", 2);
    ASSERT_EQ(both.size(), 2u);
    EXPECT_FALSE(has_ended(both[0]) || has_ended(both[1]));
    victim.end(signal);
    expect_gone(both);
    fs::remove_all(folder);
  }
}

}  // namespace
}  // namespace psi_xlstm
