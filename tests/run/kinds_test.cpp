#include "run/kinds.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "psi_xlstm/core/error.hpp"

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
  return {study_kind<CountConfig>("count", run, check),
          study_kind<CountConfig>("other", run, check)};
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

}  // namespace
}  // namespace psi_xlstm
