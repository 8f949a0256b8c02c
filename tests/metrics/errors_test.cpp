#include "metrics/errors.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <vector>

#include "psi_xlstm/core/error.hpp"

namespace psi_xlstm {
namespace {

const std::vector<double> kMeasured = {1, 3, -1, -3};
const std::vector<double> kPredicted = {1, 2, -1, -1};
const std::vector<double> kClean = {1, 2, -1, -2};

// By hand: errors 0, -1, 0, 2, so mse = 5/4; variance of the measured current 20/4 = 5, range 6.
// Noise 0, 1, 0, -1, so the floor is 1/2. Against clean: errors 0, 0, 0, 1, variance 10/4.
// covariance (1 + 6 + 1 + 3)/4 with means 0 and 1/4; variance of the prediction 7/4 - 1/16 = 27/16.
TEST(ErrorMetrics, MatchesAnExampleByHand) {
  const auto metrics = error_metrics({kMeasured, kPredicted, kClean});
  EXPECT_DOUBLE_EQ(metrics.mse.value(), 1.25);
  EXPECT_DOUBLE_EQ(metrics.noise_floor.value(), 0.5);
  EXPECT_DOUBLE_EQ(metrics.mse_over_floor.value(), 2.5);
  EXPECT_DOUBLE_EQ(metrics.nrmse_std.value(), 0.5);
  EXPECT_DOUBLE_EQ(metrics.nrmse_range.value(), std::sqrt(1.25) / 6);
  EXPECT_DOUBLE_EQ(metrics.nrmse_std_clean.value(), std::sqrt(0.25 / 2.5));
  EXPECT_DOUBLE_EQ(metrics.correlation.value(), 2.75 / std::sqrt(5 * 27.0 / 16));
  EXPECT_DOUBLE_EQ(metrics.max_abs_err_over_fs.value(), 2.0 / 3);
}

TEST(ErrorMetrics, PoolsTheSamplesOfAllRecords) {
  const auto part = [](const std::vector<double>& v, std::size_t from, std::size_t count) {
    return std::span<const double>(v).subspan(from, count);
  };
  const std::vector<PredictedRecord> cut = {
      {part(kMeasured, 0, 1), part(kPredicted, 0, 1), part(kClean, 0, 1)},
      {part(kMeasured, 1, 3), part(kPredicted, 1, 3), part(kClean, 1, 3)}};
  const auto pooled = error_metrics(cut);
  const auto whole = error_metrics({kMeasured, kPredicted, kClean});
  EXPECT_DOUBLE_EQ(pooled.mse.value(), whole.mse.value());
  EXPECT_DOUBLE_EQ(pooled.nrmse_std.value(), whole.nrmse_std.value());
  EXPECT_DOUBLE_EQ(pooled.nrmse_std_clean.value(), whole.nrmse_std_clean.value());
  EXPECT_DOUBLE_EQ(pooled.correlation.value(), whole.correlation.value());
}

TEST(ErrorMetrics, LeavesOutWhatNeedsTheNoiseFreeCurrent) {
  const std::vector<PredictedRecord> records = {{kMeasured, kPredicted, kClean},
                                                {kMeasured, kPredicted, {}}};
  const auto metrics = error_metrics(records);
  EXPECT_TRUE(metrics.mse.has_value());
  EXPECT_FALSE(metrics.noise_floor.has_value());
  EXPECT_FALSE(metrics.mse_over_floor.has_value());
  EXPECT_FALSE(metrics.nrmse_std_clean.has_value());
}

TEST(ErrorMetrics, LeavesOutWhatAConstantReferenceDoesNotDefine) {
  const std::vector<double> constant = {2, 2};
  const std::vector<double> predicted = {1, 2};
  const auto metrics = error_metrics({constant, predicted, constant});
  EXPECT_DOUBLE_EQ(metrics.mse.value(), 0.5);
  EXPECT_FALSE(metrics.nrmse_std.has_value());
  EXPECT_FALSE(metrics.nrmse_range.has_value());
  EXPECT_FALSE(metrics.correlation.has_value());
  EXPECT_FALSE(metrics.mse_over_floor.has_value());  // The noise floor is 0.
  EXPECT_DOUBLE_EQ(metrics.noise_floor.value(), 0);
}

TEST(ErrorMetrics, LeavesOutTheErrorsOfAPredictionThatIsNotFinite) {
  const std::vector<double> predicted = {1, std::numeric_limits<double>::quiet_NaN(), 1, 1};
  const auto metrics = error_metrics({kMeasured, predicted, kClean});
  EXPECT_FALSE(metrics.mse.has_value());
  EXPECT_FALSE(metrics.nrmse_std.has_value());
  EXPECT_FALSE(metrics.max_abs_err_over_fs.has_value());
  EXPECT_DOUBLE_EQ(metrics.noise_floor.value(), 0.5);
}

TEST(ErrorMetrics, SaysWhatDoesNotFitTogether) {
  try {
    error_metrics({kMeasured, std::span(kPredicted).first(3), {}});
    FAIL() << "expected a ShapeError";
  } catch (const ShapeError& e) {
    EXPECT_STREQ(e.what(), "error metrics: expected 4 predicted samples, found 3");
  }
  try {
    error_metrics(std::span<const PredictedRecord>());
    FAIL() << "expected a DataError";
  } catch (const DataError& e) {
    EXPECT_STREQ(e.what(), "error metrics: expected at least one sample, found none");
  }
}

TEST(FullScale, DividesByTheLargestReference) {
  EXPECT_DOUBLE_EQ(max_error_over_full_scale(kMeasured, kPredicted).value(), 2.0 / 3);
  EXPECT_DOUBLE_EQ(rmse_over_full_scale(kMeasured, kPredicted).value(), std::sqrt(1.25) / 3);
  EXPECT_DOUBLE_EQ(mean_squared_error(kMeasured, kPredicted), 1.25);
  const std::vector<double> zero(4, 0.0);
  EXPECT_FALSE(max_error_over_full_scale(zero, kPredicted).has_value());
}

TEST(Correlation, IsOneOnlyForARisingLine) {
  const std::vector<double> line = {3, 7, -1, -5};  // 2 y + 1
  const std::vector<double> falling = {-1, -3, 1, 3};
  EXPECT_NEAR(correlation(kMeasured, line).value(), 1, 1e-15);
  EXPECT_NEAR(correlation(kMeasured, falling).value(), -1, 1e-15);
}

}  // namespace
}  // namespace psi_xlstm
