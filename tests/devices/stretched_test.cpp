#include "devices/stretched.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <numeric>
#include <string>
#include <vector>

#include "devices/mem3.hpp"
#include "psi_xlstm/core/error.hpp"

namespace psi_xlstm {
namespace {

double sum_at(const ExponentialSum& sum, double t) {
  double value = 0;
  for (std::size_t j = 0; j < sum.taus.size(); ++j) {
    value += sum.weights[j] * std::exp(-t / sum.taus[j]);
  }
  return value;
}

class ExponentialSums : public ::testing::TestWithParam<double> {};

TEST_P(ExponentialSums, FollowTheStretchedExponential) {
  const double beta = GetParam(), tau = 2e-3, fastest = 1e-10;
  const ExponentialSum sum = stretched_exponential(tau, beta, fastest);
  EXPECT_NEAR(std::accumulate(sum.weights.begin(), sum.weights.end(), 0.0), 1, 1e-12);
  EXPECT_GE(*std::min_element(sum.weights.begin(), sum.weights.end()), -1e-9);
  for (double t = 30 * fastest; t < 100 * tau; t *= 1.7) {
    EXPECT_NEAR(sum_at(sum, t), std::exp(-std::pow(t / tau, beta)), 1e-5) << "t = " << t;
  }
}

INSTANTIATE_TEST_SUITE_P(Beta, ExponentialSums, ::testing::Values(0.3, 0.5, 0.7, 0.9, 1.0));

TEST(StretchedExponential, RefusesWrongInput) {
  EXPECT_THROW(stretched_exponential(0, 0.5, 1e-9), ConfigError);
  EXPECT_THROW(stretched_exponential(1, 0.5, 0), ConfigError);
  EXPECT_THROW(stretched_exponential(1, 0.99, 1e-9), ConfigError);
  EXPECT_THROW(stretched_exponential(1, 0.05, 1e-9), ConfigError);
}

// At constant V from rest z = V^2 (1 - exp(-(t/tau)^beta)); within 30 hundredths of a sample of
// the start it is not resolved.
TEST(StretchedDevice, FollowsItsClosedFormAtConstantVoltage) {
  StretchedConfig config;
  config.drive.noise = 0;
  config.drive.duration = 2e-3;
  const Record record = mem3_record(stretched_device(config), [](double) { return 0.7; });
  ASSERT_EQ(record.size(), 4000U);
  for (std::size_t i = 1; i < record.size(); ++i) {
    const double z = 0.49 * (1 - std::exp(-std::sqrt(record.time[i] / 1.2e-3)));
    EXPECT_NEAR(record.current[0][i], 0.7 * (1e-3 + 0.6e-3 * z), 1e-5 * 1e-3);
  }
}

}  // namespace
}  // namespace psi_xlstm
