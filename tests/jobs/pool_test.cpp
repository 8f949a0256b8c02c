#include "jobs/pool.hpp"

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
#include "jobs/message.hpp"
#include "jobs/partner.hpp"
#include "psi_xlstm/core/error.hpp"
#include "support/victim.hpp"

namespace psi_xlstm {
namespace {

namespace fs = std::filesystem;

const JobProgress kSilent = [](std::size_t, double, const std::string&) {};

class Jobs : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ = fs::path(::testing::TempDir()) / ("psi_pool_" + std::to_string(::getpid()));
    fs::remove_all(folder_);
    fs::create_directories(folder_);
  }
  void TearDown() override { fs::remove_all(folder_); }

  JobReport run(const std::vector<PlannedJob>& jobs, const JobProgress& progress = kSilent) {
    return LocalPool(options_).run(jobs, progress);
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

  // A job whose program runs `text` in the test's folder.
  PlannedJob job(const std::string& name, const std::string& text, int group = 0, int needs = -1) {
    const fs::path program = folder_ / ("program_" + std::to_string(programs_++));
    write_file(program, "#!/bin/sh\ncd '" + folder_.string() + "'\n" + text + "\n");
    fs::permissions(program, fs::perms::owner_all);
    return {.job = {.kind = "shell", .name = name, .program = program.string()},
            .group = group,
            .needs = needs};
  }

  // Notes its start and its end, with some time between.
  PlannedJob noted(const std::string& name, int group = 0, int needs = -1) {
    return job(name, "echo +" + name + " >>log; sleep 0.05; echo -" + name + " >>log", group,
               needs);
  }

  // A file with the bytes of progress messages.
  std::string progress_file(const std::string& name, const std::vector<nlohmann::json>& headers) {
    std::string bytes;
    for (const auto& header : headers) bytes += encode({.header = header});
    write_file(folder_ / name, bytes);
    return name;
  }

  fs::path folder_;
  PoolOptions options_;
  int programs_ = 0;
};

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

TEST_F(Jobs, RunOneAfterAnotherInOneProcess) {
  options_.processes = 1;
  const JobReport report = run({noted("a"), noted("b"), noted("c")});
  for (const JobOutcome& o : report.outcomes) {
    EXPECT_TRUE(o.done);
    EXPECT_EQ(o.reason, "");
    EXPECT_GE(o.duration, 0.025);  // of 50 ms, from when the pool saw it start
  }
  EXPECT_FALSE(report.interrupted);
  EXPECT_EQ(log(), (std::vector<std::string>{"+a", "-a", "+b", "-b", "+c", "-c"}));
}

TEST_F(Jobs, NeverRunMoreThanAsked) {
  std::vector<PlannedJob> jobs;
  for (int i = 0; i < 8; ++i) jobs.push_back(noted("j" + std::to_string(i), i % 4));
  options_.processes = 3;
  int now = 0, most = 0;  // by what the pool says: how far shells get hangs on the machine
  run(jobs, [&](std::size_t, double, const std::string& detail) {
    now += detail == "started" ? 1 : detail == "done" ? -1 : 0;
    most = std::max(most, now);
  });
  EXPECT_EQ(now, 0);
  EXPECT_EQ(most, 3);
  EXPECT_EQ(log().size(), 16u);
  EXPECT_LE(most_at_once(log()), 3);
}

TEST_F(Jobs, StartInTheOrderOfTheirGroupAndAfterWhatTheyNeed) {
  options_.processes = 4;
  const std::vector<PlannedJob> jobs = {noted("p1", 1), noted("t1", 1), noted("s1", 1, 1),
                                        noted("p2", 2), noted("t2", 2), noted("s2", 2, 4)};
  const JobReport report = run(jobs);
  for (const JobOutcome& o : report.outcomes) EXPECT_TRUE(o.done);
  const std::vector<std::string> lines = log();
  EXPECT_LT(place(lines, "-t1"), place(lines, "+s1"));
  EXPECT_LT(place(lines, "-t2"), place(lines, "+s2"));
}

TEST_F(Jobs, OfAllGroupsAdvanceSideBySide) {
  const std::vector<PlannedJob> jobs = {noted("a1", 1), noted("a2", 1), noted("b1", 2),
                                        noted("b2", 2), noted("c1", 3), noted("c2", 3)};
  std::vector<std::string> started;  // the log would also depend on which shell is faster
  run(jobs, [&](std::size_t index, double, const std::string& detail) {
    if (detail == "started") started.push_back(jobs[index].job.name);
  });
  EXPECT_LT(place(started, "c1"), place(started, "a2"));
  EXPECT_LT(place(started, "c1"), place(started, "b2"));
}

TEST_F(Jobs, ThatFailLetTheOthersGoOn) {
  const JobReport report =
      run({job("teacher",
               "echo a library warns >&2; echo 'program: error: the loss is NaN' >&2; "
               "exit 2"),
           noted("student", 0, 0), noted("other"), job("crash", "kill -SEGV $$"),
           job("leaves", "echo no memory >&2; exit 77"), job("mute", "exit 2")});
  EXPECT_FALSE(report.outcomes[0].done);
  EXPECT_EQ(report.outcomes[0].reason, "the loss is NaN");
  EXPECT_EQ(report.outcomes[1].reason, "teacher did not succeed");
  EXPECT_EQ(report.outcomes[1].duration, 0);
  EXPECT_TRUE(report.outcomes[2].done);
  EXPECT_EQ(report.outcomes[3].reason, "its program ended with signal 11");
  EXPECT_EQ(report.outcomes[4].reason, "its program ended with exit status 77: no memory");
  EXPECT_EQ(report.outcomes[5].reason, "it ended without a result");
  EXPECT_FALSE(report.interrupted);
  EXPECT_EQ(log(), (std::vector<std::string>{"+other", "-other"}));
}

TEST_F(Jobs, ThatFindTheirInputWrongEndAll) {
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

TEST_F(Jobs, SayHowFarTheyAre) {
  std::vector<std::string> told;
  progress_file("one", {{{"kind", "progress"}, {"done", 0.25}, {"detail", "step 1"}},
                        {{"kind", "progress"}, {"detail", "no number"}},
                        {{"kind", "progress"}, {"done", 7}}});
  progress_file("two", {{{"kind", "progress"}, {"done", 0.5}, {"detail", "in two parts"}}});
  run({job("a", "cat one; head -c 20 two; sleep 0.05; tail -c +21 two")},
      [&](std::size_t index, double done, const std::string& detail) {
        told.push_back(std::to_string(index) + " " + std::to_string(done).substr(0, 4) + " " +
                       detail);
      });
  EXPECT_EQ(told, (std::vector<std::string>{"0 0.00 started", "0 0.25 step 1", "0 1.00 ",
                                            "0 0.50 in two parts", "0 1.00 done"}));
}

TEST_F(Jobs, MustNotSayAnythingElse) {
  const JobReport report =
      run({job("a", "echo this is no message of any of our programs; exit 0"), noted("other")});
  EXPECT_FALSE(report.outcomes[0].done);
  EXPECT_EQ(report.outcomes[0].reason, "message between programs: expected one, found other bytes");
  EXPECT_TRUE(report.outcomes[1].done);
}

// More than any buffer holds, faster than it can be read.
TEST_F(Jobs, MustNotBabbleWithoutEnd) {
  const JobReport report = run({job("a", "exec cat /dev/zero"), noted("other")});
  EXPECT_EQ(report.outcomes[0].reason, "message between programs: expected one, found other bytes");
  EXPECT_TRUE(report.outcomes[1].done);
}

TEST_F(Jobs, ThatComplainWithoutEndCanBeInterrupted) {
  options_.patience_s = 0.2;
  std::thread sender = signal_after(1, SIGTERM);
  const JobReport report =
      run({job("a", "trap '' TERM; echo started >>log; exec cat /dev/zero >&2")});
  sender.join();
  EXPECT_TRUE(report.interrupted);
}

TEST_F(Jobs, AreReadToTheEnd) {
  int lines = 0;
  progress_file("message", std::vector<nlohmann::json>(
                               3000, {{"kind", "progress"}, {"done", 0.5}, {"detail", "a line"}}));
  run({job("a", "yes noise of a library | head -3000 >&2; cat message")},
      [&](std::size_t, double done, const std::string&) { lines += done == 0.5 ? 1 : 0; });
  EXPECT_EQ(lines, 3000);
}

// All that an engine elsewhere would need is in the file.
TEST_F(Jobs, AreFiles) {
  PlannedJob planned = job("a job", "cp \"$1\" job.json");
  planned.job.inputs["config"] = folder_ / "config.json";
  planned.job.settings = {{"network", 3}};
  planned.job.seed = 42;
  ASSERT_TRUE(run({planned}).outcomes[0].done);
  const Job read = read_job(folder_ / "job.json");
  EXPECT_EQ(job_text(read), job_text(planned.job));
  EXPECT_EQ(read.number("network", 0, 9), 3);
}

TEST_F(Jobs, HaveOneThreadNoInputAndAGroupOfTheirOwn) {
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

TEST_F(Jobs, AreInterruptedWithThisProcess) {
  for (const auto& [signal, name] : {std::pair{SIGINT, "INT"}, std::pair{SIGTERM, "TERM"}}) {
    fs::remove(folder_ / "log");
    struct sigaction before = {}, after = {};
    sigaction(signal, nullptr, &before);
    std::thread sender = signal_after(2, signal);
    const std::string waits = std::string("trap 'echo -saved >>log; exit 130' ") + name +
                              "; echo +started >>log; while true; do sleep 0.01; done";
    const JobReport report =
        run({job("a", waits, 1), job("b", waits, 2), noted("never", 1), noted("never", 3)});
    sender.join();
    sigaction(signal, nullptr, &after);
    EXPECT_TRUE(report.interrupted);
    EXPECT_EQ(log(), (std::vector<std::string>{"+started", "+started", "-saved", "-saved"}));
    for (const JobOutcome& o : report.outcomes) EXPECT_FALSE(o.done);
    EXPECT_EQ(before.sa_handler, after.sa_handler);
  }
}

TEST_F(Jobs, ThatDoNotListenAreEndedByForce) {
  options_.patience_s = 0.2;
  std::thread sender = signal_after(1, SIGTERM);
  const JobReport report =
      run({job("a", "trap '' TERM; echo started >>log; while true; do sleep 0.01; done")});
  sender.join();
  EXPECT_TRUE(report.interrupted);
}

TEST_F(Jobs, ThatAreInterruptedByOthersInterruptAll) {
  const JobReport report = run(
      {job("a", "exit 130", 1),
       job("b", "trap 'exit 130' TERM; while true; do sleep 0.01; done", 2), noted("never", 1)});
  EXPECT_TRUE(report.interrupted);
  EXPECT_TRUE(log().empty());
}

TEST_F(Jobs, AreNotNeededWhereThereIsNothingToTrain) { EXPECT_TRUE(run({}).outcomes.empty()); }

TEST_F(Jobs, MustHavePrograms) {
  PlannedJob planned = noted("a");
  for (const fs::path& program : {folder_ / "nothing", folder_}) {
    planned.job.program = program.string();
    EXPECT_THROW(run({planned}), ConfigError);
  }
}

// However this process ends, a job does not go on without it.
TEST_F(Jobs, EndWithThisProcess) {
  const std::vector<PlannedJob> jobs = {
      job("a", "trap '' TERM INT; sleep 1000 & echo $$ $! >both.part; mv both.part both; wait")};
  testing::Victim victim([&] { run(jobs); });
  const std::vector<pid_t> both = testing::numbers_in(folder_ / "both", 2);
  ASSERT_EQ(both.size(), 2u);
  victim.end(SIGKILL);
  for (const pid_t process : both) {
    EXPECT_TRUE(testing::comes_to_hold([&] { return testing::has_ended(process); }));
  }
}

TEST(HelperProgram, IsTheNamedOneElseThatOfTheEnvironment) {
  const fs::path folder = fs::path(::testing::TempDir()) / "psi_helper";
  write_file(folder / "program", "#!/bin/sh\n");
  write_file(folder / "text", "no program");
  fs::permissions(folder / "program", fs::perms::owner_all);
  const auto found = [](const fs::path& named) {
    return helper_program("psi_helper_of_a_test", named, "PSI_HELPER", "helper");
  };
  EXPECT_EQ(found(folder / "program"), folder / "program");
  for (const fs::path& wrong : {folder / "nothing", folder / "text", folder}) {
    EXPECT_THROW(found(wrong), ConfigError);
  }
  ::setenv("PSI_HELPER", (folder / "program").c_str(), 1);
  EXPECT_EQ(found({}), folder / "program");
  ::setenv("PSI_HELPER", (folder / "nothing").c_str(), 1);
  try {
    found({});
    FAIL() << "expected a ConfigError";
  } catch (const ConfigError& e) {
    EXPECT_EQ(e.what(),
              "helper: expected a program at " + (folder / "nothing").string() + ", found none");
  }
  ::unsetenv("PSI_HELPER");
  EXPECT_THROW(found({}), ConfigError);
}

TEST(TrainerProgram, SaysHowToGetOne) {
  ::setenv("PSI_TRAINER", "/no/such/trainer", 1);
  try {
    trainer_program();
    FAIL() << "expected a ConfigError";
  } catch (const ConfigError& e) {
    EXPECT_STREQ(e.what(),
                 "trainer: expected a program at /no/such/trainer, found none; scripts/setup.sh "
                 "--all installs LibTorch and builds it");
  }
  ::setenv("PSI_TRAINER", "/bin/true", 1);
  EXPECT_EQ(trainer_program(), "/bin/true");
  ::unsetenv("PSI_TRAINER");
}

}  // namespace
}  // namespace psi_xlstm
