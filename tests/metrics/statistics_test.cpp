#include "metrics/statistics.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <numbers>
#include <random>
#include <vector>

#include "psi_xlstm/core/error.hpp"

namespace psi_xlstm {
namespace {

// By hand: mean 5, sum of squares (9 + 1 + 1 + 9) = 20, sd sqrt(20/3), se sd/2, t(3) = 3.182446.
TEST(Summarize, MatchesAnExampleByHand) {
  const std::vector<double> values = {8, 4, 2, 6};
  const auto summary = summarize(values);
  EXPECT_EQ(summary.count, 4);
  EXPECT_DOUBLE_EQ(summary.mean, 5);
  EXPECT_DOUBLE_EQ(summary.median, 5);
  EXPECT_DOUBLE_EQ(summary.standard_deviation.value(), std::sqrt(20.0 / 3));
  EXPECT_DOUBLE_EQ(summary.standard_error.value(), std::sqrt(20.0 / 3) / 2);
  EXPECT_NEAR(summary.interval_half_width.value(), 3.182446 * std::sqrt(20.0 / 3) / 2, 1e-6);
}

TEST(Summarize, LeavesOutTheSpreadOfOneValue) {
  const auto summary = summarize(std::vector<double>{3});
  EXPECT_DOUBLE_EQ(summary.mean, 3);
  EXPECT_DOUBLE_EQ(summary.median, 3);
  EXPECT_FALSE(summary.standard_deviation.has_value());
  EXPECT_FALSE(summary.interval_half_width.has_value());
}

TEST(Median, IsTheMiddleOfAnOddNumberOfValues) {
  EXPECT_DOUBLE_EQ(median(std::vector<double>{100, -5, 3}), 3);
}

// Table of two-sided 95 % points, e.g. NIST/SEMATECH e-Handbook, section 1.3.6.7.2.
TEST(StudentT, MatchesThePublishedTable) {
  EXPECT_NEAR(student_t_95(1), 12.706, 5e-4);
  EXPECT_NEAR(student_t_95(2), 4.303, 5e-4);
  EXPECT_NEAR(student_t_95(4), 2.776, 5e-4);
  EXPECT_NEAR(student_t_95(5), 2.571, 5e-4);
  EXPECT_NEAR(student_t_95(30), 2.042, 5e-4);
  EXPECT_NEAR(student_t_95(100), 1.984, 5e-4);
  EXPECT_NEAR(student_t_95(100000), 1.960, 5e-4);
}

// The median of n values scatters by about 1.2 sd / sqrt(n), more as differences are correlated:
// 3 % is more than three times that for 20000 samples.
TEST(NoiseEstimate, FindsTheNoiseOnASineWithAJump) {
  constexpr double kNoise = 2e-6;
  std::mt19937_64 random(3);
  std::normal_distribution<double> normal(0, kNoise);
  std::vector<double> values;
  for (int i = 0; i < 20000; ++i) {
    const double signal = 1e-3 * std::sin(2 * std::numbers::pi * i / 500.0);
    values.push_back((i < 7000 ? signal : signal + 1e-2) + normal(random));
  }
  EXPECT_NEAR(noise_sd_from_differences(values), kNoise, 0.03 * kNoise);
}

TEST(NoiseEstimate, IsZeroForAParabola) {
  std::vector<double> values;
  for (int i = 0; i < 20; ++i) values.push_back(i * i);
  EXPECT_EQ(noise_sd_from_differences(values), 0);
}

TEST(Statistics, SayThatValuesAreMissing) {
  try {
    summarize({});
    FAIL() << "expected a DataError";
  } catch (const DataError& e) {
    EXPECT_STREQ(e.what(), "statistics: expected at least one value, found none");
  }
  try {
    noise_sd_from_differences(std::vector<double>{1, 2, 3});
    FAIL() << "expected a DataError";
  } catch (const DataError& e) {
    EXPECT_STREQ(e.what(), "noise estimate: expected at least 8 samples, found 3");
  }
}

}  // namespace
}  // namespace psi_xlstm
