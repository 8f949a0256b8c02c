#include "core/rng.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>
#include <utility>
#include <vector>

namespace psi_xlstm {
namespace {

TEST(Rng, DrawsTheUniformNumbersOfNumpy) {
  Rng rng(42);
  EXPECT_EQ(rng.uniform(), 0.3745401188473625);
  EXPECT_EQ(rng.uniform(), 0.9507143064099162);
  EXPECT_EQ(rng.uniform(), 0.7319939418114051);
}

TEST(Rng, DrawsTheNormalNumbersOfNumpy) {
  Rng rng(42);
  EXPECT_DOUBLE_EQ(rng.normal(), 0.4967141530112327);
  EXPECT_DOUBLE_EQ(rng.normal(), -0.13826430117118466);
  EXPECT_DOUBLE_EQ(rng.normal(), 0.6476885381006925);
}

TEST(Rng, DrawsTheIntegersOfNumpy) {
  Rng rng(42);
  for (std::size_t expected : {51U, 92U, 14U, 71U, 60U, 20U, 82U, 86U, 74U, 74U}) {
    EXPECT_EQ(rng.index(100), expected);
  }
}

TEST(Rng, ShufflesAsNumpyDoes) {
  Rng rng(42);
  std::vector<int> order(10);
  std::iota(order.begin(), order.end(), 0);
  for (std::size_t i = order.size() - 1; i >= 1; --i) std::swap(order[i], order[rng.index(i + 1)]);
  EXPECT_EQ(order, (std::vector<int>{8, 1, 5, 0, 7, 2, 9, 4, 3, 6}));
}

// The ISO C++ standard gives the 10,000th word of the generator seeded with 5489: 4123659995.
TEST(Rng, HasTheTenThousandthWordOfTheStandard) {
  Rng rng(5489);
  for (int i = 1; i < 10000; ++i) rng.index(std::size_t{1} << 32);
  EXPECT_EQ(rng.index(std::size_t{1} << 32), 4123659995U);
}

TEST(Rng, StaysInsideTheAskedRange) {
  Rng rng(1);
  double lowest = 1e9, highest = -1e9;
  for (int i = 0; i < 10000; ++i) {
    const double x = rng.uniform(-3, 5);
    lowest = std::min(lowest, x);
    highest = std::max(highest, x);
  }
  EXPECT_GE(lowest, -3);
  EXPECT_LT(highest, 5);
  EXPECT_LT(lowest, -2.9);
  EXPECT_GT(highest, 4.9);
}

TEST(Rng, GoesOnFromItsState) {
  Rng rng(7);
  rng.normal();  // leaves the second number of the pair behind
  Rng copy(rng.state());
  EXPECT_EQ(copy.state(), rng.state());
  for (int i = 0; i < 1000; ++i) EXPECT_EQ(copy.normal(), rng.normal());
  EXPECT_NE(Rng(7).state(), rng.state());
}

}  // namespace
}  // namespace psi_xlstm
