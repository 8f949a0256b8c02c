#include "metrics/baselines.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "psi_xlstm/core/error.hpp"

namespace psi_xlstm {
namespace {

// Samples of `curve` at evenly spaced voltages from `low` to `high`.
template <class Curve>
Trace sampled(Curve curve, double low, double high, int samples) {
  Trace trace;
  for (int i = 0; i < samples; ++i) {
    const double v = low + (high - low) * i / (samples - 1);
    trace.voltage.push_back(v);
    trace.current.push_back(curve(v));
  }
  return trace;
}

TEST(MeanCurrent, WeighsEverySampleAlike) {
  const std::vector<Trace> records = {{{0, 0, 0}, {1, 2, 3}}, {{0}, {10}}};
  EXPECT_DOUBLE_EQ(mean_current(records), 4);
}

// By hand: sum V I = 1*3 + 2*4 = 11, sum V^2 = 5.
TEST(ResistorConductance, MinimisesTheSquaredError) {
  const std::vector<Trace> records = {{{1}, {3}}, {{2, 0}, {4, 100}}};
  EXPECT_DOUBLE_EQ(resistor_conductance(records).value(), 11.0 / 5);
  EXPECT_EQ(resistor_current(2.0, std::vector<double>{1, -3}), (std::vector<double>{2, -6}));
}

TEST(ResistorConductance, IsAbsentAtZeroVoltage) {
  const std::vector<Trace> records = {{{0, 0}, {1, 2}}};
  EXPECT_FALSE(resistor_conductance(records).has_value());
}

// A polynomial of degree 5 is recovered, whatever the units of the voltage are.
TEST(StaticPolynomial, RecoversAPolynomial) {
  for (const double unit : {1.0, 1e-3, 1e3}) {
    const auto curve = [&](double v) {
      const double u = v / unit;
      return 1e-6 * (2 - u + 3 * u * u * u * u * u);
    };
    const std::vector<Trace> training = {sampled(curve, -unit, 2 * unit, 400)};
    const std::vector<Trace> validation = {sampled(curve, -0.9 * unit, 1.7 * unit, 50)};
    const auto fit = fit_static_polynomial(training, validation, 5);
    EXPECT_EQ(fit.degree(), 5);
    const auto current = polynomial_current(fit, validation[0].voltage);
    for (std::size_t i = 0; i < current.size(); ++i) {
      EXPECT_NEAR(current[i], validation[0].current[i], 1e-16) << unit;  // 1e-12 of full scale.
    }
  }
}

// Of degree 1 and 9, only degree 1 extrapolates from [0, 1] to [0, 3] when the data are a line with
// an alternating error.
TEST(StaticPolynomial, ChoosesTheDegreeOnTheValidationRecords) {
  std::vector<Trace> training = {sampled([](double v) { return v; }, 0, 1, 12)};
  for (std::size_t i = 0; i < 12; ++i) training[0].current[i] += i % 2 == 0 ? 0.01 : -0.01;
  const std::vector<Trace> validation = {sampled([](double v) { return v; }, 0, 3, 20)};
  EXPECT_EQ(fit_static_polynomial(training, validation).degree(), 1);
  EXPECT_EQ(fit_static_polynomial(training, {}).degree(), 9);
}

TEST(StaticPolynomial, StaysFiniteWhenTheVoltagesDoNotFixIt) {
  const std::vector<Trace> training = {{{1, 1, -1}, {2, 2, -2}}};
  const auto fit = fit_static_polynomial(training, {});
  const auto current = polynomial_current(fit, std::vector<double>{1, -1});
  EXPECT_NEAR(current[0], 2, 1e-12);
  EXPECT_NEAR(current[1], -2, 1e-12);
  EXPECT_TRUE(std::isfinite(polynomial_current(fit, std::vector<double>{0.5})[0]));
}

TEST(Baselines, SayWhatDoesNotFit) {
  const std::vector<Trace> uneven = {{{1, 2}, {1}}};
  try {
    resistor_conductance(uneven);
    FAIL() << "expected a ShapeError";
  } catch (const ShapeError& e) {
    EXPECT_STREQ(e.what(), "baseline: expected 2 samples of current, found 1");
  }
  try {
    mean_current({});
    FAIL() << "expected a DataError";
  } catch (const DataError& e) {
    EXPECT_STREQ(e.what(), "baseline: expected at least one sample, found none");
  }
  try {
    fit_static_polynomial(std::vector<Trace>{{{1}, {1}}}, {}, 0);
    FAIL() << "expected a DataError";
  } catch (const DataError& e) {
    EXPECT_STREQ(e.what(), "baseline: expected a degree of at least 1, found 0");
  }
}

}  // namespace
}  // namespace psi_xlstm
