#include "ir/vector_functions.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <vector>

namespace psi_xlstm::ir {
namespace {

TEST(TanhOf, AgreesWithTheStandardLibrary) {
  std::vector<double> a;
  for (int i = -250'000; i <= 250'000; ++i) a.push_back(i * 1e-4 + 1e-9 * (i % 7));
  std::vector<double> y(a.size());
  tanh_of(a.data(), y.data(), static_cast<int>(a.size()));
  for (std::size_t i = 0; i < a.size(); ++i) {
    ASSERT_NEAR(y[i], std::tanh(a[i]), 1e-15) << "at " << a[i];
  }
}

TEST(TanhOf, IsRelativelyAccurateNearZero) {
  for (double x = 1e-300; x < 0.1; x *= 1.7) {
    for (double a : {x, -x}) {
      double y = 0;
      tanh_of(&a, &y, 1);
      ASSERT_NEAR(y / std::tanh(a), 1, 1e-15) << "at " << a;
    }
  }
}

TEST(TanhOf, DoesNotDependOnThePlaceOfAnElement) {
  std::vector<double> same(19, 0.731), y(19);
  for (int count = 1; count <= 19; ++count) {
    tanh_of(same.data(), y.data(), count);
    for (int i = 0; i < count; ++i) ASSERT_EQ(y[static_cast<std::size_t>(i)], y[0]);
  }
}

TEST(TanhOf, HandlesZeroInfinityAndNan) {
  const double infinity = std::numeric_limits<double>::infinity();
  const double a[] = {0, infinity, -infinity, std::numeric_limits<double>::quiet_NaN(), 1e300};
  double y[5];
  tanh_of(a, y, 5);
  EXPECT_EQ(y[0], 0);
  EXPECT_EQ(y[1], 1);
  EXPECT_EQ(y[2], -1);
  EXPECT_TRUE(std::isnan(y[3]));
  EXPECT_EQ(y[4], 1);
}

}  // namespace
}  // namespace psi_xlstm::ir
