#include "circuit/voltage_table.hpp"

#include <gtest/gtest.h>

#include <cmath>

namespace psi_xlstm {
namespace {

const VoltageTable kThreeVoltages{.times = {1, 2, 4}, .values = {10, 20, 0}};

TEST(Interpolate, IsLinearBetweenThePointsAndConstantOutside) {
  EXPECT_EQ(interpolate(kThreeVoltages, 0), 10);
  EXPECT_EQ(interpolate(kThreeVoltages, 1), 10);
  EXPECT_EQ(interpolate(kThreeVoltages, 1.25), 12.5);
  EXPECT_EQ(interpolate(kThreeVoltages, 2), 20);
  EXPECT_EQ(interpolate(kThreeVoltages, 3), 10);
  EXPECT_EQ(interpolate(kThreeVoltages, 4), 0);
  EXPECT_EQ(interpolate(kThreeVoltages, 9), 0);
}

TEST(ProblemOfTable, NamesWhatIsWrong) {
  EXPECT_EQ(problem_of(kThreeVoltages), "");
  EXPECT_EQ(problem_of({}),
            "expected at least one time and as many values, got 0 times and 0 "
            "values");
  EXPECT_EQ(problem_of({.times = {1, 2}, .values = {1}}),
            "expected at least one time and as many values, got 2 times and 1 values");
  EXPECT_EQ(problem_of({.times = {0}, .values = {INFINITY}}),
            "expected finite times and values, got others");
  EXPECT_EQ(problem_of({.times = {0, 2, 1}, .values = {0, 0, 0}}),
            "expected times that increase, got 2 s before 1 s");
}

}  // namespace
}  // namespace psi_xlstm
