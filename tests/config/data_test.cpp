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
            "c.json: /seed: expected an integer >= 0, found -1");
  EXPECT_EQ(
      refusal<VteamConfig>(R"({"device": {"v_on": 0.5, "k_on": 1, "window": "hann"}})"),
      "c.json: /device/v_on: expected a number in [-1000000, -1e-06], found 0.5\n"
      "c.json: /device/k_on: expected a number in [-1000000000000, 0], found 1\n"
      "c.json: /device/window: expected one of none, joglekar, biolek, prodromakis, kvatinsky, "
      "found \"hann\"");
  EXPECT_EQ(refusal<Mem3Config>(R"({"taus": [0.001, 0]})"),
            "c.json: /taus/1: expected a number in (0, 1000000000], found 0");
}

// A key that says something about another kind would be believed to count.
TEST(DataConfigs, RefuseKeysOfAnotherKind) {
  EXPECT_EQ(refusal<VteamConfig>(R"({"device": {"window": "none", "window_power": 3}})"),
            "c.json: /device/window_power: expected no such key with \"window\" \"none\", found 3: "
            "it has no effect");
  EXPECT_EQ(
      refusal<VteamConfig>(R"({"device": {"window_width": 1e-9}})"),
      "c.json: /device/window_width: expected no such key with \"window\" at its default, found "
      "1e-09: it has no effect");
  EXPECT_EQ(refusal<Mem3Config>(R"({"waveform": "step", "carrier": 1e3})"),
            "c.json: /carrier: expected no such key with \"waveform\" \"step\", found 1000.0: it "
            "has no effect");
}

TEST(DataConfigs, RefuseNumbersBeyondAnyMeasurement) {
  EXPECT_NE(refusal<Mem3Config>(R"({"sample_rate": 1e300})"), "nothing was thrown");
  EXPECT_NE(refusal<Mem3Config>(R"({"gains": [1e308, 0, 0]})"), "nothing was thrown");
  EXPECT_NE(refusal<VteamConfig>(R"({"duration": 1e200})"), "nothing was thrown");
  EXPECT_NE(refusal<VteamConfig>(R"({"device": {"w_off": 1e300}})"), "nothing was thrown");
}

}  // namespace
}  // namespace psi_xlstm
