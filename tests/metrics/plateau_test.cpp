#include "metrics/plateau.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "core/rng.hpp"
#include "psi_xlstm/core/error.hpp"

namespace psi_xlstm {
namespace {

struct Trace {
  std::vector<double> time, y;
};

// 1 ns samples: `level` until `end` [s], then straight to zero within `fall` [s], and noise.
Trace trace_of(double level, double end, double fall, double noise, Rng& rng) {
  Trace trace;
  for (int n = 0; n < 3000; ++n) {
    const double t = n * 1e-9;
    const double left = 1 - std::clamp((t - end) / fall, 0.0, 1.0);
    trace.time.push_back(t);
    trace.y.push_back(level * left + noise * rng.normal());
  }
  return trace;
}

TEST(PlateauEnd, IsTheCornerOfAFall) {
  Rng rng(1);
  for (double level : {2.0, -2.0}) {
    const Trace trace = trace_of(level, 1234.4e-9, 60e-9, 0, rng);
    const PlateauEnd end = plateau_end(trace.time, trace.y);
    ASSERT_TRUE(end.found);
    EXPECT_NEAR(end.time, 1234.4e-9, 0.01e-9);
    EXPECT_NEAR(end.level, level, 1e-9);
  }
}

TEST(PlateauEnd, LiesBetweenTwoSamplesWhereTheFallIsSteep) {
  Rng rng(2);
  const Trace trace = trace_of(-1, 1234.4e-9, 1e-12, 0.02, rng);
  const PlateauEnd end = plateau_end(trace.time, trace.y);
  EXPECT_NEAR(end.time, 1234.5e-9, 1e-15);
  EXPECT_NEAR(end.low, 1234e-9, 1e-15);
  EXPECT_NEAR(end.high, 1235e-9, 1e-15);
}

// 95 % intervals: of 200, 180 to 198 hold the truth (7 standard deviations around 190 would be 168
// to 212); too narrow or too wide intervals by a factor 1.4 give 166 and 199.
TEST(PlateauEnd, HasAnIntervalThatHoldsTheTruth) {
  Rng rng(3);
  int held = 0;
  double width = 0;
  for (int i = 0; i < 200; ++i) {
    const double truth = (1200 + rng.uniform()) * 1e-9;
    const Trace trace = trace_of(1, truth, 200e-9, 0.05, rng);
    const PlateauEnd end = plateau_end(trace.time, trace.y);
    held += end.low <= truth && truth <= end.high ? 1 : 0;
    width += (end.high - end.low) / 200;
  }
  EXPECT_GE(held, 180);
  EXPECT_LE(held, 198);
  EXPECT_LT(width, 20e-9);
}

TEST(PlateauEnd, IsNotFoundWithoutAFall) {
  Rng rng(4);
  const Trace flat = trace_of(1, 1, 1e-9, 0.01, rng);
  EXPECT_FALSE(plateau_end(flat.time, flat.y).found);
}

TEST(PlateauEnd, RefusesTooLittle) {
  const std::vector<double> few(9, 1.0), more(10, 1.0);
  EXPECT_THROW(plateau_end(few, few), ShapeError);
  EXPECT_THROW(plateau_end(more, few), ShapeError);
}

}  // namespace
}  // namespace psi_xlstm
