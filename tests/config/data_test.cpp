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
  const VteamConfig vteam{.device = {.v_on = -0.3, .window = VteamWindow::kKvatinsky}, .noise = 0};
  EXPECT_EQ(after_a_round_trip(vteam), config_text(vteam));
  EXPECT_NE(config_text(vteam), config_text(VteamConfig{}));
  const Mem3Config mem3{.gains = {1e-4}, .taus = {1e-3}, .waveform = Mem3Waveform::kStep};
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
      "c.json: /device/v_on: must be in [-1000000, -1e-06], got 0.5\n"
      "c.json: /device/k_on: must be in [-1000000000000, 0], got 1\n"
      "c.json: /device/window: must be one of none, joglekar, biolek, prodromakis, kvatinsky, "
      "got \"hann\"");
  EXPECT_EQ(refusal<Mem3Config>(R"({"taus": [0.001, 0]})"),
            "c.json: /taus/1: must be in (0, 1000000000], got 0");
}

// A key that says something about another kind would be believed to count.
TEST(DataConfigs, RefuseKeysOfAnotherKind) {
  EXPECT_EQ(refusal<VteamConfig>(R"({"device": {"window": "none", "window_power": 3}})"),
            "c.json: /device/window_power: unused key; with \"window\" \"none\" it has no effect");
  EXPECT_EQ(refusal<VteamConfig>(R"({"device": {"window_width": 1e-9}})"),
            "c.json: /device/window_width: unused key; with \"window\" at its default it has no "
            "effect");
  EXPECT_EQ(refusal<Mem3Config>(R"({"waveform": "step", "carrier": 1e3})"),
            "c.json: /carrier: unused key; with \"waveform\" \"step\" it has no effect");
}

TEST(DataConfigs, RefuseNumbersBeyondAnyMeasurement) {
  EXPECT_NE(refusal<Mem3Config>(R"({"sample_rate": 1e300})"), "nothing was thrown");
  EXPECT_NE(refusal<Mem3Config>(R"({"gains": [1e308, 0, 0]})"), "nothing was thrown");
  EXPECT_NE(refusal<VteamConfig>(R"({"duration": 1e200})"), "nothing was thrown");
  EXPECT_NE(refusal<VteamConfig>(R"({"device": {"w_off": 1e300}})"), "nothing was thrown");
}

}  // namespace
}  // namespace psi_xlstm
