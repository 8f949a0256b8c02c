#include "tau/residuals.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <vector>

#include "core/rng.hpp"

namespace psi_xlstm::tau {
namespace {

// White residuals of two records, with blocks as residuals_of() makes them.
Residuals white_residuals(std::uint32_t seed) {
  Rng rng(seed);
  Residuals out;
  for (const std::size_t samples : {400U, 250U}) {
    out.values.emplace_back();
    for (std::size_t i = 0; i < samples; ++i) out.values.back().push_back(rng.normal());
  }
  for (int b = 0; b < 80; ++b) out.blocks.push_back(rng.normal());
  return out;
}

// A tenth of the p-values of white residuals is below 0.1: of 300, 30 with a deviation of 5.2, to
// which the approximations of the tests for so few samples are added.
TEST(WhitenessOf, KeepsTheLevelOfEveryTest) {
  int samples = 0, blocks = 0, power = 0;
  for (std::uint32_t seed = 1; seed <= 300; ++seed) {
    const Whiteness whiteness = whiteness_of(white_residuals(seed));
    samples += whiteness.samples.p_value < 0.1 ? 1 : 0;
    blocks += whiteness.blocks.p_value < 0.1 ? 1 : 0;
    power += whiteness.block_power_p < 0.1 ? 1 : 0;
  }
  for (const int below : {samples, blocks, power}) {
    EXPECT_GT(below, 12);
    EXPECT_LT(below, 50);
  }
}

TEST(WhitenessOf, AddsUpTheLagsOfEveryRecord) {
  const Residuals residuals = white_residuals(1);
  const Whiteness whiteness = whiteness_of(residuals);
  EXPECT_EQ(whiteness.samples.lags, 2 * 20);
  EXPECT_DOUBLE_EQ(whiteness.samples.statistic, ljung_box(residuals.values[0], 20).statistic +
                                                    ljung_box(residuals.values[1], 20).statistic);
}

// What is slow and small beside the noise of a sample shows in the blocks alone.
TEST(WhitenessOf, SeesASlowMisfitInTheBlocks) {
  Residuals residuals = white_residuals(2);
  for (double& block : residuals.blocks) block += 1.5;
  const Whiteness whiteness = whiteness_of(residuals);
  EXPECT_GT(whiteness.samples.p_value, 1e-3);
  EXPECT_LT(whiteness.blocks.p_value, 1e-6);
  EXPECT_LT(whiteness.block_power_p, 1e-6);
  EXPECT_FALSE(whiteness.white());
}

// Each test alone can say that residuals are not white, at the level of 1e-3.
TEST(Whiteness, IsTheVerdictOfAllThreeTests) {
  const auto with = [](double samples, double blocks, double power) {
    Whiteness whiteness;
    whiteness.samples.p_value = samples;
    whiteness.blocks.p_value = blocks;
    whiteness.block_power_p = power;
    return whiteness;
  };
  EXPECT_TRUE(with(1.1e-3, 1.1e-3, 1.1e-3).white());
  EXPECT_FALSE(with(0.9e-3, 1, 1).white());
  EXPECT_FALSE(with(1, 0.9e-3, 1).white());
  EXPECT_FALSE(with(1, 1, 0.9e-3).white());
}

}  // namespace
}  // namespace psi_xlstm::tau
