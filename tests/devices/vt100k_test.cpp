#include "devices/vt100k.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <numbers>
#include <set>
#include <string>
#include <vector>

#include "devices/vteam.hpp"
#include "psi_xlstm/core/error.hpp"

namespace psi_xlstm {
namespace {

std::vector<std::string> ids(const Dataset& dataset, const std::vector<int>& part) {
  std::vector<std::string> names;
  for (int i : part) names.push_back(dataset.records.at(static_cast<std::size_t>(i)).id);
  return names;
}

TEST(Vt100kDataset, HoldsTheRecordsItPromises) {
  const Dataset dataset = vt100k_dataset({});
  EXPECT_EQ(ids(dataset, dataset.split.train),
            (std::vector<std::string>{"sine_50kHz_0.6V", "sine_50kHz_0.8V", "sine_50kHz_1.2V",
                                      "sine_100kHz_0.6V", "sine_100kHz_0.8V", "sine_100kHz_1.2V",
                                      "sine_150kHz_0.6V", "sine_150kHz_1.0V", "sine_150kHz_1.2V",
                                      "multisine_1", "multisine_2", "ramp_100kHz", "pulses_1",
                                      "pulses_2"}));
  EXPECT_EQ(ids(dataset, dataset.split.validation),
            (std::vector<std::string>{"sine_50kHz_1.0V", "multisine_3"}));
  EXPECT_EQ(
      ids(dataset, dataset.split.test),
      (std::vector<std::string>{"sine_75kHz_0.9V", "sine_100kHz_1.0V", "sine_150kHz_0.8V",
                                "sine_300kHz_1.0V", "sine_20kHz_0.7V", "pulses_3", "multisine_4"}));
  EXPECT_EQ(dataset.noise, 0.03);
  EXPECT_EQ(dataset.source, "VTEAM device, seed 1");
  for (const Record& record : dataset.records) {
    EXPECT_EQ(record.size(), 1200U) << record.id;
    EXPECT_DOUBLE_EQ(record.time[1199], 1199 * 50e-9) << record.id;
  }
}

TEST(Vt100kDataset, HasNoiseInTrainingOnly) {
  const Dataset dataset = vt100k_dataset({});
  std::set<std::size_t> test(dataset.split.test.begin(), dataset.split.test.end());
  for (std::size_t r = 0; r < dataset.records.size(); ++r) {
    const Record& record = dataset.records[r];
    EXPECT_EQ(record.current[0] == record.clean_current, test.contains(r)) << record.id;
  }
}

TEST(Vt100kDataset, DrivesTheNamedSine) {
  const Dataset dataset = vt100k_dataset({});
  const Record& record = dataset.records.at(16 + 1);
  ASSERT_EQ(record.id, "sine_100kHz_1.0V");
  for (std::size_t i = 0; i < record.size(); ++i) {
    EXPECT_NEAR(record.voltage[0][i], std::sin(2 * std::numbers::pi * 1e5 * record.time[i]), 1e-12);
  }
}

TEST(Vt100kDataset, MovesTheConductanceInEveryRecord) {
  const Dataset dataset = vt100k_dataset({});
  for (const Record& record : dataset.records) {
    double lowest = *record.initial_conductance, highest = lowest;
    for (std::size_t i = 0; i < record.size(); ++i) {
      if (std::abs(record.voltage[0][i]) < 1e-3) continue;
      const double conductance = record.clean_current[i] / record.voltage[0][i];
      lowest = std::min(lowest, conductance);
      highest = std::max(highest, conductance);
    }
    EXPECT_GT(highest, 1.2 * lowest) << record.id;
    EXPECT_GE(lowest, 1 / 20e3 * (1 - 1e-12)) << record.id;
    EXPECT_LE(highest, 1 / 1e3 * (1 + 1e-12)) << record.id;
  }
}

TEST(Vt100kDataset, KeepsItsVoltagesInsideTheTrainingRange) {
  for (const Record& record : vt100k_dataset({.seed = 5}).records) {
    for (double V : record.voltage[0]) EXPECT_LE(std::abs(V), 1.2) << record.id;
  }
}

TEST(Vt100kDataset, DependsOnItsSeedAlone) {
  const Dataset first = vt100k_dataset({.seed = 2}), again = vt100k_dataset({.seed = 2});
  const Dataset other = vt100k_dataset({.seed = 3});
  for (std::size_t r = 0; r < first.records.size(); ++r) {
    EXPECT_EQ(first.records[r].current, again.records[r].current);
    EXPECT_NE(first.records[r].current, other.records[r].current);
  }
}

TEST(Vt100kDataset, RefusesRecordsThatAreTooShort) {
  try {
    vt100k_dataset({.duration = 1e-6});
    FAIL() << "nothing was thrown";
  } catch (const DataError& e) {
    EXPECT_STREQ(e.what(),
                 "vt100k_dataset: expected 50 to 10000000 samples per record, found 20 (a duration "
                 "of 1e-06 s in steps of 5e-08 s)");
  }
}

}  // namespace
}  // namespace psi_xlstm
