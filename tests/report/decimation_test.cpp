#include "report/decimation.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "psi_xlstm/core/error.hpp"

namespace psi_xlstm {
namespace {

Curve wave(int points) {
  Curve curve;
  for (int i = 0; i < points; ++i) {
    curve.x.push_back(i);
    curve.y.push_back(std::sin(0.01 * i));
  }
  return curve;
}

TEST(Decimate, KeepsAShortCurve) {
  const auto curve = wave(100);
  EXPECT_EQ(decimate(curve, 100).y, curve.y);
}

TEST(Decimate, KeepsSpikesAndBothEnds) {
  auto curve = wave(100000);
  curve.y[31234] = 50;
  curve.y[77777] = -40;
  const auto small = decimate(curve, 1000);
  EXPECT_LE(small.x.size(), 1002U);
  EXPECT_GE(small.x.size(), 500U);
  EXPECT_EQ(small.x.front(), 0);
  EXPECT_EQ(small.x.back(), 99999);
  EXPECT_TRUE(std::is_sorted(small.x.begin(), small.x.end()));
  EXPECT_EQ(*std::max_element(small.y.begin(), small.y.end()), 50);
  EXPECT_EQ(*std::min_element(small.y.begin(), small.y.end()), -40);
}

TEST(Decimate, KeepsInterruptions) {
  auto curve = wave(10000);
  for (std::size_t i = 5000; i < 5010; ++i) curve.y[i] = std::numeric_limits<double>::quiet_NaN();
  const auto small = decimate(curve, 100);
  const auto gaps =
      std::count_if(small.y.begin(), small.y.end(), [](double y) { return std::isnan(y); });
  EXPECT_EQ(gaps, 1);
}

// Three decades, evenly spaced in x: by index the lowest decade would keep a thousandth of the
// points, on a logarithmic axis it keeps a third.
TEST(Decimate, SpreadsThePointsOverALogarithmicAxis) {
  auto curve = wave(100001);
  for (std::size_t i = 0; i < curve.x.size(); ++i) curve.x[i] = 100 + static_cast<double>(i);
  const auto in_first_decade = [&](Spacing spacing) {
    const auto small = decimate(curve, 1000, spacing);
    return std::count_if(small.x.begin(), small.x.end(), [](double x) { return x < 1000; });
  };
  EXPECT_LT(in_first_decade(Spacing::kLinear), 15);
  EXPECT_GT(in_first_decade(Spacing::kLogarithmic), 250);
}

TEST(Decimate, TakesALoopInItsOrder) {
  auto curve = wave(10000);
  for (std::size_t i = 0; i < curve.x.size(); ++i) curve.x[i] = std::cos(1e-3 * curve.x[i]);
  const auto small = decimate(curve, 100);
  EXPECT_GE(small.x.size(), 90U);
  EXPECT_LE(small.x.size(), 102U);
}

TEST(ThinOut, KeepsEveryThirdPoint) {
  const auto small = thin_out(wave(10), 4);
  EXPECT_EQ(small.x, (std::vector<double>{0, 3, 6, 9}));
  EXPECT_EQ(thin_out(wave(4), 4).x.size(), 4U);
}

TEST(Decimate, SaysThatXAndYDiffer) {
  try {
    decimate({.x = {1, 2}, .y = {1}}, 10);
    FAIL() << "expected a ShapeError";
  } catch (const ShapeError& e) {
    EXPECT_STREQ(e.what(), "curve: expected 2 values of y, found 1");
  }
}

}  // namespace
}  // namespace psi_xlstm
