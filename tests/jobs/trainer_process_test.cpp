#include "jobs/trainer_process.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstddef>
#include <cstdlib>
#include <filesystem>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include "core/atomic_file.hpp"
#include "psi_xlstm/core/error.hpp"

namespace psi_xlstm {
namespace {

namespace fs = std::filesystem;

const TrainerProgress kSilent = [](std::size_t, double, const std::string&) {};

class Trainers : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ = fs::path(::testing::TempDir()) / ("trainers_" + std::to_string(::getpid()));
    fs::remove_all(folder_);
    // Runs the text in its first argument in the test's folder.
    write_file(folder_ / "trainer", "#!/bin/sh\ncd '" + folder_.string() + "' && eval \"$1\"\n");
    fs::permissions(folder_ / "trainer", fs::perms::owner_all);
    options_.program = folder_ / "trainer";
  }
  void TearDown() override { fs::remove_all(folder_); }

  TrainerReport run(const std::vector<TrainerJob>& jobs,
                    const TrainerProgress& progress = kSilent) {
    return run_trainers(jobs, options_, progress);
  }

  std::vector<std::string> log() const {
    if (!fs::exists(folder_ / "log")) return {};
    std::istringstream text(read_file(folder_ / "log"));
    std::vector<std::string> lines;
    for (std::string line; std::getline(text, line);) lines.push_back(line);
    return lines;
  }

  // Sends `signal` to this process once the log has `lines` lines.
  std::thread signal_after(std::size_t lines, int signal) const {
    return std::thread([this, lines, signal] {
      while (log().size() < lines) std::this_thread::sleep_for(std::chrono::milliseconds(5));
      ::kill(::getpid(), signal);
    });
  }

  fs::path folder_;
  TrainerOptions options_;
};

TrainerJob job(const std::string& name, const std::string& text, int group = 0, int needs = -1) {
  return {.name = name, .arguments = {text}, .group = group, .needs = needs};
}

// Notes its start and its end, with some time between.
TrainerJob noted(const std::string& name, int group = 0, int needs = -1) {
  return job(name, "echo +" + name + " >>log; sleep 0.05; echo -" + name + " >>log", group, needs);
}

std::size_t place(const std::vector<std::string>& lines, const std::string& line) {
  return static_cast<std::size_t>(std::find(lines.begin(), lines.end(), line) - lines.begin());
}

int most_at_once(const std::vector<std::string>& lines) {
  int now = 0, most = 0;
  for (const std::string& line : lines) {
    now += line[0] == '+' ? 1 : -1;
    most = std::max(most, now);
  }
  return most;
}

TEST_F(Trainers, RunOneAfterAnotherInOneProcess) {
  options_.processes = 1;
  const TrainerReport report = run({noted("a"), noted("b"), noted("c")});
  for (const TrainerOutcome& o : report.outcomes) {
    EXPECT_TRUE(o.done);
    EXPECT_EQ(o.reason, "");
    EXPECT_GE(o.duration, 0.05);
  }
  EXPECT_FALSE(report.interrupted);
  EXPECT_EQ(log(), (std::vector<std::string>{"+a", "-a", "+b", "-b", "+c", "-c"}));
}

TEST_F(Trainers, NeverRunMoreThanAsked) {
  std::vector<TrainerJob> jobs;
  for (int i = 0; i < 8; ++i) jobs.push_back(noted("j" + std::to_string(i), i % 4));
  options_.processes = 3;
  run(jobs);
  EXPECT_EQ(log().size(), 16u);
  EXPECT_EQ(most_at_once(log()), 3);
}

TEST_F(Trainers, StartInTheOrderOfTheirGroupAndAfterWhatTheyNeed) {
  options_.processes = 4;
  const std::vector<TrainerJob> jobs = {noted("p1", 1), noted("t1", 1), noted("s1", 1, 1),
                                        noted("p2", 2), noted("t2", 2), noted("s2", 2, 4)};
  const TrainerReport report = run(jobs);
  for (const TrainerOutcome& o : report.outcomes) EXPECT_TRUE(o.done);
  const std::vector<std::string> lines = log();
  EXPECT_LT(place(lines, "-t1"), place(lines, "+s1"));
  EXPECT_LT(place(lines, "-t2"), place(lines, "+s2"));
}

