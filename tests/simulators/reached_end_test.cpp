#include "simulators/reached_end.hpp"

#include <gtest/gtest.h>

#include <limits>

namespace psi_xlstm {
namespace {

// What may be missing is what simulators keep breakpoints apart by, and rounding; no more.
TEST(StoppedEarly, ForgivesABreakpointsDistanceAndNothingMore) {
  EXPECT_EQ(stopped_early("one", 1e-3, 1e-3, 1e-6), "");
  EXPECT_EQ(stopped_early("one", 1e-3 - 0.9e-10, 1e-3, 1e-6), "");
  EXPECT_EQ(stopped_early("one", 1e-3 - 2e-10, 1e-3, 1e-6).find("one stopped at 0.000999"), 0U);
  EXPECT_EQ(stopped_early("one", 1 - 0.5e-9, 1, 1e-9), "");
  EXPECT_EQ(stopped_early("one", 0.75, 1, 1e-3), "one stopped at 0.75 s instead of 1 s");
  EXPECT_NE(stopped_early("one", std::numeric_limits<double>::quiet_NaN(), 1, 1e-3), "");
}

}  // namespace
}  // namespace psi_xlstm
