#include "run/folder.hpp"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <string>

#include "core/atomic_file.hpp"
#include "core/sha256.hpp"
#include "psi_xlstm/core/error.hpp"
#include "run/manifest.hpp"

namespace psi_xlstm {
namespace {

namespace fs = std::filesystem;

class RunFolderTest : public ::testing::Test {
 protected:
  void SetUp() override {
    const auto* test = ::testing::UnitTest::GetInstance()->current_test_info();
    folder_ = fs::path(::testing::TempDir()) /
              ("run_folder_" + std::string(test->name()) + std::to_string(getpid()));
    fs::remove_all(folder_);
  }
  void TearDown() override { fs::remove_all(folder_); }

  void put(const std::string& name, const std::string& text) const {
    fs::create_directories((folder_ / name).parent_path());
    std::ofstream(folder_ / name) << text;
  }
  std::string text_of(const std::string& name) const { return read_file(folder_ / name); }
  bool has(const std::string& name) const { return fs::exists(folder_ / name); }

  // What taking the folder throws; "none" where it can be taken.
  std::string problem() const {
    try {
      RunFolder taken(folder_);
    } catch (const ConfigError& e) {
      return e.what();
    }
    return "none";
  }

  fs::path folder_;
};

TEST_F(RunFolderTest, TakesAnEmptyOrMissingFolder) {
  EXPECT_EQ(problem(), "none");
  EXPECT_EQ(problem(), "none");
}

// A config of one's own with a "study" in it and a picture: once that made a folder an earlier run,
// and the picture went.
TEST_F(RunFolderTest, RefusesAFolderWithFilesThatNoRunWrote) {
  put("config.json", R"({"study": "mine"})");
  put("figures/photo.svg", "a picture");
  EXPECT_NE(problem().find("found files that no run wrote"), std::string::npos);
  EXPECT_EQ(text_of("figures/photo.svg"), "a picture");
  EXPECT_EQ(text_of("config.json"), R"({"study": "mine"})");
}

TEST_F(RunFolderTest, RemovesWhatEarlierRunsWroteAndNothingElse) {
  {
    RunFolder run(folder_);
    run.begin();
    run.write("tables/models.md", "old");
    run.write("metrics.json", "{}");
    run.write("seed_1/fit_0/model.safetensors", "weights");
  }
  put("tables/notes.md", "mine");
  put("photo.png", "mine too");
  RunFolder again(folder_);
  again.begin();
  EXPECT_FALSE(has("tables/models.md"));
  EXPECT_FALSE(has("metrics.json"));
  EXPECT_EQ(text_of("tables/notes.md"), "mine");
  EXPECT_EQ(text_of("photo.png"), "mine too");
  EXPECT_EQ(text_of("seed_1/fit_0/model.safetensors"), "weights");
  again.remove_below("seed_1/fit_0");
  EXPECT_FALSE(has("seed_1"));
}

TEST_F(RunFolderTest, SetsAFinishedRunAsideUntilTheNewOneEnds) {
  {
    RunFolder run(folder_);
    run.begin();
    run.write("tables/models.md", "old");
    run.write("seed_1/model.safetensors", "weights");
    run.write("manifest.json", "{}");
  }
  put("tables/notes.md", "mine");
  for (const char* const content : {"killed", "killed again"}) {
    RunFolder run(folder_);
    run.begin();
    run.write("tables/models.md", content);
    EXPECT_EQ(text_of("previous_run/tables/models.md"), "old");
    EXPECT_EQ(text_of("previous_run/manifest.json"), "{}");
    EXPECT_FALSE(has("manifest.json"));
    EXPECT_EQ(text_of("seed_1/model.safetensors"), "weights");
  }
  RunFolder run(folder_);
  run.begin();
  EXPECT_FALSE(has("tables/models.md"));
  run.write("tables/models.md", "new");
  run.end();
  EXPECT_FALSE(has("previous_run"));
  EXPECT_EQ(text_of("tables/models.md"), "new");
  EXPECT_EQ(text_of("tables/notes.md"), "mine");
}

// A run that is killed while it writes leaves a temporary file beside those of its list.
TEST_F(RunFolderTest, RemovesWhatAKilledRunWasWriting) {
  const std::string left = ".psi-0123456789abcdefghijklmnop.tmp";
  ASSERT_TRUE(is_temporary_name(left));
  {
    RunFolder run(folder_);
    run.begin();
    run.write("tables/models.md", "old");
  }
  fs::create_directories(folder_ / "mine");
  for (const char* const place : {"", "tables/", "mine/"}) put(place + left, "half");
  put("tables/.psi-notes.md", "mine");
  RunFolder run(folder_);
  run.begin();
  EXPECT_FALSE(has(left));
  EXPECT_FALSE(has("tables/" + left));
  EXPECT_TRUE(has("mine/" + left));  // no folder of a run
  EXPECT_TRUE(has("tables/.psi-notes.md"));
}

// However a run came to its end, its list is the same.
TEST_F(RunFolderTest, SettlesToTheSameList) {
  const auto finish = [&] {
    RunFolder run(folder_);
    run.begin();
    run.write("b", "1");
    run.write("a/c", "2");
    run.end();
    run.write("manifest.json", "{}");
    run.settle();
    EXPECT_THROW(RunFolder{folder_}, ConfigError);  // still this run's
    return text_of(kLedgerName);
  };
  const std::string straight = finish();
  EXPECT_EQ(straight, "psi-xlstm run 1\na/c\nb\nmanifest.json\n");
  {
    RunFolder killed(folder_);
    killed.begin();
    killed.write("a/c", "2");
    killed.allow("checkpoint");
  }
  EXPECT_NE(text_of(kLedgerName), straight);
  EXPECT_EQ(finish(), straight);
}

// Killed between two files: the rest follows, and nothing that is aside already goes.
TEST_F(RunFolderTest, GoesOnSettingAside) {
  {
    RunFolder run(folder_);
    run.begin();
    run.write("a", "old a");
    run.write("b", "old b");
    run.write("manifest.json", "{}");
    run.allow("previous_run/a");
  }
  fs::create_directories(folder_ / "previous_run");
  fs::rename(folder_ / "a", folder_ / "previous_run" / "a");
  RunFolder run(folder_);
  run.begin();
  EXPECT_EQ(text_of("previous_run/a"), "old a");
  EXPECT_EQ(text_of("previous_run/b"), "old b");
  EXPECT_FALSE(has("b"));
}

TEST_F(RunFolderTest, NeverReplacesAFileThatNoRunWrote) {
  RunFolder run(folder_);
  put("report.html", "mine");
  EXPECT_THROW(run.write("report.html", "page"), ConfigError);
  EXPECT_EQ(text_of("report.html"), "mine");
  run.write("metrics.json", "{}");
  run.write("metrics.json", "[]");
  EXPECT_EQ(text_of("metrics.json"), "[]");
}

TEST_F(RunFolderTest, NeverLeavesItself) {
  RunFolder run(folder_);
  for (const char* name : {"../outside", "/etc/passwd", "a/../../outside", "", ".", "a/"}) {
    EXPECT_THROW(run.own(name), DataError) << name;
  }
  const fs::path elsewhere = folder_.string() + "_elsewhere";
  fs::create_directories(elsewhere);
  fs::create_directory_symlink(elsewhere, folder_ / "tables");
  EXPECT_THROW(run.write("tables/models.md", "x"), ConfigError);
  EXPECT_TRUE(fs::is_empty(elsewhere));
  fs::remove_all(elsewhere);
}

// The list of files decides what is removed: one that was changed may not lead outside.
TEST_F(RunFolderTest, RefusesAListThatLeadsOutside) {
  put(kLedgerName, "psi-xlstm run 1\n../victim\n");
  EXPECT_NE(problem().find("expected the list of the files of a run"), std::string::npos);
  put(kLedgerName, "something else\n");
  EXPECT_NE(problem().find("expected the list of the files of a run"), std::string::npos);
}

TEST_F(RunFolderTest, ALineThatAKilledRunDidNotFinishIsNone) {
  put(kLedgerName, "psi-xlstm run 1\nmetrics.json\nreport.ht");
  put("metrics.json", "{}");
  put("report.ht", "mine");
  RunFolder run(folder_);
  run.begin();
  EXPECT_FALSE(has("metrics.json"));
  EXPECT_EQ(text_of("report.ht"), "mine");
  run.write("tables/models.md", "new");
  EXPECT_EQ(text_of(kLedgerName), "psi-xlstm run 1\nmetrics.json\ntables/models.md\n");
}

TEST_F(RunFolderTest, AHeaderThatAKilledRunDidNotFinishIsWrittenAgain) {
  put(kLedgerName, "psi-xl");
  RunFolder run(folder_);
  run.write("metrics.json", "{}");
  EXPECT_EQ(text_of(kLedgerName), "psi-xlstm run 1\nmetrics.json\n");
}

TEST_F(RunFolderTest, HasOneOwnerAtATime) {
  RunFolder run(folder_);
  // Another process, as locks of one process do not exclude each other everywhere.
  const pid_t child = fork();
  if (child == 0) {
    try {
      RunFolder second(folder_);
    } catch (const ConfigError& e) {
      _exit(std::string(e.what()).find("no other run uses") != std::string::npos ? 7 : 8);
    }
    _exit(0);
  }
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_EQ(WEXITSTATUS(status), 7);
  EXPECT_NE(problem().find("no other run uses"), std::string::npos);
}

TEST_F(RunFolderTest, IsFreeAgainAfterItsOwnerWasKilled) {
  const pid_t child = fork();
  if (child == 0) {
    RunFolder run(folder_);
    run.write("metrics.json", "{}");
    raise(SIGKILL);
  }
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  ASSERT_TRUE(WIFSIGNALED(status));
  RunFolder again(folder_);
  EXPECT_TRUE(again.owns("metrics.json"));
}

// Version 0.1 left no list.
TEST_F(RunFolderTest, TakesOverARunOfVersion01ByItsManifest) {
  put("tables/models.md", "as written");
  put("tables/baselines.md", "changed by the user");
  put("notes.md", "mine");
  put("timings.json", "{}");
  Manifest manifest{
      .program_version = "0.1.0", .git_commit = "x", .versions = {}, .seeds = {1}, .files = {}};
  manifest.files = {{"tables/models.md", sha256_hex("as written")},
                    {"tables/baselines.md", sha256_hex("as written")}};
  put(kManifestName, manifest_text(manifest));
  RunFolder run(folder_);
  run.begin();
  EXPECT_FALSE(has("tables/models.md"));
  EXPECT_FALSE(has(kManifestName));
  EXPECT_FALSE(has("timings.json"));
  EXPECT_EQ(text_of("tables/baselines.md"), "changed by the user");
  EXPECT_EQ(text_of("notes.md"), "mine");
}

TEST_F(RunFolderTest, SaysWhichFileVanishedMeanwhile) {
  RunFolder run(folder_);
  run.write("metrics.json", "{}");
  run.write("report.html", "page");
  EXPECT_EQ(run.written().size(), 2U);
  fs::remove(folder_ / "report.html");
  try {
    run.written();
    FAIL() << "expected a DataError";
  } catch (const DataError& e) {
    EXPECT_NE(std::string(e.what()).find("report.html"), std::string::npos);
  }
}

}  // namespace
}  // namespace psi_xlstm
