#include "metrics/whiteness.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "core/rng.hpp"
#include "psi_xlstm/core/error.hpp"

namespace psi_xlstm {
namespace {

std::vector<double> noise(int count, double colour, std::uint32_t seed) {
  Rng rng(seed);
  std::vector<double> out;
  double x = 0;
  for (int i = 0; i < count; ++i) out.push_back(x = colour * x + rng.normal());
  return out;
}

// With two degrees of freedom the tail is exp(-x/2); 1.96^2 is the 95 % point of one degree, 31.41
// that of twenty (tables).
TEST(ChiSquaredTail, MatchesClosedFormAndTables) {
  for (double x : {0.1, 1.0, 5.0, 40.0}) {
    EXPECT_NEAR(chi_squared_tail(x, 2), std::exp(-x / 2), 1e-14 * std::exp(-x / 2) + 1e-16);
  }
  EXPECT_NEAR(chi_squared_tail(3.841458820694124, 1), 0.05, 1e-12);
  EXPECT_NEAR(chi_squared_tail(31.410432844230918, 20), 0.05, 1e-12);
  EXPECT_EQ(chi_squared_tail(0, 3), 1);
}

TEST(Autocorrelation, MatchesByHand) {
  const std::vector<double> r = autocorrelation(std::vector<double>{1, 2, -1, 3}, 2);
  EXPECT_DOUBLE_EQ(r[0], (2 - 2 - 3) / 15.0);
  EXPECT_DOUBLE_EQ(r[1], (-1 + 6) / 15.0);
  EXPECT_THROW(autocorrelation(std::vector<double>{1, 2}, 2), DataError);
}

// White noise gives p-values that are uniform; a tenth of them is below 0.1.
TEST(LjungBox, KeepsItsLevelOnWhiteNoise) {
  int below = 0;
  for (std::uint32_t seed = 1; seed <= 400; ++seed) {
    below += ljung_box(noise(500, 0, seed), 10).p_value < 0.1 ? 1 : 0;
  }
  EXPECT_GT(below, 20);
  EXPECT_LT(below, 62);
}

TEST(LjungBox, SeesFaintColour) { EXPECT_LT(ljung_box(noise(20000, 0.06, 1), 20).p_value, 1e-6); }

}  // namespace
}  // namespace psi_xlstm
