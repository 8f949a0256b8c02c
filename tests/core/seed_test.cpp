#include "core/seed.hpp"

#include <gtest/gtest.h>

#include <limits>

namespace psi_xlstm {
namespace {

TEST(DerivedSeed, IsTheSumWhereThatFits) {
  EXPECT_EQ(derived_seed(11, 10, 0), 11);
  EXPECT_EQ(derived_seed(42, 1000, 3), 3042);
}

TEST(DerivedSeed, FitsInAnIntForEverySeed) {
  constexpr int kLargest = std::numeric_limits<int>::max();
  EXPECT_EQ(derived_seed(kLargest, 10, 1), 9);
  for (int seed : {0, 1, kLargest - 1, kLargest}) {
    for (int part : {0, 1, kLargest}) {
      EXPECT_GE(derived_seed(seed, 1000, part), 0);
      EXPECT_GE(derived_seed(seed, kLargest, part), 0);
    }
  }
}

}  // namespace
}  // namespace psi_xlstm
