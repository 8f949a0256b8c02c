#include "diagnosis/clipping.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <numbers>
#include <string>

#include "core/rng.hpp"
#include "diagnosis/made_records.hpp"

namespace psi_xlstm {
namespace {

using testing::record_of;

// The record with its current cut off at `part` of its largest value.
Record clipped_at(double part, double noise = 0) {
  Record record = record_of({.periods = 2});
  auto& i = record.current[0];
  const double limit = part * *std::max_element(i.begin(), i.end());
  Rng rng(3);
  for (double& x : i) x = std::min(x, limit) + noise * limit * rng.normal();
  return record;
}

TEST(Clipping, OfACurrentAtACompliance) {
  const Record record = clipped_at(0.5);
  const auto found = clipping_of(record);
  ASSERT_TRUE(found.has_value());
  EXPECT_EQ(found->channel, "current");
  const auto& i = record.current[0];
  EXPECT_EQ(found->level, *std::max_element(i.begin(), i.end()));
  EXPECT_EQ(found->samples, std::count(i.begin(), i.end(), found->level));
  EXPECT_GT(std::max(found->other_first, found->other_last), 0.3);
}

TEST(Clipping, OfACurrentAtAComplianceWithALittleNoise) {
  EXPECT_TRUE(clipping_of(clipped_at(0.5, 1e-4)).has_value());
}

TEST(Clipping, IsNotSeenInASmoothMaximum) {
  EXPECT_FALSE(clipping_of(record_of({})).has_value());
  EXPECT_FALSE(clipping_of(record_of({.samples_per_period = 5000})).has_value());
  EXPECT_FALSE(clipping_of(record_of({.samples_per_period = 20})).has_value());
  EXPECT_FALSE(clipping_of(clipped_at(1)).has_value());
}

// The current of a device that turns itself off while the voltage rises: a flat, smooth top.
TEST(Clipping, IsNotSeenWhereASmoothCurrentTurnsWhileTheVoltageRises) {
  Record record = record_of({.periods = 1, .samples_per_period = 4000});
  for (std::size_t k = 0; k < record.size(); ++k) {
    const double x = record.voltage[0][k];
    record.current[0][k] = x * std::exp(-2 * x * x);
  }
  EXPECT_FALSE(clipping_of(record).has_value());
}

// Pulses: both channels stand still.
TEST(Clipping, IsNotSeenInPulses) {
  Record record = record_of({.periods = 10, .samples_per_period = 40});
  for (std::size_t k = 0; k < record.size(); ++k) {
    record.voltage[0][k] = k % 40 < 20 ? 1 : -1;
    record.current[0][k] = 1e-4 * record.voltage[0][k];
  }
  EXPECT_FALSE(clipping_of(record).has_value());
}

// The current goes on rising and falling while the converter of the voltage is at its end.
TEST(Clipping, OfAVoltageAtTheEndOfAConverter) {
  const auto cut_at = [](double limit) {
    Record record = record_of({.periods = 2});
    for (double& v : record.voltage[0]) v = std::clamp(v, -limit, limit);
    return clipping_of(record);
  };
  const auto found = cut_at(0.5);
  ASSERT_TRUE(found.has_value());
  EXPECT_EQ(found->channel, "voltage");
  EXPECT_EQ(std::abs(found->level), 0.5);
  EXPECT_FALSE(cut_at(0.9999).has_value());
}

// A step response: the voltage is constant but for its last digits, or for its noise.
TEST(Clipping, IsNotSeenWhereTheVoltageDoesNotMove) {
  for (double noise : {1e-15, 1e-4, 1e-2}) {
    Record record = record_of({.periods = 1, .samples_per_period = 400});
    Rng rng(5);
    for (std::size_t k = 0; k < record.size(); ++k) {
      record.voltage[0][k] = 2 + noise * rng.normal();
      record.current[0][k] = 1e-3 * std::max(0.1, 1 - static_cast<double>(k) / 100);
    }
    EXPECT_FALSE(clipping_of(record).has_value()) << noise;
  }
}

}  // namespace
}  // namespace psi_xlstm