TEST_F(Trainers, OfAllGroupsAdvanceSideBySide) {
  const std::vector<TrainerJob> jobs = {noted("a1", 1), noted("a2", 1), noted("b1", 2),
                                        noted("b2", 2), noted("c1", 3), noted("c2", 3)};
  std::vector<std::string> started;  // the log would also depend on which shell is faster
  run(jobs, [&](std::size_t index, double, const std::string& detail) {
    if (detail == "started") started.push_back(jobs[index].name);
  });
  EXPECT_LT(place(started, "c1"), place(started, "a2"));
  EXPECT_LT(place(started, "c1"), place(started, "b2"));
}

TEST_F(Trainers, ThatFailLetTheOthersGoOn) {
  const TrainerReport report =
      run({job("teacher",
               "echo a library warns >&2; echo 'psi_trainer: error: the loss is NaN' >&2; "
               "exit 2"),
           noted("student", 0, 0), noted("other"), job("crash", "kill -SEGV $$"),
           job("leaves", "echo no memory >&2; exit 77"), job("mute", "exit 2")});
  EXPECT_FALSE(report.outcomes[0].done);
  EXPECT_EQ(report.outcomes[0].reason, "the loss is NaN");
  EXPECT_EQ(report.outcomes[1].reason, "teacher could not be trained");
  EXPECT_EQ(report.outcomes[1].duration, 0);
  EXPECT_TRUE(report.outcomes[2].done);
  EXPECT_EQ(report.outcomes[3].reason, "its trainer ended with signal 11");
  EXPECT_EQ(report.outcomes[4].reason, "its trainer ended with exit status 77: no memory");
  EXPECT_EQ(report.outcomes[5].reason, "it ended without a result");
  EXPECT_FALSE(report.interrupted);
  EXPECT_EQ(log(), (std::vector<std::string>{"+other", "-other"}));
}

TEST_F(Trainers, ThatFindTheirInputWrongEndAll) {
  try {
    run({job("seed 1, mlp",
             "while [ ! -f log ]; do sleep 0.01; done; echo 'error: no such seed' "
             ">&2; exit 1",
             1),
         job("seed 2, mlp",
             "trap 'echo ended >>log; exit 130' TERM; echo started >>log; while "
             "true; do sleep 0.01; done",
             2),
         noted("never", 1)});
    FAIL() << "expected a ConfigError";
  } catch (const ConfigError& e) {
    EXPECT_STREQ(e.what(), "seed 1, mlp: no such seed");
  }
  EXPECT_EQ(log(), (std::vector<std::string>{"started", "ended"}));
}

