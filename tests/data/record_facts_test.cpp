#include "data/record_facts.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <random>

namespace psi_xlstm {
namespace {

// A resistor of 1 kohm with an offset, noise on its current, under a sine.
Record noisy_resistor(double offset, double noise, double limit) {
  std::mt19937 random(3);
  std::normal_distribution<double> normal;
  Record record;
  record.voltage.resize(1);
  record.current.resize(1);
  for (int k = 0; k < 2000; ++k) {
    const double V = std::sin(0.01 * k);
    record.time.push_back(2 + 1e-3 * k);
    record.voltage[0].push_back(V);
    record.current[0].push_back(std::min(limit, 1e-3 * V + offset + noise * normal(random)));
  }
  return record;
}

TEST(RecordFacts, FindTimesRangesNoiseAndOffset) {
  const RecordFacts facts = record_facts(noisy_resistor(2e-5, 1e-5, 1));
  EXPECT_EQ(facts.samples, 2000U);
  EXPECT_EQ(facts.start, 2);
  EXPECT_NEAR(facts.duration, 1.999, 1e-9);
  EXPECT_NEAR(facts.median_step, 1e-3, 1e-9);
  EXPECT_NEAR(facts.voltage.greatest, 1, 1e-4);
  // Of 2,000 samples the estimate scatters by 3 %; six of its deviations are allowed.
  EXPECT_NEAR(facts.current.noise, 1e-5, 0.2e-5);
  EXPECT_LT(facts.voltage.noise, 1e-4);
  EXPECT_EQ(facts.zero_crossings, 6U);
  ASSERT_TRUE(facts.current_at_zero.has_value());
  EXPECT_NEAR(*facts.current_at_zero, 2e-5, 2e-5);
  EXPECT_EQ(facts.current.clipped, 0U);
}

TEST(RecordFacts, CountClippedSamplesButNoPlateaus) {
  const RecordFacts clipped = record_facts(noisy_resistor(0, 0, 0.5e-3));
  // The sine is above one half for a third of each period.
  EXPECT_GT(clipped.current.clipped, 500U);
  EXPECT_LT(clipped.current.clipped, 900U);
  EXPECT_EQ(clipped.voltage.clipped, 0U);
  Record pulses = noisy_resistor(0, 0, 1);
  for (std::size_t k = 0; k < pulses.size(); ++k) {
    pulses.voltage[0][k] = k / 100 % 2 == 0 ? 1 : -1;
    pulses.current[0][k] = 1e-3 * pulses.voltage[0][k];
  }
  EXPECT_EQ(record_facts(pulses).current.clipped, 0U);
  EXPECT_EQ(record_facts(pulses).current.levels, 2U);
}

// A compliance that wanders a little, and two sines a quarter of a period apart.
TEST(RecordFacts, CountAComplianceThatWandersButNoTopOfASine) {
  Record record = noisy_resistor(0, 0, 0.5e-3);
  for (std::size_t k = 0; k < record.size(); ++k) {
    if (record.current[0][k] == 0.5e-3) record.current[0][k] -= 1e-7 * static_cast<double>(k % 3);
  }
  EXPECT_GT(record_facts(record).current.clipped, 500U);
  for (std::size_t k = 0; k < record.size(); ++k) {
    record.current[0][k] = 1e-3 * std::cos(0.01 * static_cast<double>(k));
  }
  EXPECT_EQ(record_facts(record).current.clipped, 0U);
  EXPECT_EQ(record_facts(record).voltage.clipped, 0U);
}

TEST(RecordFacts, FindTheStepOfAConverter) {
  Record record = noisy_resistor(0, 0, 1);
  for (double& V : record.voltage[0]) V = std::round(V * 128) / 128;
  const RecordFacts facts = record_facts(record);
  EXPECT_EQ(facts.voltage.step, 1.0 / 128);
  EXPECT_EQ(facts.voltage.levels, 257U);
}

// A sine whose periods repeat but for rounding has no levels that far apart.
TEST(RecordFacts, TakeNoRoundingForTheStepOfAConverter) {
  Record record = noisy_resistor(0, 0, 1);
  for (std::size_t k = 0; k < record.size(); ++k) {
    record.voltage[0][k] = (k % 2 == 0 ? 0.3 : 0.1 + 0.2) * static_cast<double>(k % 5);
  }
  const RecordFacts facts = record_facts(record);
  EXPECT_EQ(facts.voltage.levels, 5U);
  EXPECT_NEAR(facts.voltage.step, 0.3, 1e-12);
}

TEST(RecordFacts, AreEmptyWithoutTimeOrCurrent) {
  Record record = noisy_resistor(0, 0, 1);
  record.time.clear();
  record.current[0].clear();
  const RecordFacts facts = record_facts(record);
  EXPECT_EQ(facts.duration, 0);
  EXPECT_EQ(facts.current.levels, 0U);
  EXPECT_FALSE(facts.current_at_zero.has_value());
}

// A diode in reverse carries nothing, whatever the voltage.
TEST(RecordFacts, TakeNoCurrentThatIsOffForACompliance) {
  Record record = noisy_resistor(0, 0, 1);
  for (std::size_t k = 0; k < record.size(); ++k) {
    record.voltage[0][k] = static_cast<double>(k) / 100 - 3;
    record.current[0][k] = 1e-3 * std::max(0.0, record.voltage[0][k]) - 1e-9;
  }
  EXPECT_EQ(record_facts(record).current.clipped, 0U);
}

// A constant voltage whose last digit flickers does not move.
TEST(RecordFacts, TakeNoStandingCurrentUnderAConstantVoltageForAFault) {
  Record record = noisy_resistor(0, 0, 1);
  for (std::size_t k = 0; k < record.size(); ++k) {
    record.voltage[0][k] = k % 100 == 0 ? 2.0 : std::nextafter(2.0, 3.0);
    record.current[0][k] = 1e-3 * std::max(0.5, 1 - static_cast<double>(k) / 100);
  }
  EXPECT_EQ(record_facts(record).current.clipped, 0U);
}

}  // namespace
}  // namespace psi_xlstm
