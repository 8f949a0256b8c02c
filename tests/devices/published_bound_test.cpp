#include "devices/published_bound.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <cstddef>
#include <vector>

#include "devices/published_recipe.hpp"
#include "psi_xlstm/core/error.hpp"

namespace psi_xlstm {
namespace {

std::vector<double> voltages(int sequence) {
  const PublishedTones tones = published_tones(sequence);
  std::vector<double> out;
  for (double t : published_times()) out.push_back(published_drive(t, tones.low, tones.high));
  return out;
}

double mean_square(const std::vector<double>& a, const std::vector<double>& b, std::size_t first) {
  double sum = 0;
  for (std::size_t k = first; k < a.size(); ++k) sum += (a[k] - b[k]) * (a[k] - b[k]);
  return sum;
}

// On the last 60,000 samples of seed 42: 7.07e-8 A^2; with ever more starts 7.0665e-8.
TEST(PublishedMeanCurrent, HasTheKnownErrorOnThePublishedTestSamples) {
  const Dataset data = published_dataset({.seed = 42});
  double sum = 0;
  for (std::size_t i : {8, 9}) {
    sum += mean_square(data.records[i].current[0],
                       published_mean_current(data.records[i].voltage[0]), i == 8 ? 20000 : 0);
  }
  EXPECT_NEAR(sum / kPublishedTestSamples, 7.0665e-8, 0.001e-8);
}

TEST(PublishedMeanCurrent, IsTheCurrentOfTheMiddleStartWhereThereIsOneStart) {
  const std::vector<double> voltage = voltages(3);
  const PublishedDevice device;
  EXPECT_EQ(published_mean_current(voltage, 1),
            published_current(voltage, device.conductance(5.5)));
}

// In the first sample with a voltage: V times the mean of 1 / R over R uniform in 0.1 .. 10 kohm.
TEST(PublishedMeanCurrent, StartsWithTheMeanConductance) {
  const std::vector<double> voltage = {0.1};
  const double mean = std::log(10e3 / 100) / (10e3 - 100);
  EXPECT_NEAR(published_mean_current(voltage, 4000)[0], 0.1 * mean, 1e-4 * 0.1 * mean);
}

// Over other starts, spread evenly: no prediction of the same form has a smaller mean squared
// error.
TEST(PublishedMeanCurrent, BeatsOtherPredictionsOverManyStarts) {
  constexpr int kStarts = 250;
  const std::vector<double> voltage = voltages(9);
  const std::vector<double> bound = published_mean_current(voltage, 100);
  const PublishedDevice device;
  const std::vector<double> middle = published_current(voltage, device.conductance(5.5));
  std::vector<double> smaller = bound, larger = bound;
  for (double& i : smaller) i *= 0.9;
  for (double& i : larger) i *= 1.1;
  double of_bound = 0, of_middle = 0, of_smaller = 0, of_larger = 0;
  for (int s = 0; s < kStarts; ++s) {
    const double w = 1 + 9 * (s + 0.5) / kStarts;
    const std::vector<double> truth = published_current(voltage, device.conductance(w));
    of_bound += mean_square(truth, bound, 0);
    of_middle += mean_square(truth, middle, 0);
    of_smaller += mean_square(truth, smaller, 0);
    of_larger += mean_square(truth, larger, 0);
  }
  EXPECT_LT(of_bound, of_middle);
  EXPECT_LT(of_bound, of_smaller);
  EXPECT_LT(of_bound, of_larger);
}

TEST(PublishedMeanCurrent, RefusesNoSamplesAndNoStarts) {
  EXPECT_THROW(published_mean_current({}), DataError);
  EXPECT_THROW(published_mean_current({0.1}, 0), DataError);
}

}  // namespace
}  // namespace psi_xlstm
