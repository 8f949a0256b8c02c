#include "simulators/ngspice/worker.hpp"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <string>
#include <thread>
#include <vector>

#include "hdl/osdi/library.hpp"
#include "psi_xlstm/core/error.hpp"
#include "simulators/ngspice/simulator.hpp"
#include "support/networks.hpp"

namespace psi_xlstm {
namespace {

namespace fs = std::filesystem;

const std::string kDivider = "v1 a 0 1\nr1 a b 1k\nr2 b 0 1k\n";

fs::path fresh_folder(const std::string& name) {
  const fs::path folder = fs::path(::testing::TempDir()) / ("psi_worker_" + name);
  fs::remove_all(folder);
  fs::create_directories(folder);
  return folder;
}

/// A worker that is a shell script.
SimulatorOptions shell_worker(const std::string& name, const std::string& script) {
  const fs::path file = fresh_folder(name) / "worker.sh";
  std::ofstream(file) << "#!/bin/sh\n" << script << "\n";
  fs::permissions(file, fs::perms::owner_all);
  return {.worker = file, .time_limit_s = 20};
}

OperatingPointResult divider(const SimulatorOptions& simulator) {
  return operating_point(kDivider, {.vectors = {"v(b)"}}, simulator);
}

/// Runs `commands` on a divider, past every check.
WorkerOutcome run_commands(const std::vector<std::string>& commands) {
  Message request;
  request.header = {{"circuit", {"* divider", "v1 a 0 1", "r1 a b 1k", "r2 b 0 1k", ".end"}},
                    {"commands", commands},
                    {"scale", ""},
                    {"vectors", nlohmann::json::array()},
                    {"tables", nlohmann::json::array()}};
  return run_worker(request, {});
}

TEST(WorkerProcess, AHangEndsAtTheTimeLimit) {
  const auto result =
      transient("v1 a 0 1\nr1 a 0 1k\n", {.stop_time = 1, .max_step = 1e-12, .vectors = {"v(a)"}},
                {.time_limit_s = 1});
  EXPECT_EQ(result.reason, "ngspice did not finish within 1 s");
}

TEST(WorkerProcess, AWorkerThatStopsTalkingButLivesEndsAtTheTimeLimit) {
  auto simulator = shell_worker("silent", "exec 0<&- 1>&-\nexec sleep 100");
  simulator.time_limit_s = 0.3;
  EXPECT_EQ(divider(simulator).reason, "ngspice did not finish within 0.3 s");
}

TEST(WorkerProcess, ACrashIsAReason) {
  EXPECT_EQ(divider(shell_worker("crash", "kill -SEGV $$")).reason, "ngspice ended with signal 11");
}

TEST(WorkerProcess, AnEarlyExitIsAReasonWithTheWorkersWords) {
  EXPECT_EQ(divider(shell_worker("exit", "echo no more ink >&2\nexit 3")).reason,
            "ngspice ended with exit status 3 before it gave a result: no more ink");
}

// Far more than a socket holds: writing goes on after the reader is gone.
TEST(WorkerProcess, AWorkerThatDoesNotReadItsRequestIsAReason) {
  Message request{.header = nlohmann::json::object(), .values = std::vector<double>(4000000, 1.0)};
  const auto outcome = run_worker(request, shell_worker("deaf", "exit 4"));
  EXPECT_EQ(outcome.reason, "ngspice ended with exit status 4 before it gave a result");
}

TEST(WorkerProcess, OtherBytesThanAMessageAreAnError) {
  const auto simulator =
      shell_worker("babble", "echo this is not what was agreed upon between the two processes");
  EXPECT_THROW(divider(simulator), SpiceError);
}

TEST(WorkerProcess, AWorkerThatBabblesWithoutEndIsAnError) {
  EXPECT_THROW(divider(shell_worker("endless", "exec cat /dev/zero")), SpiceError);
}

TEST(WorkerProcess, AWorkerThatComplainsWithoutEndEndsAtTheTimeLimit) {
  auto simulator = shell_worker("complains", "exec cat /dev/zero >&2");
  simulator.time_limit_s = 0.3;
  EXPECT_EQ(divider(simulator).reason, "ngspice did not finish within 0.3 s");
}

TEST(WorkerProcess, AMissingWorkerIsOneSentence) {
  try {
    divider({.worker = "/no/such/worker"});
    FAIL();
  } catch (const SpiceError& e) {
    EXPECT_STREQ(e.what(), "ngspice worker: expected a program at /no/such/worker, found none");
  }
}

TEST(WorkerProcess, QuitIsReportedAsAnExit) {
  const auto outcome = run_commands({"quit"});
  ASSERT_TRUE(outcome.reply.has_value()) << outcome.reason;
  EXPECT_EQ(outcome.reply->header.at("state"), "exit");
}

TEST(WorkerProcess, KeepsTheLinesThatNgspicePrints) {
  const auto outcome = run_commands({"echo hello from the worker"});
  EXPECT_EQ(std::count(outcome.messages.begin(), outcome.messages.end(), "hello from the worker"),
            1);
}

// Both folders hold an init file that would leave a trace if it were run.
TEST(WorkerProcess, RunsNoInitFileOfTheUserOrTheWorkingFolder) {
  const fs::path folder = fresh_folder("init_file");
  std::ofstream(folder / ".spiceinit") << "shell touch " << (folder / "trace").string() << "\n";
  const fs::path before = fs::current_path();
  const std::string home = getenv("HOME") == nullptr ? "" : getenv("HOME");
  fs::current_path(folder);
  setenv("HOME", folder.c_str(), 1);
  const auto result = divider({});
  setenv("HOME", home.c_str(), 1);
  fs::current_path(before);
  EXPECT_TRUE(result.usable()) << result.reason;
  EXPECT_FALSE(fs::exists(folder / "trace"));
}

TEST(WorkerProcess, LeavesNothingInTheTemporaryFolder) {
  const fs::path folder = fresh_folder("temporary");
  const std::string before = getenv("TMPDIR") == nullptr ? "" : getenv("TMPDIR");
  setenv("TMPDIR", folder.c_str(), 1);
  const auto good = divider({});
  const auto killed = divider(shell_worker("killed", "touch leftover\nkill -KILL $$"));
  before.empty() ? unsetenv("TMPDIR") : setenv("TMPDIR", before.c_str(), 1);
  EXPECT_TRUE(good.usable()) << good.reason;
  EXPECT_EQ(killed.reason, "ngspice ended with signal 9");
  for (const auto& entry : fs::directory_iterator(folder)) {
    EXPECT_FALSE(entry.path().filename().string().starts_with("psi_ngspice_")) << entry;
  }
}

// ngspice takes a path for words of its shell.
TEST(WorkerProcess, LoadsDevicesFromATemporaryFolderWithAnOddName) {
  if (!simulator_info({}).has_osdi) GTEST_SKIP() << "this ngspice loads no compiled models";
  const fs::path place = fresh_folder("odd");
  const fs::path folder = place / ("a blank, $HOME, `touch " + (place / "trace").string() + "`");
  fs::create_directories(folder);
  const std::string before = getenv("TMPDIR") == nullptr ? "" : getenv("TMPDIR");
  setenv("TMPDIR", folder.c_str(), 1);
  std::string problem;
  try {
    const hdl::OsdiLibrary device(testing::one_state());
    simulator_info({.osdi = {device.file()}});
  } catch (const Error& e) {
    problem = e.what();
  }
  before.empty() ? unsetenv("TMPDIR") : setenv("TMPDIR", before.c_str(), 1);
  EXPECT_EQ(problem, "");
  EXPECT_FALSE(fs::exists(place / "trace"));
  EXPECT_TRUE(fs::is_empty(folder));
}

TEST(WorkerProcess, ServesSeveralThreadsAtOnce) {
  std::vector<OperatingPointResult> results(4);
  {
    std::vector<std::jthread> threads;
    for (auto& result : results) threads.emplace_back([&result] { result = divider({}); });
  }
  for (const auto& result : results) {
    ASSERT_TRUE(result.usable()) << result.reason;
    EXPECT_NEAR(result.values.at("v(b)"), 0.5, 1e-9);
  }
}

}  // namespace
}  // namespace psi_xlstm
