#include "tau/response.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <string>
#include <vector>

#include "psi_xlstm/core/error.hpp"

namespace psi_xlstm::tau {
namespace {

Record record_of(const std::vector<double>& time, const std::vector<double>& voltage) {
  Record record;
  record.time = time;
  record.voltage = {voltage};
  record.current = {std::vector<double>(time.size(), 1.0)};
  return record;
}

// z for V going along straight lines, by a fine trapezoidal rule of the integral.
double integrated(const Record& record, double tau, std::size_t last) {
  double z = 0;
  constexpr int kSteps = 20000;
  for (std::size_t i = 0; i < last; ++i) {
    const double h = record.time[i + 1] - record.time[i];
    const double a = record.voltage[0][i], b = record.voltage[0][i + 1];
    double sum = 0;
    for (int j = 0; j <= kSteps; ++j) {
      const double s = static_cast<double>(j) / kSteps;
      sum += (j == 0 || j == kSteps ? 0.5 : 1) * std::pow(a + (b - a) * s, 2) *
             std::exp(-h * (1 - s) / tau);
    }
    z = z * std::exp(-h / tau) + sum * h / kSteps / tau;
  }
  return z;
}

TEST(StepWeights, AreExactForStraightLinesAndSmallSteps) {
  for (double x : {1e-8, 9.9e-4, 1.1e-3, 0.3, 4.0, 50.0}) {
    const StepWeights w = step_weights(x);
    EXPECT_NEAR(w.decay + w.from + w.to, 1, 1e-15) << x;  // a constant stays
    const double ramp = 1 - (-std::expm1(-x)) / x;        // z after a unit ramp from rest
    EXPECT_NEAR(w.to, ramp, 1e-9 * ramp + 1e-9 * x) << x;
    double bulge = 0;  // of 4 s (1 - s), by the midpoint rule
    constexpr int kSteps = 20000;
    for (int j = 0; j < kSteps; ++j) {
      const double s = (j + 0.5) / kSteps;
      bulge += 4 * s * (1 - s) * x * std::exp(-x * (1 - s)) / kSteps;
    }
    EXPECT_NEAR(w.middle, bulge, 1e-6 * bulge) << x;
  }
}

TEST(StepWeights, SlopesMatchFiniteDifferences) {
  for (double x : {1e-4, 0.2, 3.0}) {
    const double d = 1e-5;
    const StepWeights w = step_weights(x), up = step_weights(x * std::exp(-d)),
                      down = step_weights(x * std::exp(d));
    EXPECT_NEAR(w.decay_slope, (up.decay - down.decay) / (2 * d), 1e-9);
    EXPECT_NEAR(w.from_slope, (up.from - down.from) / (2 * d), 1e-9);
    EXPECT_NEAR(w.to_slope, (up.to - down.to) / (2 * d), 1e-9);
    EXPECT_NEAR(w.middle_slope, (up.middle - down.middle) / (2 * d), 1e-8);
  }
}

TEST(ColumnStream, SolvesTheRelaxationOnUnevenSamples) {
  const Record record = record_of({0, 1, 1.5, 4, 4.2}, {1, -2, 0.5, 3, 3});
  ColumnStream stream(record, {Form::kConductance, Drive::kSquare}, {0.7, 30}, false);
  std::vector<double> row(static_cast<std::size_t>(stream.layout().width()));
  for (std::size_t i = 0; i < record.size(); ++i) {
    stream.next(row);
    const double V = record.voltage[0][i];
    EXPECT_NEAR(row[5], V * integrated(record, 0.7, i), 1e-6) << i;
    EXPECT_NEAR(row[6], V * integrated(record, 30, i), 1e-6) << i;
    EXPECT_NEAR(row[7], V * std::exp(-record.time[i] / 0.7), 1e-14) << i;
    EXPECT_EQ(row[4], V * V * V);
  }
}

// The mean of the square of a sine is a half, with few samples per period too; straight lines
// between 12 samples per period would give 0.457.
TEST(ColumnStream, FollowsASmoothCurveBetweenSamples) {
  std::vector<double> time, voltage;
  for (int i = 0; i < 4000; ++i) {
    time.push_back(i);
    voltage.push_back(std::sin(2 * M_PI * i / 12));
  }
  const Record record = record_of(time, voltage);
  ColumnStream stream(record, {Form::kCurrent, Drive::kSquare}, {400}, false);
  std::vector<double> row(static_cast<std::size_t>(stream.layout().width()));
  double mean = 0;
  for (std::size_t i = 0; i < record.size(); ++i) {
    stream.next(row);
    if (i >= record.size() - 12) mean += row[5] / 12;
  }
  EXPECT_NEAR(mean, 0.5, 6e-3);
}

TEST(ColumnStream, SlopesMatchFiniteDifferences) {
  const Record record = record_of({0, 1, 2, 3, 4, 5}, {1, 0, 2, -1, 0.5, 0});
  const double d = 1e-5;
  const Response response{Form::kCurrent, Drive::kMagnitude};
  ColumnStream exact(record, response, {2}, true);
  ColumnStream near(record, response, {2 * std::exp(-d), 2 * std::exp(d)}, false);
  std::vector<double> row(static_cast<std::size_t>(exact.layout().width()));
  std::vector<double> rows(static_cast<std::size_t>(near.layout().width()));
  for (std::size_t i = 0; i < record.size(); ++i) {
    exact.next(row);
    near.next(rows);
    EXPECT_NEAR(row[7], (rows[6] - rows[5]) / (2 * d), 1e-9) << i;
    EXPECT_NEAR(row[8], (rows[8] - rows[7]) / (2 * d), 1e-9) << i;
  }
}

TEST(CheckRecord, SaysWhatIsWrong) {
  std::vector<double> time, voltage;
  for (int i = 0; i < 60; ++i) {
    time.push_back(i);
    voltage.push_back(1);
  }
  time[7] = 6;
  Record record = record_of(time, voltage);
  record.id = "a";
  try {
    check_record(record, "tau");
    FAIL();
  } catch (const DataError& e) {
    EXPECT_EQ(std::string(e.what()),
              "tau: record \"a\": expected times that increase, found 6 s after 6 s");
  }
}

}  // namespace
}  // namespace psi_xlstm::tau
