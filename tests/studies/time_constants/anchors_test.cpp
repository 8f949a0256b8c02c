#include "studies/time_constants/anchors.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace psi_xlstm {
namespace {

// Of 16 intervals of 95 %, 14 or more hold the truth in 96 of 100 cases; an interval half as wide
// would hold it 11 times.
TEST(MeasureAnchors, FindsEveryClosedForm) {
  int inside = 0;
  for (std::uint32_t seed : {1U, 2U}) {
    const std::vector<Anchor> anchors = measure_anchors({.seed = seed}, {});
    ASSERT_EQ(anchors.size(), 8U);
    EXPECT_EQ(missed_anchor(anchors), "");
    for (const Anchor& anchor : anchors) {
      EXPECT_EQ(anchor.reason, "") << anchor.name;
      EXPECT_LE(std::abs(anchor.error()), 0.02) << anchor.name;
      EXPECT_LE(anchor.high - anchor.low, 0.05 * anchor.known) << anchor.name;
      inside += anchor.inside() ? 1 : 0;
    }
    // By hand: 5 us ln(1 + 9.93 mA/10.07 mA).
    EXPECT_NEAR(anchors[1].known, 3.43e-6, 0.01e-6);
    // By hand: C dT/dt = -G T with G = [1/3, -1/3; -1/3, 7/12] W/K, C = (1, 10) mJ/K.
    EXPECT_NEAR(anchors[6].known, 2.7094e-3, 1e-7);
    EXPECT_NEAR(anchors[7].known, 44.2906e-3, 1e-6);
  }
  EXPECT_GE(inside, 14);
}

TEST(MeasureAnchors, SaysWhyThereIsNoEstimate) {
  SimulatorOptions hurried;
  hurried.time_limit_s = 1e-3;
  const std::vector<Anchor> anchors = measure_anchors({}, hurried);
  ASSERT_EQ(anchors.size(), 8U);
  for (const Anchor& anchor : anchors) EXPECT_FALSE(anchor.inside()) << anchor.name;
  EXPECT_NE(missed_anchor(anchors).find("ngspice did not finish"), std::string::npos)
      << missed_anchor(anchors);
}

TEST(MissedAnchor, NamesWhatIsOff) {
  const Anchor good{
      .name = "good", .known = 1e-3, .value = 1.01e-3, .low = 0.99e-3, .high = 1.03e-3};
  Anchor far = good, outside = good;
  far.name = "far";
  far.value = 1.03e-3;
  outside.name = "outside";
  outside.low = 1.006e-3;  // 2.5 times
  EXPECT_EQ(missed_anchor({good}), "");
  EXPECT_EQ(
      missed_anchor({good, far}),
      "far: expected 1.00 ms within 2 % and within twice the interval, found 1.03 ms (990 us to "
      "1.03 ms)");
  EXPECT_EQ(missed_anchor({outside}).substr(0, 8), "outside:");
  EXPECT_EQ(anchor_table({good, outside}).rows[1].back(), "no");
}

TEST(MissedAnchor, NeitherAnEmptyListNorAnIntervalThatIsNoNumberIsAPass) {
  EXPECT_EQ(missed_anchor({}), "not verified: no anchor was measured");
  Anchor anchor{.name = "diode", .known = 1e-6, .value = 1.001e-6, .low = 0.99e-6, .high = 1.01e-6};
  EXPECT_EQ(missed_anchor({anchor}), "");
  anchor.low = anchor.high = std::nan("");
  EXPECT_NE(missed_anchor({anchor}), "");
}

}  // namespace
}  // namespace psi_xlstm
