#include "devices/mem3.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <numbers>
#include <string>
#include <vector>

#include "psi_xlstm/core/error.hpp"
#include "support/message_of.hpp"
#include "support/uniform_times.hpp"

namespace psi_xlstm {
namespace {

// The current at every 16th time of a simulation with 16 times the samples.
std::vector<double> finer_current(const Mem3Config& config, double step, int count) {
  const Record record =
      simulate_mem3(config, testing::uniform_times(16 * count, step / 16), mem3_drive(config));
  std::vector<double> current;
  for (std::size_t i = 0; i < record.size(); i += 16) current.push_back(record.current[0][i]);
  return current;
}

double largest_error(const std::vector<double>& actual, const std::vector<double>& truth) {
  double worst = 0, scale = 0;
  for (std::size_t i = 0; i < truth.size(); ++i) {
    worst = std::max(worst, std::abs(actual[i] - truth[i]));
    scale = std::max(scale, std::abs(truth[i]));
  }
  return worst / scale;
}

// At constant V from rest, z_k = V^2 (1 - exp(-t/tau_k)).
TEST(SimulateMem3, FollowsItsClosedFormAtConstantVoltage) {
  const Mem3Config config;
  const auto time = testing::uniform_times(3000, 1e-5);
  const Record record = simulate_mem3(config, time, [](double) { return 0.7; });
  for (std::size_t i = 0; i < time.size(); ++i) {
    double conductance = 1e-3;
    for (double tau : {0.34e-3, 1.2e-3, 8.7e-3}) {
      conductance += 0.2e-3 * 0.49 * (1 - std::exp(-time[i] / tau));
    }
    EXPECT_NEAR(record.current[0][i], 0.7 * conductance, 1e-12 * 0.7 * conductance);
  }
}

TEST(SimulateMem3, StartsAtRest) {
  const Record record = simulate_mem3({}, {0, 1e-6}, [](double) { return 2.0; });
  EXPECT_EQ(record.current[0][0], 2.0 * 1e-3);
  EXPECT_EQ(*record.initial_conductance, 1e-3);
}

TEST(SimulateMem3, ReachesItsEquilibriumInStepsOfAnySize) {
  const Record record = simulate_mem3({}, {0, 10, 11}, [](double) { return 2.0; });
  const double expected = 2.0 * (1e-3 + 3 * 0.2e-3 * 4);
  EXPECT_DOUBLE_EQ(record.current[0][1], expected);
  EXPECT_DOUBLE_EQ(record.current[0][2], expected);
}

// Under a sine of amplitude A, z settles on A^2/2 as far as tau is long against the period.
TEST(SimulateMem3, RectifiesTheCarrier) {
  const Mem3Config config{.gains = {1e-3}, .taus = {1e-3}, .duration = 20e-3};
  const Record record = simulate_mem3(config, testing::uniform_times(40000, 0.5e-6), [](double t) {
    return 0.6 * std::sin(2 * std::numbers::pi * 100e3 * t);
  });
  const double conductance = record.current[0][39995] / record.voltage[0][39995];
  EXPECT_NEAR(conductance, 1e-3 + 1e-3 * 0.18, 0.005 * 0.18e-3);
}

TEST(SimulateMem3, TakesUnevenSteps) {
  const std::vector<double> time = {0, 1e-4, 1.5e-4, 9e-4, 2e-3};
  const Record record =
      simulate_mem3({.gains = {1e-3}, .taus = {0.5e-3}}, time, [](double) { return 1.0; });
  for (std::size_t i = 0; i < time.size(); ++i) {
    EXPECT_DOUBLE_EQ(record.current[0][i], 1e-3 + 1e-3 * (1 - std::exp(-time[i] / 0.5e-3)));
  }
}

class SimulateMem3Waveform : public ::testing::TestWithParam<Mem3Waveform> {};

TEST_P(SimulateMem3Waveform, AgreesWithASixteenTimesFinerStep) {
  const Mem3Config config{.waveform = GetParam()};
  const Record record =
      simulate_mem3(config, testing::uniform_times(20000, 0.5e-6), mem3_drive(config));
  EXPECT_LE(largest_error(record.current[0], finer_current(config, 0.5e-6, 20000)), 1e-9);
}

INSTANTIATE_TEST_SUITE_P(All,
                         SimulateMem3Waveform,
                         ::testing::Values(Mem3Waveform::kBursts,
                                           Mem3Waveform::kStep,
                                           Mem3Waveform::kPublished));

TEST(SimulateMem3, IsExactForTimeConstantsNearTheCarrierToo) {
  const Mem3Config config{.taus = {0.3e-6, 2e-6, 15e-6}};
  const Record record =
      simulate_mem3(config, testing::uniform_times(5000, 0.1e-6), mem3_drive(config));
  EXPECT_LE(largest_error(record.current[0], finer_current(config, 0.1e-6, 5000)), 1e-9);
}

TEST(SimulateMem3, RefusesWrongInput) {
  const auto flat = [](double) { return 0.0; };
  EXPECT_EQ(testing::message_of<ConfigError>([&] { simulate_mem3({.gains = {1}}, {0}, flat); }),
            "MEM3 device: expected as many gains as taus, found 1 and 3");
  EXPECT_EQ(testing::message_of<ConfigError>(
                [&] { simulate_mem3({.gains = {1}, .taus = {0}}, {0}, flat); }),
            "MEM3 device: expected taus > 0, found 0");
  EXPECT_EQ(testing::message_of<DataError>([&] { simulate_mem3({}, {}, flat); }),
            "simulate_mem3: expected at least one sample time, found none");
  EXPECT_EQ(testing::message_of<DataError>([&] {
              simulate_mem3({}, {0, 2, 1}, flat);
            }),
            "simulate_mem3: expected times that increase, found 1 s after 2 s");
}

// By hand: on for 0.1 ms, off until 0.2 ms, then 0.1 ms 10^(1/3) = 0.2154 ms, rounded to 0.215 ms.
TEST(Mem3Drive, SwitchesTheToneInLogSpacedBursts) {
  const auto drive = mem3_drive({});
  const double quarter = 2.5e-6;
  EXPECT_NEAR(drive(quarter), 1, 1e-9);
  EXPECT_NEAR(drive(0.09e-3 + quarter), 1, 1e-9);
  EXPECT_NEAR(drive(0.1e-3 + quarter), 0.2, 1e-9);
  EXPECT_NEAR(drive(0.19e-3 + quarter), 0.2, 1e-9);
  EXPECT_NEAR(drive(0.2e-3 + quarter), 1, 1e-9);
  EXPECT_NEAR(std::abs(drive(0.41e-3 + quarter)), 1, 1e-9);
  EXPECT_NEAR(std::abs(drive(0.415e-3 + quarter)), 0.2, 1e-9);
}

TEST(Mem3Dataset, HoldsTheRecordsItPromises) {
  const Dataset dataset = mem3_dataset({.duration = 5e-3});
  ASSERT_EQ(dataset.records.size(), 3U);
  EXPECT_EQ(dataset.records[0].id, "bursts_train");
  EXPECT_EQ(dataset.records[1].id, "bursts_validation");
  EXPECT_EQ(dataset.records[2].id, "bursts_test");
  EXPECT_EQ(dataset.records[0].size(), 10000U);
  EXPECT_EQ(dataset.records[2].current[0], dataset.records[2].clean_current);
  EXPECT_NE(dataset.records[0].current[0], dataset.records[0].clean_current);
  EXPECT_NEAR(dataset.records[1].voltage[0][5], 0.8, 1e-12);
  EXPECT_EQ(dataset.noise, 0.03);
  EXPECT_EQ(dataset.source, "MEM3 device, bursts, seed 1");
}

TEST(Mem3Record, IsTheFirstOfTheDataset) {
  const Mem3Config config{.duration = 1e-3, .seed = 9};
  const Record one = mem3_record(config, mem3_drive(config)),
               same = mem3_dataset(config).records[0];
  EXPECT_EQ(one.id, same.id);
  EXPECT_EQ(one.current, same.current);
  EXPECT_EQ(one.voltage, same.voltage);
}

TEST(Mem3Dataset, DependsOnItsSeedAlone) {
  const Mem3Config one{.duration = 1e-3, .seed = 1}, two{.duration = 1e-3, .seed = 2};
  EXPECT_EQ(mem3_dataset(one).records[0].current, mem3_dataset(one).records[0].current);
  EXPECT_NE(mem3_dataset(one).records[0].current, mem3_dataset(two).records[0].current);
}

TEST(Mem3Dataset, RefusesRecordsThatAreTooShort) {
  EXPECT_EQ(
      testing::message_of<DataError>([] { mem3_dataset({.duration = 1e-6}); }),
      "mem3_dataset: expected 50 to 50000000 samples per record, found 2 (a duration of 1e-06 "
      "s at 2000000 samples per second)");
}

}  // namespace
}  // namespace psi_xlstm
