#include "fit/evaluation.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <numeric>
#include <vector>

#include "ir/dynamics.hpp"
#include "support/networks.hpp"
#include "support/synthetic_records.hpp"
#include "support/uniform_times.hpp"

namespace psi_xlstm::fit {
namespace {

constexpr int kSamples = 400;

// Four records of the device one_state(); in a continuous one, each goes on from the one before.
Dataset dataset_of(bool continuous, double noise) {
  const ir::Network device = testing::one_state();
  Rng rng(5);
  Dataset dataset;
  dataset.continuous = continuous;
  if (noise > 0) dataset.noise = noise;
  dataset.split = {.train = {0, 1}, .validation = {2}, .test = {3}};
  if (!continuous) {
    for (double g0 : {1.5e-4, 3e-4, 2e-4, 4e-4}) {
      dataset.records.push_back(
          testing::synthetic_record(device, g0, 0.8, 9e3, kSamples, noise, rng));
    }
    return dataset;
  }
  const Record all = testing::synthetic_record(device, 3e-4, 0.8, 9e3, 4 * kSamples, noise, rng);
  for (std::ptrdiff_t first = 0; first < 4 * kSamples; first += kSamples) {
    const auto part = [&](const std::vector<double>& values) {
      return std::vector<double>(values.begin() + first, values.begin() + first + kSamples);
    };
    Record piece;
    piece.time = testing::uniform_times(kSamples, 1e-6);  // every record starts at 0 s again
    piece.voltage = {part(all.voltage[0])};
    piece.current = {part(all.current[0])};
    piece.clean_current = part(all.clean_current);
    if (first == 0) piece.initial_conductance = 3e-4;
    dataset.records.push_back(std::move(piece));
  }
  return dataset;
}

double largest_error(const std::vector<double>& found, const std::vector<double>& expected) {
  EXPECT_EQ(found.size(), expected.size());
  double largest = 0;
  for (std::size_t k = 0; k < found.size(); ++k) {
    largest = std::max(largest, std::abs(found[k] - expected[k]));
  }
  return largest;
}

TEST(NoiseOf, IsKnownOrEstimatedButNeverBelowHalfAPercent) {
  const Record record = dataset_of(false, 0.05).records[0];
  double sum = 0, square = 0;
  for (double i : record.current[0]) sum += i, square += i * i;
  const double sd = std::sqrt(square / kSamples - sum * sum / kSamples / kSamples);
  EXPECT_NEAR(noise_of(record, 0.05) / (0.05 * sd), 1, 1e-9);
  const double true_noise = 0.05 * testing::strength(record);
  EXPECT_NEAR(noise_of(record, std::nullopt) / true_noise, 1, 0.25);
  const Record clean = dataset_of(false, 0).records[0];
  EXPECT_GE(noise_of(clean, std::nullopt), 0.005 * 0.9 * testing::strength(clean));
}

TEST(FindStart, TakesWhatIsGivenBeforeItEstimates) {
  const Record record = dataset_of(false, 0.02).records[1];
  EXPECT_EQ(find_start(record, 1e-6, {.conductance = 7e-4, .exact = true}).value, 7e-4);
  EXPECT_EQ(find_start(record, 1e-6, {.exact = true}).value, 3e-4);
  EXPECT_EQ(find_start(record, 1e-6, {.exact = true}).log_sd, 0);
}

TEST(FindStart, EstimatesFromThePrefixItIsTold) {
  const Record record = dataset_of(false, 0.02).records[1];
  const StartConductance start = find_start(record, 1e-6, {.prefix = 20e-6});
  const StartConductance expected = start_conductance(record, 0, 20, 1e-6);
  EXPECT_EQ(start.samples, 20);
  EXPECT_EQ(start.value, expected.value);
  EXPECT_EQ(start.log_sd, expected.log_sd);
}

TEST(FindStart, AnAutomaticPrefixIsShortAndItsStartUncertain) {
  const Record record = dataset_of(false, 0.02).records[1];
  const StartConductance start = find_start(record, 1e-6, {});
  EXPECT_EQ(start.samples, 8);  // 2 % of 400
  EXPECT_GE(start.log_sd, 0.1);
  EXPECT_NEAR(start.value / 3e-4, 1, 0.1);
}

TEST(FindStart, ARecordThatStartsWithoutVoltageGivesItsAverage) {
  Record record = dataset_of(false, 0).records[1];
  for (std::size_t k = 0; k < 50; ++k) record.voltage[0][k] = record.current[0][k] = 0;
  const StartConductance start = find_start(record, 1e-6, {});
  EXPECT_EQ(start.value, start_conductance(record, 0, kSamples, 1).value);
  EXPECT_EQ(start.log_sd, 1);
}

TEST(TrainingRecords, AreOnePerRecordOrOnePerRunOfNeighbours) {
  EXPECT_EQ(training_records(dataset_of(false, 0.02), {0, 1, 3}, {}).size(), 3U);
  const auto joined = training_records(dataset_of(true, 0.02), {0, 1, 3}, {});
  ASSERT_EQ(joined.size(), 2U);
  EXPECT_EQ(joined[0].record.size(), 2U * kSamples);
  EXPECT_EQ(joined[1].record.size(), 1U * kSamples);
  for (std::size_t k = 1; k < joined[0].record.size(); ++k) {
    EXPECT_NEAR(joined[0].record.time[k] - joined[0].record.time[k - 1], 1e-6, 1e-15);
  }
}

TEST(Predict, RunsFreelyFromTheStartOfEachRecord) {
  const Dataset dataset = dataset_of(false, 0);
  const auto found = predict(testing::one_state(), dataset, {3, 1}, {.exact = true}, false);
  ASSERT_EQ(found.size(), 2U);
  EXPECT_EQ(found[0].record, 3);
  EXPECT_EQ(found[1].scored_from, 0);
  EXPECT_EQ(found[0].current, dataset.records[3].clean_current);
  EXPECT_EQ(found[1].current, dataset.records[1].clean_current);
  EXPECT_NEAR(found[0].conductance[0] / 4e-4, 1, 1e-12);
  EXPECT_EQ(found[0].states[0].size(), 1U * kSamples);
}

TEST(Predict, DoesNotScoreThePrefix) {
  const Dataset dataset = dataset_of(false, 0.02);
  const auto found = predict(testing::one_state(), dataset, {3}, {.prefix = 30e-6}, false);
  EXPECT_EQ(found[0].scored_from, 30);
  std::vector<Prediction> spoiled = found;
  for (std::size_t k = 0; k < 30; ++k) spoiled[0].current[k] = 1;
  EXPECT_EQ(score(dataset, spoiled).mse, score(dataset, found).mse);
  spoiled[0].current[30] = 1;
  EXPECT_NE(score(dataset, spoiled).mse, score(dataset, found).mse);
}

TEST(Predict, CarriesTheStateOverInAContinuousDataSet) {
  const Dataset dataset = dataset_of(true, 0);
  const auto found = predict(testing::one_state(), dataset, {2, 3}, {.exact = true}, false);
  ASSERT_EQ(found.size(), 2U);
  for (std::size_t i = 0; i < 2; ++i) {
    const Record& record = dataset.records[i + 2];
    EXPECT_LT(largest_error(found[i].current, record.clean_current), 1e-12);
    EXPECT_EQ(found[i].scored_from, 0);
  }
}

TEST(Predict, ThePrefixOfAContinuousDataSetMayEndInALaterRecord) {
  const Dataset dataset = dataset_of(true, 0.02);
  const StartOptions prefix{.prefix = 1.25 * kSamples * 1e-6};
  const auto found = predict(testing::one_state(), dataset, {0, 1, 2}, prefix, false);
  EXPECT_EQ(found[0].scored_from, kSamples);
  EXPECT_EQ(found[1].scored_from, kSamples / 4);
  EXPECT_EQ(found[2].scored_from, 0);
  EXPECT_TRUE(score(dataset, found).mse.has_value());
}

// The state moves within 60 us: the plain estimate is off, the model knows by how much.
TEST(Predict, RefinesAStartThatMovesWithinThePrefix) {
  const Dataset dataset = dataset_of(false, 0.001);
  const StartOptions prefix{.prefix = 60e-6};
  const auto plain = predict(testing::one_state(), dataset, {3}, prefix, false);
  const auto refined = predict(testing::one_state(), dataset, {3}, prefix, true);
  const double before = std::abs(std::log(plain[0].start.value / 4e-4));
  EXPECT_GT(before, 0.02);
  EXPECT_LT(std::abs(std::log(refined[0].start.value / 4e-4)), 0.002);
  EXPECT_LT(*score(dataset, refined).mse, *score(dataset, plain).mse);
}

TEST(Score, OfTheTrueDeviceIsItsNoise) {
  const Dataset dataset = dataset_of(false, 0.03);
  const auto found = predict(testing::one_state(), dataset, {0, 1, 2, 3}, {.exact = true}, false);
  const ErrorMetrics errors = score(dataset, found);
  EXPECT_NEAR(errors.mse_over_floor.value_or(0), 1, 1e-12);
  EXPECT_NEAR(errors.nrmse_std.value_or(0), 0.03, 0.01);
  const std::vector<double> pieces = piecewise_mse(dataset, found, 10);
  ASSERT_GE(pieces.size(), 8U);
  const double mean =
      std::accumulate(pieces.begin(), pieces.end(), 0.0) / static_cast<double>(pieces.size());
  EXPECT_NEAR(mean / *errors.mse, 1, 0.15);
}

TEST(Baselines, OfAResistorAreTheResistor) {
  Dataset dataset = dataset_of(false, 0);
  for (Record& record : dataset.records) {
    for (std::size_t k = 0; k < record.size(); ++k) {
      record.current[0][k] = record.clean_current[k] = 5e-4 * record.voltage[0][k];
    }
  }
  const auto found = predict(testing::one_state(), dataset, {3}, {.exact = true}, false);
  const Baselines baselines = fit_baselines(dataset, found);
  EXPECT_NEAR(baselines.resistor, 5e-4, 1e-15);
  ASSERT_EQ(baselines.record_conductances.size(), 1U);
  EXPECT_NEAR(baselines.record_conductances[0], 5e-4, 1e-15);
  const auto results = score_baselines(baselines, dataset, found);
  ASSERT_EQ(results.size(), 4U);
  EXPECT_EQ(results[0].name, "mean");
  EXPECT_NEAR(results[0].nrmse_std.value_or(0), 1, 0.1);
  for (std::size_t i = 1; i < 4; ++i) {
    EXPECT_LT(results[i].nrmse_std.value_or(1), 1e-6) << results[i].name;
  }
}

}  // namespace
}  // namespace psi_xlstm::fit
