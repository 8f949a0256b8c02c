// What the config of a network study may be.

#include <gtest/gtest.h>

#include <string>
#include <utility>

#include "core/atomic_file.hpp"
#include "psi_xlstm/core/error.hpp"
#include "studies/networks/study_run.hpp"

namespace psi_xlstm {
namespace {

std::string problem_with(const NetworkStudyConfig& config) {
  try {
    check_config(config);
  } catch (const ConfigError& e) {
    return e.what();
  }
  return "none";
}

TEST(CheckConfig, NamesWhatContradicts) {
  EXPECT_EQ(problem_with(study()), "none");
  NetworkStudyConfig config = study();
  config.networks[2].label = "teacher";
  EXPECT_NE(problem_with(config).find("expected different labels"), std::string::npos);
  config.networks[2].label = "compact";
  EXPECT_NE(problem_with(config).find("expected different labels"), std::string::npos);
  config.with_compact = false;
  EXPECT_EQ(problem_with(config), "none");
  for (const char* label : {"a b", "../up", "1st", "$(touch x)"}) {
    config = study();
    config.networks[2].label = label;
    EXPECT_EQ(problem_with(config).find("networks/2/label: expected a letter"), 0u) << label;
  }
  config.networks[2].label = "fit_0";
  EXPECT_EQ(problem_with(config).find("networks/2/label: expected no label"), 0u);
  config = study();
  std::swap(config.networks[1], config.networks[2]);
  EXPECT_EQ(
      problem_with(config),
      "networks/1: expected a teacher before the student \"clustering\", found one behind it");
  config.networks[1].distillation.alpha =
      0;  // it would start from the teacher's memory all the same
  EXPECT_NE(problem_with(config), "none");
  config.networks.erase(config.networks.begin() + 2, config.networks.end());
  EXPECT_EQ(problem_with(config), "none");
  config.networks[1].distillation.beta = 1;
  EXPECT_EQ(problem_with(config),
            "networks/1: expected a teacher before the student \"clustering\", found none");
  config = study();
  config.networks[0].phases.clear();
  EXPECT_EQ(problem_with(config), "networks/0/phases: expected at least one, found none");
  config = study("published");
  config.networks[1].optimizer = "soap";
  EXPECT_EQ(
      problem_with(config),
      "networks/1/optimizer: expected \"adamw\" but for recurrent networks of the known-start "
      "protocol, found \"soap\"");
  config.protocol = "known_start";
  EXPECT_EQ(problem_with(config), "none");
  config = study();
  config.seeds = {1, 2, 1};
  EXPECT_EQ(problem_with(config).find("seeds: expected different seeds"), 0u);
  config.seeds.clear();
  EXPECT_EQ(problem_with(config).find("seeds: expected different seeds"), 0u);
  config = study();
  config.networks.clear();
  config.with_compact = false;
  EXPECT_EQ(problem_with(config), "networks: expected at least one model, found none");
  config = study();
  config.study = "a b";
  EXPECT_EQ(problem_with(config).find("study: expected a letter"), 0u);
}

TEST(TeacherIndex, IsTheFirst) {
  EXPECT_EQ(teacher_index({network("pinn"), network("teacher"), network("teacher")}), 1);
  EXPECT_EQ(teacher_index({network("pinn"), network("clustering")}), -1);
}

TEST(NetworksKind, IsNamedInTheConfig) {
  const StudyKind kind = networks_kind();
  EXPECT_EQ(kind.name, "networks");
  EXPECT_EQ(config_tree(study())["kind"], "networks");
  EXPECT_THROW(kind.prepare({{"kind", "compact"}}, "my.json"), ConfigError);
}

}  // namespace
}  // namespace psi_xlstm
