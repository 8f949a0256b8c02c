#include "studies/networks/protocol.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <cstddef>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "devices/published_recipe.hpp"
#include "psi_xlstm/core/error.hpp"

namespace psi_xlstm {
namespace {

NetworkStudyConfig protocol_study(const std::string& protocol) {
  NetworkStudyConfig config;
  config.protocol = *value_named<NetworkProtocol>(protocol);
  return config;
}

std::vector<SeedData> data_of(const NetworkStudyConfig& config) {
  std::vector<SeedData> seeds;
  for (int seed : config.seeds) seeds.push_back(seed_data(config, seed));
  return seeds;
}

class Protocol : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    for (const char* name : {"published", "known_start"}) {
      std::vector<SeedData>& seeds = name == std::string("published") ? published_ : known_start_;
      seeds = data_of(protocol_study(name));
    }
    published_rows_ = references(protocol_study("published"), published_);
    known_start_rows_ = references(protocol_study("known_start"), known_start_);
  }
  static void TearDownTestSuite() {
    published_.clear();
    known_start_.clear();
  }

  // The one row of that key (and seed, where it is not 0).
  static const Reference& row(const std::vector<Reference>& rows,
                              const std::string& key,
                              int seed) {
    for (const Reference& r : rows) {
      if (r.key == key && r.seed.value_or(0) == seed) return r;
    }
    throw std::runtime_error("no row " + key);
  }

  static inline std::vector<SeedData> published_, known_start_;
  static inline std::vector<Reference> published_rows_, known_start_rows_;
};

// Three digits.
void expect_close(const std::optional<double>& value, double expected) {
  ASSERT_TRUE(value);
  EXPECT_NEAR(*value / expected, 1, 1e-3) << *value << " instead of " << expected;
}

TEST_F(Protocol, PublishedReferencesHaveTheKnownErrors) {
  expect_close(row(published_rows_, "mean", 42).mse, 1.6568e-7);
  expect_close(row(published_rows_, "resistor", 42).mse, 7.294e-8);
  expect_close(row(published_rows_, "resistor", 123).mse, 4.820e-8);
  expect_close(row(published_rows_, "resistor", 456).mse, 4.386e-8);
  expect_close(row(published_rows_, "one_conductance_per_record", 0).mse, 4.674e-9);
  expect_close(row(published_rows_, "bayes_bound", 0).mse, 7.07e-8);
  expect_close(row(published_rows_, "device_law", 0).mse, 1.480e-10);
  expect_close(row(published_rows_, "noise_floor", 0).mse, 1.4719e-10);
  expect_close(row(published_rows_, "noise_floor", 0).mse_over_floor, 1);
  expect_close(row(published_rows_, "resistor", 42).mse_over_floor, 7.294e-8 / 1.47192e-10);
}

TEST_F(Protocol, PublishedJudgesEverySeedOnTheLastSamplesOfSeed42) {
  ASSERT_EQ(published_.size(), 3u);
  std::size_t scored = 0;
  for (std::size_t i = 0; i < 2; ++i) {
    const fit::Prediction& p = published_[1].frame[i];
    const Record& record = published_[1].dataset.records[static_cast<std::size_t>(p.record)];
    EXPECT_EQ(record.id, i == 0 ? "seq8" : "seq9");
    EXPECT_EQ(p.scored_from, i == 0 ? 20000 : 0);
    scored += record.size() - static_cast<std::size_t>(p.scored_from);
    EXPECT_EQ(record.current, published_[0].dataset.records[8 + i].current);
  }
  EXPECT_EQ(scored, static_cast<std::size_t>(kPublishedTestSamples));
  EXPECT_NE(published_[1].dataset.records[0].current, published_[0].dataset.records[0].current);
}

TEST_F(Protocol, KnownStartJudgesEverySeedOnItsOwnRecordsAfterThePrefix) {
  for (const SeedData& data : known_start_) {
    ASSERT_EQ(data.frame.size(), 2u);
    for (const fit::Prediction& p : data.frame) {
      EXPECT_EQ(p.scored_from, 400);
      const Record& record = data.dataset.records[static_cast<std::size_t>(p.record)];
      EXPECT_NEAR(p.start.value / *record.initial_conductance, 1, 0.02);
    }
  }
  EXPECT_NE(known_start_[1].dataset.records[9].current, known_start_[0].dataset.records[9].current);
}

TEST_F(Protocol, KnownStartReferencesStandForEverySeed) {
  for (int seed : {42, 123, 456}) {
    const double law = *row(known_start_rows_, "device_law", seed).mse_over_floor;
    EXPECT_GT(law, 1);
    EXPECT_LT(law, 1.02);
    EXPECT_GT(*row(known_start_rows_, "resistor", seed).mse_over_floor, 50);
    EXPECT_EQ(*row(known_start_rows_, "noise_floor", seed).mse_over_floor, 1);
  }
  for (const Reference& r : known_start_rows_) EXPECT_NE(r.key, "bayes_bound");
  EXPECT_EQ(known_start_rows_.size(), 3u * 6u);
}

// The known-start study of the compact student has the same starts, samples and rows.
TEST_F(Protocol, StoredCurrentsComeBackAsPredictions) {
  const SeedData& data = known_start_[0];
  std::vector<fit::Prediction> predictions = data.frame;
  for (fit::Prediction& p : predictions) {
    p.current = data.dataset.records[static_cast<std::size_t>(p.record)].clean_current;
  }
  const StoredCurrents stored = stored_currents(data, predictions);
  const auto back = with_currents(data, stored, "there");
  EXPECT_EQ(*fit::score(data.dataset, back).mse_over_floor, 1);
  EXPECT_EQ(back[1].start.value, data.frame[1].start.value);
}

TEST_F(Protocol, RefusesCurrentsOfOtherRecords) {
  const SeedData& data = known_start_[0];
  std::vector<fit::Prediction> predictions = data.frame;
  for (fit::Prediction& p : predictions) p.current.assign(40000, 0.0);
  const StoredCurrents good = stored_currents(data, predictions);
  StoredCurrents other = good;
  other.records[1] = "seq7";
  EXPECT_THROW(with_currents(data, other, "there"), DataError);
  other = good;
  other.scored_from[0] = 0;
  EXPECT_THROW(with_currents(data, other, "there"), DataError);
  other = good;
  other.current[0].pop_back();
  EXPECT_THROW(with_currents(data, other, "there"), DataError);
  other = good;
  other.records.pop_back();
  other.scored_from.pop_back();
  other.current.pop_back();
  try {
    with_currents(data, other, "there");
    FAIL() << "expected a DataError";
  } catch (const DataError& e) {
    EXPECT_STREQ(e.what(), "there: expected the currents of 2 records, found 1");
  }
}

TEST(SeedData, RefusesAPrefixThatIsNoPartOfARecord) {
  NetworkStudyConfig config = protocol_study("known_start");
  config.prefix = 3e-3;
  EXPECT_THROW(seed_data(config, 42), ConfigError);
}

}  // namespace
}  // namespace psi_xlstm
