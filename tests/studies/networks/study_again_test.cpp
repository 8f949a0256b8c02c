// Network studies that are run again: to the same bytes, on after an interruption, in folders of
// other runs; and what a check of the stored numbers finds.

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include "core/atomic_file.hpp"
#include "psi_xlstm/core/error.hpp"
#include "studies/networks/check.hpp"
#include "studies/networks/study_run.hpp"

namespace psi_xlstm {
namespace {

std::vector<std::string> log_of(const fs::path& stock) {
  std::vector<std::string> lines;
  if (!fs::exists(stock / "log")) return lines;
  std::istringstream text(read_file(stock / "log"));
  for (std::string line; std::getline(text, line);) lines.push_back(line);
  return lines;
}

TEST_F(NetworkStudy, AgainWithOneProcessGivesTheSameBytes) {
  const fs::path again = folder_named("again");
  run_network_study(study(), {again, 1}, kSilent);
  EXPECT_EQ(differences(folder_, again), kNone);
}

TEST_F(NetworkStudy, OfItsOwnResolvedConfigTrainsNothingAgain) {
  const fs::path again = copy("resolved");
  fs::remove(stock_ / "log");
  const auto config = read_config<NetworkStudyConfig>(again / "config.json");
  run_network_study(config, {again, 2}, kSilent);
  EXPECT_EQ(differences(folder_, again), kNone);
  const auto lines = log_of(stock_);
  const auto found = [](const std::string& l) { return l.starts_with("found "); };
  EXPECT_EQ(std::count_if(lines.begin(), lines.end(), found), 8);
  EXPECT_EQ(lines.size(), 16u);
}

TEST_F(NetworkStudy, IsCheckedWithoutDifferences) {
  const CheckResult check = check_network_run(folder_);
  EXPECT_EQ(check.differences, kNone);
  EXPECT_GT(check.values, 100);
}

TEST_F(NetworkStudy, ChecksFindChangedNumbers) {
  const fs::path edited = copy("edited");
  std::string text = read_file(edited / "metrics.json");
  const std::string key = "\"mse_A2\": ";
  text.insert(text.find(key) + key.size(), "1");
  write_file(edited / "metrics.json", text);
  const CheckResult check = check_network_run(edited);
  ASSERT_EQ(check.differences.size(), 2u);  // the number, and the checksum of the file
  EXPECT_NE(check.differences[0].find("/models/0/test/mse_A2"), std::string::npos);
}

TEST_F(NetworkStudy, ChecksFindChangedPredictions) {
  const fs::path edited = copy("predictions");
  for (const char* label : {"teacher", "compact"}) {
    const fs::path file = edited / "seed_42" / label / "predictions.safetensors";
    StoredCurrents currents = load_currents(file);
    for (double& i : currents.current[1]) i *= 1.01;
    save_currents(file, currents);
  }
  const CheckResult check = check_network_run(edited);
  const auto names = [&](const std::string& words) {
    return std::any_of(check.differences.begin(), check.differences.end(),
                       [&](const auto& d) { return d.find(words) != std::string::npos; });
  };
  EXPECT_TRUE(names("/models/1/test/mse_A2"));
  EXPECT_TRUE(names("seed 42, teacher, record seq9: the stored prediction differs"));
  EXPECT_TRUE(names("seed 42, compact, record seq9: the stored prediction differs"));
  EXPECT_FALSE(names("seed 42, mlp"));
  EXPECT_TRUE(names("seed_42/teacher/predictions.safetensors: expected SHA-256"));
}

TEST_F(NetworkStudy, ChecksNameAMissingFile) {
  const fs::path edited = copy("missing");
  fs::remove(edited / "seed_42/teacher/predictions.safetensors");
  EXPECT_THROW(check_network_run(edited), DataError);
}

// Killed while the students of the second seed wait: the next run goes on to the same bytes.
TEST_F(NetworkStudy, GoesOnWhereItWasInterruptedToTheSameBytes) {
  const fs::path again = folder_named("interrupted");
  write_file(stock_ / "7_2/waits", "");
  fs::remove(stock_ / "log");
  std::thread sender([&] {
    while (!fs::exists(again / "seed_7/clustering/training.safetensors")) {
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
    ::kill(::getpid(), SIGTERM);
  });
  const NetworkStudyResult first = run_network_study(study(), {again, 1}, kSilent);
  sender.join();
  EXPECT_TRUE(first.interrupted);
  EXPECT_FALSE(first.verdict.passed());
  EXPECT_FALSE(fs::exists(again / "metrics.json"));
  const auto lines = log_of(stock_);
  EXPECT_EQ(lines.back(), "interrupted 7 2");
  fs::remove(stock_ / "7_2/waits");
  const NetworkStudyResult second = run_network_study(study(), {again, 2}, kSilent);
  EXPECT_TRUE(second.verdict.passed()) << second.verdict.reason;
  EXPECT_EQ(differences(folder_, again), kNone);
}

TEST_F(NetworkStudy, MarksWhatCouldNotBeTrained) {
  const fs::path folder = copy("failed");
  fs::remove_all(folder / "seed_7/teacher");
  write_file(stock_ / "7_1/fails", "2 the loss is NaN at step 17\n");
  const NetworkStudyResult result = run_network_study(study(), {folder, 2}, kSilent);
  fs::remove(stock_ / "7_1/fails");
  EXPECT_FALSE(result.verdict.passed());
  EXPECT_EQ(result.verdict.reason, "seed 7, teacher: the loss is NaN at step 17");
  ASSERT_EQ(result.warnings.size(), 2u);
  EXPECT_EQ(result.warnings[0], "seed 7, clustering: seed 7, teacher did not succeed");
  const ModelResult& row = result.metrics.models[6];
  EXPECT_EQ(row.name, "teacher");
  EXPECT_FALSE(row.parameters);
  EXPECT_FALSE(row.test.mse);
  EXPECT_TRUE(result.metrics.models[5].test.mse);
  EXPECT_FALSE(result.metrics.models[7].test.mse);
  EXPECT_FALSE(fs::exists(folder / "seed_7/clustering/model.safetensors"));
  EXPECT_EQ(table(network_tables(result), "summary").rows[1][1], "1");
  EXPECT_NE(read_file(folder / "report.html").find("the loss is NaN at step 17"),
            std::string::npos);
  EXPECT_EQ(check_network_run(folder).differences, kNone);
}

TEST_F(NetworkStudy, EndsWithTheSentenceOfATrainerThatFindsItsInputWrong) {
  write_file(stock_ / "42_0/fails", "1 networks/0/phases: expected less\n");
  const fs::path folder = folder_named("wrong");
  try {
    run_network_study(study(), {folder, 1}, kSilent);
    ADD_FAILURE() << "expected a ConfigError";
  } catch (const ConfigError& e) {
    EXPECT_STREQ(e.what(), "seed 42, mlp: networks/0/phases: expected less");
  }
  fs::remove(stock_ / "42_0/fails");
  EXPECT_FALSE(fs::exists(folder / "metrics.json"));
}

TEST_F(NetworkStudy, TrustsNoFilesOfAnotherModelOrProtocol) {
  const fs::path folder = copy("other_model");
  const fs::path model = folder / "seed_42/mlp/model.safetensors";
  fs::copy_file(stock_ / "42_1/model.safetensors", model, fs::copy_options::overwrite_existing);
  try {
    run_network_study(study(), {folder, 2}, kSilent);
    ADD_FAILURE() << "expected a DataError";
  } catch (const DataError& e) {
    EXPECT_EQ(e.what(), model.string() +
                            ": expected a mlp of the protocol known_start, found a "
                            "teacher of known_start");
  }
}

TEST_F(NetworkStudy, RefusesAFolderWithOtherThings) {
  const fs::path folder = folder_named("mine");
  write_file(folder / "notes.txt", "mine");
  EXPECT_THROW(run_network_study(study(), {folder, 2}, kSilent), ConfigError);
  EXPECT_EQ(read_file(folder / "notes.txt"), "mine");
}

TEST_F(NetworkStudy, NeedsItsTrainerBeforeItTouchesAnything) {
  ::setenv("PSI_TRAINER", "/nowhere/psi_trainer", 1);
  const fs::path folder = folder_named("no_trainer");
  EXPECT_THROW(run_network_study(study(), {folder, 2}, kSilent), ConfigError);
  EXPECT_FALSE(fs::exists(folder));
}

TEST_F(NetworkStudy, TellsWhatGoesOn) {
  std::vector<std::string> told;
  double last = 0;
  run_network_study(study(), {copy("told"), 1},
                    [&](const std::string& stage, double done, const std::string& detail) {
                      told.push_back(stage + ": " + detail);
                      if (stage == "train") last = done;
                    });
  for (const char* line : {"fit: seed 42, compact", "train: seed 7, teacher: started",
                           "train: seed 7, low_rank: done", "report: tables, figures, page"}) {
    EXPECT_EQ(std::count(told.begin(), told.end(), line), 1) << line;
  }
  EXPECT_EQ(last, 1);
}

}  // namespace
}  // namespace psi_xlstm
