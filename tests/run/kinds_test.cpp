#include "run/kinds.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <string>
#include <vector>

#include "psi_xlstm/core/error.hpp"
#include "run/folder.hpp"
#include "run/manifest.hpp"

namespace psi_xlstm {
namespace {

struct CountConfig {
  std::string kind = "count";
  std::string study = "counting";
  int up_to = 3;

  template <class Self, class Visitor>
  static void fields(Self& c, Visitor& visit) {
    visit("kind", c.kind, one_of({"count"}));
    visit("study", c.study);
    visit("up_to", c.up_to, at_least(1));
  }
};

std::vector<StudyKind> kinds() {
  const auto run = [](const CountConfig& config, const RunOptions& options, const Progress& tell) {
    for (int i = 0; i < config.up_to; ++i) tell("count", i, "");
    return RunOutcome{.summary = options.folder.string() + std::to_string(config.up_to),
                      .verdict = {Verdict::kPassed, ""}};
  };
  const auto check = [](const std::filesystem::path&) { return CheckResult{.values = 7}; };
  const auto contradictions = [](const CountConfig& config) {
    std::vector<ConfigProblem> problems;
    if (config.study == "none") problems.push_back({"/study", "a name", "none"});
    if (config.up_to < 1) problems.push_back({"/up_to", "a number to count to", "none"});
    return problems;
  };
  return {study_kind<CountConfig>("count", run, check, contradictions, CountConfig{.up_to = 5}),
          study_kind<CountConfig>("other", run, check, contradictions, CountConfig{})};
}

std::string kind_problem(const nlohmann::json& config) {
  try {
    kind_of(config, kinds(), "my.json");
  } catch (const ConfigError& e) {
    return e.what();
  }
  return "none";
}

TEST(StudyKinds, AreFoundByTheirName) {
  EXPECT_EQ(kind_of({{"kind", "other"}}, kinds(), "").name, "other");
  EXPECT_EQ(kind_problem({{"kind", "count"}}), "none");
}

TEST(StudyKinds, AConfigWithoutAKnownKindIsToldTheKinds) {
  EXPECT_EQ(kind_problem({{"study", "x"}}),
            "my.json: /kind: expected one of \"count\", \"other\", found none");
  EXPECT_EQ(kind_problem({{"kind", 3}}),
            "my.json: /kind: expected one of \"count\", \"other\", found 3");
  EXPECT_EQ(kind_problem(nlohmann::json::array()),
            "my.json: /kind: expected one of \"count\", \"other\", found none");
}

TEST(StudyKinds, NameEveryProblemOfAConfigOnce) {
  const StudyKind kind = kinds().front();
  const auto problems =
      kind.problems({{"kind", "count"}, {"study", "none"}, {"up_to", 0}, {"x", 1}});
  ASSERT_EQ(problems.size(), 3u);
  EXPECT_EQ(problems[0].pointer, "/up_to");
  EXPECT_EQ(problems[0].expected, "an integer >= 1");
  EXPECT_EQ(problems[1].pointer, "/x");
  EXPECT_EQ(problems[2].pointer, "/study");
  EXPECT_TRUE(kind.problems({{"kind", "count"}}).empty());
}

TEST(StudyKinds, AContradictionAboutAWrongValueIsNotTold) {
  const std::vector<ConfigProblem> wrong = {{"/data/files/0", "a text", "3"}};
  const auto told = [&](const std::string& pointer) {
    return all_problems(wrong, {{pointer, "x", "y"}}).size() == 2;
  };
  EXPECT_FALSE(told("/data/files/0"));
  EXPECT_FALSE(told("/data/files"));
  EXPECT_FALSE(told("/data/files/0/name"));
  EXPECT_TRUE(told("/data/files/1"));
  EXPECT_TRUE(told("/data/file"));
}

TEST(StudyKinds, DescribeAConfigThatCanBeRun) {
  const StudyKind kind = kinds().front();
  const std::vector<FieldDescription> fields = kind.example();
  EXPECT_EQ(fields.back().value, 5);
  const auto tree = nlohmann::json::parse(commented_config(fields), nullptr, true, true);
  EXPECT_EQ(kind.prepare(tree, "example").config["up_to"], 5);
}

TEST(StudyKinds, RunTheConfigTheyRead) {
  const std::vector<StudyKind> all = kinds();
  const PreparedStudy study = all.front().prepare({{"kind", "count"}, {"up_to", 5}}, "my.json");
  EXPECT_EQ(study.study, "counting");
  int told = 0;
  const RunOutcome outcome =
      study.run({.folder = "out"}, [&](const std::string&, double, const std::string&) { ++told; });
  EXPECT_EQ(told, 5);
  EXPECT_EQ(outcome.summary, "out5");
  EXPECT_THROW(all.front().prepare({{"up_to", 0}}, "my.json"), ConfigError);
}

std::string check_problem(const std::filesystem::path& folder) {
  try {
    check_run(folder, kinds());
  } catch (const ConfigError& e) {
    return e.what();
  }
  return "none";
}

TEST(CheckRun, SaysThatAFolderIsNoRunOrOneThatIsNotFinished) {
  const std::filesystem::path folder =
      std::filesystem::path(::testing::TempDir()) / "kinds_test_check";
  std::filesystem::remove_all(folder);
  std::filesystem::create_directories(folder);
  EXPECT_EQ(check_problem(folder), folder.string() +
                                       ": expected the folder of a run of psi, found a folder that "
                                       "no run wrote to");
  RunFolder(folder).write("config.json", R"({"kind": "count"})");
  EXPECT_EQ(check_problem(folder).find(folder.string() +
                                       ": expected a finished run, found one without its "
                                       "manifest.json"),
            0U);
  RunFolder(folder).write(kManifestName, "{}");
  EXPECT_EQ(check_run(folder, kinds()).values, 7);
}

}  // namespace
}  // namespace psi_xlstm
