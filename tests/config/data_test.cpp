#include "config/data.hpp"

#include <gtest/gtest.h>

#include <string>

#include "psi_xlstm/core/error.hpp"

namespace psi_xlstm {
namespace {

template <class Config>
std::string after_a_round_trip(const Config& config) {
  const auto tree = nlohmann::json::parse(config_text(config));
  return config_text(config_from_json<Config>(tree, "test"));
}

TEST(DataConfigs, ReadBackWhatTheyWrite) {
  const PublishedRecipeConfig published{.seed = 456};
  EXPECT_EQ(after_a_round_trip(published), config_text(published));
  EXPECT_NE(config_text(published), config_text(PublishedRecipeConfig{}));
  const VteamConfig vteam{.device = {.v_on = -0.3, .window = "kvatinsky"}, .noise = 0};
  EXPECT_EQ(after_a_round_trip(vteam), config_text(vteam));
  EXPECT_NE(config_text(vteam), config_text(VteamConfig{}));
  const Mem3Config mem3{.gains = {1e-4}, .taus = {1e-3}, .waveform = "step"};
  EXPECT_EQ(after_a_round_trip(mem3), config_text(mem3));
  EXPECT_NE(config_text(mem3), config_text(Mem3Config{}));
}

template <class Config>
std::string refusal(const char* text) {
  try {
    config_from_json<Config>(nlohmann::json::parse(text), "c.json");
  } catch (const ConfigError& e) {
    return e.what();
  }
  return "nothing was thrown";
}

TEST(DataConfigs, RefuseValuesWithoutMeaning) {
  EXPECT_EQ(refusal<PublishedRecipeConfig>(R"({"seed": -1})"),
            "c.json: /seed: must be >= 0, got -1");
  EXPECT_EQ(
      refusal<VteamConfig>(R"({"device": {"v_on": 0.5, "k_on": 1, "window": "hann"}})"),
      "c.json: /device/v_on: must be <= -1e-06, got 0.5\n"
      "c.json: /device/k_on: must be <= 0, got 1\n"
      "c.json: /device/window: must be one of none, joglekar, biolek, prodromakis, kvatinsky, "
      "got \"hann\"");
  EXPECT_EQ(refusal<Mem3Config>(R"({"taus": [0.001, 0]})"), "c.json: /taus/1: must be > 0, got 0");
}

}  // namespace
}  // namespace psi_xlstm