TEST_F(Trainers, SayHowFarTheyAre) {
  std::vector<std::string> told;
  run({job("a", R"(echo '{"done": 0.25, "detail": "step 1"}'; echo 'no json'; echo '[1]';
                   echo '{"detail": "no number"}'; echo '{"done": 7}';
                   printf '{"done": 0.5, '; sleep 0.05; printf '"detail": "in two parts"}\n')")},
      [&](std::size_t index, double done, const std::string& detail) {
        told.push_back(std::to_string(index) + " " + std::to_string(done).substr(0, 4) + " " +
                       detail);
      });
  EXPECT_EQ(told, (std::vector<std::string>{"0 0.00 started", "0 0.25 step 1", "0 1.00 ",
                                            "0 0.50 in two parts", "0 1.00 done"}));
}

TEST_F(Trainers, ReadLongOutputToTheEnd) {
  int lines = 0;
  run({job("a",
           "i=0; while [ $i -lt 3000 ]; do echo '{\"done\": 0.5, \"detail\": \"a line of "
           "some length\"}'; echo noise of a library >&2; i=$((i+1)); done")},
      [&](std::size_t, double done, const std::string&) { lines += done == 0.5 ? 1 : 0; });
  EXPECT_EQ(lines, 3000);
}

TEST_F(Trainers, HaveOneThreadNoInputAndAGroupOfTheirOwn) {
  ::setenv("OMP_NUM_THREADS", "7", 1);
  run({job("a",
           "echo $OMP_NUM_THREADS $OPENBLAS_NUM_THREADS >>log; wc -c | tr -d ' ' >>log; "
           "cut -d' ' -f5 /proc/$$/stat >>log")});
  ::unsetenv("OMP_NUM_THREADS");
  const std::vector<std::string> lines = log();
  ASSERT_EQ(lines.size(), 3u);
  EXPECT_EQ(lines[0], "1 1");
  EXPECT_EQ(lines[1], "0");
  EXPECT_NE(lines[2], std::to_string(::getpgrp()));
}

TEST_F(Trainers, AreInterruptedWithThisProcess) {
  for (const auto& [signal, name] : {std::pair{SIGINT, "INT"}, std::pair{SIGTERM, "TERM"}}) {
    fs::remove(folder_ / "log");
    struct sigaction before = {}, after = {};
    sigaction(signal, nullptr, &before);
    std::thread sender = signal_after(2, signal);
    const std::string waits = std::string("trap 'echo -saved >>log; exit 130' ") + name +
                              "; echo +started >>log; while true; do sleep 0.01; done";
    const TrainerReport report =
        run({job("a", waits, 1), job("b", waits, 2), noted("never", 1), noted("never", 3)});
    sender.join();
    sigaction(signal, nullptr, &after);
    EXPECT_TRUE(report.interrupted);
    EXPECT_EQ(log(), (std::vector<std::string>{"+started", "+started", "-saved", "-saved"}));
    for (const TrainerOutcome& o : report.outcomes) EXPECT_FALSE(o.done);
    EXPECT_EQ(before.sa_handler, after.sa_handler);
  }
}

TEST_F(Trainers, ThatDoNotListenAreEndedByForce) {
  options_.patience_s = 0.2;
  std::thread sender = signal_after(1, SIGTERM);
  const TrainerReport report =
      run({job("a", "trap '' TERM; echo started >>log; while true; do sleep 0.01; done")});
  sender.join();
  EXPECT_TRUE(report.interrupted);
}

TEST_F(Trainers, ThatAreInterruptedByOthersInterruptAll) {
  const TrainerReport report = run(
      {job("a", "exit 130", 1),
       job("b", "trap 'exit 130' TERM; while true; do sleep 0.01; done", 2), noted("never", 1)});
  EXPECT_TRUE(report.interrupted);
  EXPECT_TRUE(log().empty());
}

TEST_F(Trainers, AreNotNeededWhereThereIsNothingToTrain) { EXPECT_TRUE(run({}).outcomes.empty()); }

TEST_F(Trainers, MustBePrograms) {
  options_.program = folder_ / "nothing";
  EXPECT_THROW(run({noted("a")}), ConfigError);
  write_file(folder_ / "text", "no program");
  options_.program = folder_ / "text";
  EXPECT_THROW(run({noted("a")}), ConfigError);
  options_.program = folder_;
  EXPECT_THROW(run({noted("a")}), ConfigError);
  ::setenv("PSI_TRAINER", (folder_ / "nothing").c_str(), 1);
  try {
    trainer_program({});
    FAIL() << "expected a ConfigError";
  } catch (const ConfigError& e) {
    EXPECT_EQ(e.what(), "trainer: expected a program at " + (folder_ / "nothing").string() +
                            ", found none; scripts/setup.sh --all installs LibTorch and builds it");
  }
  ::setenv("PSI_TRAINER", (folder_ / "trainer").c_str(), 1);
  EXPECT_EQ(trainer_program({}), folder_ / "trainer");
  ::unsetenv("PSI_TRAINER");
}

}  // namespace
}  // namespace psi_xlstm
