#include "run/manifest.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <string>

#include "core/atomic_file.hpp"
#include "core/sha256.hpp"
#include "psi_xlstm/core/error.hpp"

namespace psi_xlstm {
namespace {

namespace fs = std::filesystem;

class RunFiles : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ = fs::path(::testing::TempDir()) / ("manifest_" + std::to_string(::getpid()));
    fs::remove_all(folder_);
    write_file(folder_ / "metrics.json", "{}");
    write_file(folder_ / "seed_1" / "model.safetensors", "weights");
    write_file(folder_ / "seed_1" / "timings.json", "changes");
    write_file(folder_ / "seed_1" / ".psi-12-0.tmp", "left behind");
    write_file(folder_ / "timings.json", "changes");
    write_file(folder_ / "tables" / "latency.csv", "changes");
    write_file(folder_ / "seed_1" / "latency.csv", "no table");
    write_file(folder_ / "manifest.json", "itself");
    write_file(folder_ / "seed_1" / "manifest.json", "of a part");
  }
  void TearDown() override { fs::remove_all(folder_); }

  fs::path folder_;
};

Manifest example() {
  return {.program_version = "0.1.0",
          .git_commit = "abc",
          .versions = {{"eigen", "3.4.0"}},
          .seeds = {1, 2},
          .files = {{"metrics.json", "00"}}};
}

std::string manifest_problem(const std::string& text) {
  try {
    parse_manifest(text, "manifest.json");
  } catch (const DataError& e) {
    return e.what();
  }
  return "none";
}

TEST_F(RunFiles, HaveChecksumsButForTimesAndTheManifest) {
  const std::map<std::string, std::string> expected = {
      {"metrics.json", sha256_hex("{}")},
      {"seed_1/latency.csv", sha256_hex("no table")},
      {"seed_1/manifest.json", sha256_hex("of a part")},
      {"seed_1/model.safetensors", sha256_hex("weights")}};
  EXPECT_EQ(
      file_checksums(folder_, {"metrics.json", "manifest.json", "timings.json",
                               "seed_1/timings.json", "tables/latency.md", "seed_1/latency.csv",
                               "seed_1/manifest.json", "seed_1/model.safetensors"}),
      expected);
}

TEST_F(RunFiles, EveryOneThatDiffersIsNamedAndOthersAreLeftAlone) {
  Manifest manifest = example();
  manifest.files = file_checksums(folder_, {"metrics.json", "seed_1/manifest.json"});
  EXPECT_TRUE(compare_files(manifest, folder_).empty());

  write_file(folder_ / "metrics.json", "[]");
  fs::remove(folder_ / "seed_1" / "manifest.json");
  write_file(folder_ / "notes.txt", "of the user");
  EXPECT_EQ(
      compare_files(manifest, folder_),
      (std::vector<std::string>{
          "metrics.json: expected SHA-256 " + sha256_hex("{}") + ", found " + sha256_hex("[]"),
          "seed_1/manifest.json: expected by the manifest, found no such file"}));
}

TEST_F(RunFiles, AManifestCannotNameOneElsewhere) {
  Manifest manifest = example();
  manifest.files = {{"../secret", "00"}};
  EXPECT_THROW(compare_files(manifest, folder_), DataError);
}

TEST(ManifestText, IsTheSameForTheSameRunAndReadsBack) {
  const std::string text = manifest_text(example());
  EXPECT_EQ(text, R"({
  "program_version": "0.1.0",
  "git_commit": "abc",
  "versions": {
    "eigen": "3.4.0"
  },
  "seeds": [
    1,
    2
  ],
  "files": {
    "metrics.json": "00"
  }
}
)");
  EXPECT_EQ(manifest_text(parse_manifest(text, "manifest.json")), text);
}

TEST(ParseManifest, SaysWhatIsWrong) {
  EXPECT_TRUE(manifest_problem("{").starts_with("manifest.json: expected JSON, found at line 1, "));
  EXPECT_TRUE(
      manifest_problem(std::string(100'000, '[')).starts_with("manifest.json: expected at most"));
  EXPECT_EQ(manifest_problem("[]"), "manifest.json: expected a JSON object, found array");
  EXPECT_EQ(manifest_problem("{}"), "manifest.json: expected \"program_version\", found none");
  const std::string text = manifest_problem(R"({"program_version": 1})");
  EXPECT_TRUE(text.starts_with("manifest.json: expected another \"program_version\", found: "))
      << text;
}

TEST(TimingsText, ReadsBackAsItself) {
  const Timings timings{.started = "2025-01-31T12:00:00Z",
                        .finished = "",
                        .machine = {.processor = "a processor", .system = "a system", .cores = 2},
                        .stages = {{.name = "train", .duration = 1.5}}};
  const std::string text = timings_text(timings);
  EXPECT_NE(text.find("\"duration_s\": 1.5"), std::string::npos);
  EXPECT_EQ(timings_text(parse_timings(text, "timings.json")), text);
  try {
    parse_timings(R"({"stages": [{"duration_s": -1}]})", "timings.json");
    FAIL() << "expected a DataError";
  } catch (const DataError& e) {
    EXPECT_STREQ(e.what(), "timings.json: /stages/0/duration_s: expected a number >= 0, found -1");
  }
}

}  // namespace
}  // namespace psi_xlstm
