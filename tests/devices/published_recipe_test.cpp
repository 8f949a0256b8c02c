#include "devices/published_recipe.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <cstddef>
#include <filesystem>
#include <map>

#include "core/json/config_io.hpp"

namespace psi_xlstm {
namespace {

// The sequences one after the other, as the published study uses them.
struct Concatenation {
  std::vector<double> voltage, current, clean;  // [400000]
};

Concatenation concatenate(const Dataset& dataset) {
  Concatenation all;
  for (const Record& record : dataset.records) {
    all.voltage.insert(all.voltage.end(), record.voltage[0].begin(), record.voltage[0].end());
    all.current.insert(all.current.end(), record.current[0].begin(), record.current[0].end());
    all.clean.insert(all.clean.end(), record.clean_current.begin(), record.clean_current.end());
  }
  return all;
}

double sum(const std::vector<double>& values) {
  double total = 0;
  for (double x : values) total += x;
  return total;
}

// Least-squares conductance of the published training samples.
double resistor(const Concatenation& all) {
  double numerator = 0, denominator = 0;
  for (std::size_t i = 0; i < kPublishedTrainSamples; ++i) {
    numerator += all.voltage[i] * all.current[i];
    denominator += all.voltage[i] * all.voltage[i];
  }
  return numerator / denominator;
}

// Mean square of a(i) - b(i) over the published test samples.
template <class A, class B>
double test_mse(const Concatenation& all, A a, B b) {
  double total = 0;
  for (std::size_t i = all.current.size() - kPublishedTestSamples; i < all.current.size(); ++i) {
    const double difference = a(i) - b(i);
    total += difference * difference;
  }
  return total / kPublishedTestSamples;
}

double test_variance(const Concatenation& all) {
  double mean = 0;
  for (std::size_t i = all.current.size() - kPublishedTestSamples; i < all.current.size(); ++i) {
    mean += all.current[i] / kPublishedTestSamples;
  }
  return test_mse(
      all, [&](std::size_t i) { return all.current[i]; }, [&](std::size_t) { return mean; });
}

// The state that has this conductance.
double state_of(const PublishedDevice& device, double conductance) {
  const double x = (device.r_off - 1 / conductance) / (device.r_off - device.r_on);
  return device.w_min + x * (device.w_max - device.w_min);
}

const Concatenation& sequences_of_seed(int seed) {
  static std::map<int, Concatenation> drawn;
  if (!drawn.contains(seed)) drawn[seed] = concatenate(published_dataset({.seed = seed}));
  return drawn.at(seed);
}

void expect_close(double actual, double expected, const char* what) {
  EXPECT_NEAR(actual, expected, 1e-12 * std::abs(expected)) << what;
}

class PublishedFacts : public ::testing::TestWithParam<int> {
 protected:
  nlohmann::json facts_ = parse_json(std::filesystem::path(__FILE__).parent_path().parent_path() /
                                     "golden/published_dataset_facts.json")
                              .at(std::to_string(GetParam()));
};

TEST_P(PublishedFacts, HoldForTheSums) {
  const Concatenation& all = sequences_of_seed(GetParam());
  expect_close(sum(all.voltage), facts_.at("sum_V"), "sum_V");
  expect_close(sum(all.current), facts_.at("sum_I_noisy"), "sum_I_noisy");
  expect_close(sum(all.clean), facts_.at("sum_I_clean"), "sum_I_clean");
  // The facts count from the second sample; the first has no voltage.
  for (std::size_t i = 0; i < 3; ++i) {
    expect_close(all.current[i + 1], facts_.at("I_noisy_first3")[i], "I_noisy_first3");
  }
}

TEST_P(PublishedFacts, HoldForTheStates) {
  const PublishedDevice device;
  const Dataset dataset = published_dataset({.seed = GetParam()});
  for (std::size_t q = 0; q < kPublishedSequences; ++q) {
    const Record& record = dataset.records[q];
    expect_close(state_of(device, *record.initial_conductance), facts_.at("w0")[q], "w0");
    const double last = record.clean_current.back() / record.voltage[0].back();
    expect_close(state_of(device, last), facts_.at("w_final")[q], "w_final");
  }
}

TEST_P(PublishedFacts, HoldForTheResistorAndTheFloor) {
  const Concatenation& all = sequences_of_seed(GetParam());
  const double g = resistor(all);
  expect_close(g, facts_.at("resistor_g"), "resistor_g");
  const Concatenation& judge = sequences_of_seed(42);
  expect_close(test_mse(
                   judge, [&](std::size_t i) { return g * judge.voltage[i]; },
                   [&](std::size_t i) { return judge.current[i]; }),
               facts_.at("resistor_mse_on_seed42_test"), "resistor_mse_on_seed42_test");
  expect_close(test_variance(all), facts_.at("var_test"), "var_test");
  expect_close(test_mse(
                   all, [&](std::size_t i) { return all.current[i]; },
                   [&](std::size_t i) { return all.clean[i]; }),
               facts_.at("noise_floor_mse"), "noise_floor_mse");
}

INSTANTIATE_TEST_SUITE_P(Seeds, PublishedFacts, ::testing::Values(42, 123, 456));

TEST(PublishedDataset, NamesAndSplitsItsSequences) {
  const Dataset dataset = published_dataset({});
  ASSERT_EQ(dataset.records.size(), 10U);
  EXPECT_EQ(dataset.records.front().id, "seq0");
  EXPECT_EQ(dataset.records.back().id, "seq9");
  EXPECT_EQ(dataset.split.train, (std::vector<int>{0, 1, 2, 3, 4, 5, 6}));
  EXPECT_EQ(dataset.split.validation, std::vector<int>{7});
  EXPECT_EQ(dataset.split.test, (std::vector<int>{8, 9}));
  EXPECT_EQ(dataset.noise, 0.03);
  EXPECT_FALSE(dataset.continuous);
  EXPECT_EQ(dataset.source, "published recipe, seed 42");
}

TEST(PublishedTimes, EndOnTheLastInstant) {
  const std::vector<double> time = published_times();
  ASSERT_EQ(time.size(), 40000U);
  EXPECT_EQ(time[0], 0);
  EXPECT_EQ(time[1], 2e-3 / 39999);
  EXPECT_EQ(time.back(), 2e-3);
}

// By hand: at 0.2 ms the tones of 1 and 50 kHz are at 0.2 and 10 turns; the jump comes just after.
TEST(PublishedDrive, JumpsJustAfterTheStepTime) {
  const double at_step = published_drive(0.2e-3, 1e3, 50e3);
  EXPECT_NEAR(at_step, 0.5 * std::sin(0.4 * std::acos(-1.0)), 1e-12);
  EXPECT_NEAR(published_drive(0.2e-3 + 1e-15, 1e3, 50e3) - at_step, 0.4, 1e-9);
}

TEST(PublishedDevice, IsStillBetweenItsThresholds) {
  const PublishedDevice device;
  EXPECT_EQ(device.rate(0.5, 5), 0);
  EXPECT_EQ(device.rate(-0.5, 5), 0);
  EXPECT_DOUBLE_EQ(device.rate(1.0, 4), 8000 * 6);
  EXPECT_DOUBLE_EQ(device.rate(-1.0, 4), -8000 * 4);
}

TEST(PublishedDevice, ConductsBetweenItsTwoResistances) {
  const PublishedDevice device;
  EXPECT_DOUBLE_EQ(device.conductance(10), 1.0 / 100);
  EXPECT_DOUBLE_EQ(device.conductance(1), 1.0 / 10e3);
  EXPECT_DOUBLE_EQ(device.conductance(5.5), 1.0 / 5050);
}

TEST(PublishedDevice, RunsAgainFromItsConductance) {
  const Dataset dataset = published_dataset({.seed = 42});
  for (const Record& record : dataset.records) {
    const std::vector<double> current =
        published_current(record.voltage[0], *record.initial_conductance);
    for (std::size_t k = 0; k < current.size(); k += 97) {
      ASSERT_NEAR(current[k], record.clean_current[k], 1e-12 * std::abs(record.clean_current[k]))
          << record.id << " at sample " << k;
    }
  }
}

}  // namespace
}  // namespace psi_xlstm
