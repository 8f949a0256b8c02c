// What the config of a network study may be.

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>
#include <utility>

#include "core/atomic_file.hpp"
#include "psi_xlstm/core/error.hpp"
#include "studies/networks/study_run.hpp"
#include "support/paths.hpp"

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
    EXPECT_EQ(problem_with(config).find("/networks/2/label: expected a letter"), 0u) << label;
  }
  config.networks[2].label = "fit_0";
  EXPECT_EQ(problem_with(config).find("/networks/2/label: expected no label"), 0u);
  config = study();
  std::swap(config.networks[1], config.networks[2]);
  EXPECT_EQ(
      problem_with(config),
      "/networks/1: expected a teacher before the student \"clustering\", found one behind it");
  config.networks[1].distillation.alpha =
      0;  // it would start from the teacher's memory all the same
  EXPECT_NE(problem_with(config), "none");
  config.networks.erase(config.networks.begin() + 2, config.networks.end());
  EXPECT_EQ(problem_with(config), "none");
  config.networks[1].distillation.beta = 1;
  EXPECT_EQ(problem_with(config),
            "/networks/1: expected a teacher before the student \"clustering\", found none");
  config = study();
  config.networks[0].phases.clear();
  EXPECT_EQ(problem_with(config), "/networks/0/phases: expected at least one, found none");
  config = study("published");
  config.networks[1].optimizer = NetworkOptimizer::kSoap;
  EXPECT_EQ(
      problem_with(config),
      "/networks/1/optimizer: expected nothing, found a value: only recurrent networks of the "
      "known-start protocol use it");
  config.protocol = NetworkProtocol::kKnownStart;
  EXPECT_EQ(problem_with(config), "none");
  config = study();
  config.seeds = {1, 2, 1};
  EXPECT_EQ(problem_with(config).find("/seeds: expected different seeds"), 0u);
  config.seeds.clear();
  EXPECT_EQ(problem_with(config).find("/seeds: expected different seeds"), 0u);
  config = study();
  config.networks.clear();
  config.with_compact = false;
  EXPECT_EQ(problem_with(config), "/networks: expected at least one model, found none");
  config = study();
  config.study = "a b";
  EXPECT_EQ(problem_with(config).find("/study: expected a letter"), 0u);
}

TEST(CheckConfig, NamesWhatTheProtocolDoesNotUse) {
  const auto problem = [](const std::string& protocol, const auto& change) {
    NetworkStudyConfig config = study(protocol);
    change(config.networks);
    return problem_with(config);
  };
  const auto decimated = [](auto& networks) { networks[1].phases[0].decimation = 8; };
  EXPECT_EQ(
      problem("published", decimated).find("/networks/1/phases/0/decimation: expected nothing"),
      0u);
  EXPECT_EQ(problem("known_start", decimated), "none");
  const auto lawful = [](auto& networks) { networks[1].physics = 1; };
  EXPECT_EQ(problem("published", lawful).find("/networks/1/physics: expected nothing"), 0u);
  EXPECT_EQ(problem("known_start", lawful), "none");
  EXPECT_EQ(
      problem("known_start", [](auto& networks) { networks[0].physics = 1; }).find("/networks/0"),
      0u);
  EXPECT_EQ(problem("known_start", [](auto& networks) { networks[3].distillation.gamma = 1; }),
            "/networks/3/distillation/gamma: expected nothing, found a value: only clustering "
            "students use it");
}

// What reading `text` as a network says.
std::string problem_in(const std::string& text) {
  try {
    config_from_json<NetworkConfig>(nlohmann::json::parse(text), "config");
  } catch (const ConfigError& e) {
    return e.what();
  }
  return "none";
}

TEST(NetworkConfig, TakesTheKeysOfItsKindAlone) {
  EXPECT_EQ(problem_in(R"({"name": "clustering", "clusters": 5, "tie_after": 0.3})"), "none");
  EXPECT_EQ(problem_in(R"({"name": "low_rank", "rank": 4, "distillation": {"alpha": 1}})"), "none");
  for (const char* text :
       {R"({"name": "teacher", "clusters": 5})", R"({"name": "low_rank", "clusters": 5})",
        R"({"name": "clustering", "rank": 5})", R"({"name": "teacher", "tie_after": 0.3})",
        R"({"name": "teacher", "distillation": {"alpha": 1}})",
        R"({"name": "mlp", "optimizer": "soap"})", R"({"name": "mlp", "physics": 1})"}) {
    EXPECT_NE(problem_in(text), "none") << text;
  }
}

TEST(NetworkConfig, RefusesTheNameOfANetworkWithPhysics) {
  const std::string problem = problem_in(R"({"name": "pinn"})");
  EXPECT_NE(problem.find("/name"), std::string::npos) << problem;
  EXPECT_NE(problem.find("no physics enters: call it \"mlp\""), std::string::npos) << problem;
}

TEST(NetworkConfig, ComesBackFromWhatIsWritten) {
  NetworkStudyConfig config = study("known_start");
  config.networks[1].optimizer = NetworkOptimizer::kSoap;
  config.networks[2].clusters = 5;
  const std::string text = config_text(config);
  EXPECT_EQ(config_text(config_from_json<NetworkStudyConfig>(nlohmann::json::parse(text), "again")),
            text);
}

// Those that come with the program.
TEST(CheckConfig, TakesTheStudiesOfTheProgram) {
  for (const char* name : {"known_start", "published", "ablation"}) {
    const fs::path file = fs::path(testing::kSourceDir) / "configs" / (std::string(name) + ".json");
    EXPECT_EQ(problem_with(read_config<NetworkStudyConfig>(file)), "none") << name;
  }
}

TEST(TeacherIndex, IsTheFirst) {
  EXPECT_EQ(teacher_index({network("mlp"), network("teacher"), network("teacher")}), 1);
  EXPECT_EQ(teacher_index({network("mlp"), network("clustering")}), -1);
}

TEST(NetworksKind, IsNamedInTheConfig) {
  const StudyKind kind = networks_kind();
  EXPECT_EQ(kind.name, "networks");
  EXPECT_EQ(config_tree(study())["kind"], "networks");
  EXPECT_THROW(kind.prepare({{"kind", "compact"}}, "my.json"), ConfigError);
}

}  // namespace
}  // namespace psi_xlstm
