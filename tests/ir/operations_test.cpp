#include "ir/operations.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <set>
#include <string>
#include <vector>

namespace psi_xlstm::ir {
namespace {

std::vector<const Operation*> elementwise() {
  std::vector<const Operation*> rows;
  for (const Operation& row : operations()) {
    if (row.value != nullptr) rows.push_back(&row);
  }
  return rows;
}

constexpr double kFactor = -1.7;

// Points where every operation is defined and smooth.
std::vector<double> points() { return {0.2, 0.7, 1.3, 2.9}; }

TEST(Operations, StandWhereTheirOpSays) {
  std::set<std::string> names;
  for (std::size_t i = 0; i < operations().size(); ++i) {
    const Operation& row = operations()[i];
    EXPECT_EQ(row.op, static_cast<Op>(i));
    EXPECT_EQ(&operation(row.op), &row);
    EXPECT_TRUE(names.insert(row.name).second) << row.name;
  }
}

// An operation on one element after the other is its row: nothing of it may be missing.
TEST(Operations, HaveEveryTextThatAPrinterAsksFor) {
  EXPECT_EQ(elementwise().size(), 10U);
  for (const Operation* row : elementwise()) {
    for (const char* text : {row->verilog_a, row->spice.expression, row->spice.parameter,
                             row->c.value, row->c.by_left}) {
      EXPECT_STRNE(text, "") << row->name;
    }
    const bool two = row->arguments == 2;
    EXPECT_EQ(std::string(row->c.by_right).empty(), !two) << row->name;
    for (const char* text : {row->verilog_a, row->spice.expression, row->spice.parameter}) {
      EXPECT_NE(std::string(text).find("{a}"), std::string::npos) << row->name;
      EXPECT_EQ(std::string(text).find("{b}") != std::string::npos, two) << row->name;
      EXPECT_EQ(std::string(text).find("{f}") != std::string::npos, row->has_factor) << row->name;
    }
  }
}

TEST(Operations, SlopesAreThoseOfTheValues) {
  constexpr double kStep = 1e-5;
  for (const Operation* row : elementwise()) {
    for (double a : points()) {
      for (double b : points()) {
        const auto value = [&](double da, double db) {
          return row->value(a + da, b + db, kFactor);
        };
        const Slopes slopes = row->slopes(a, b, value(0, 0), kFactor);
        const double by_left = (value(kStep, 0) - value(-kStep, 0)) / (2 * kStep);
        const double by_right = (value(0, kStep) - value(0, -kStep)) / (2 * kStep);
        EXPECT_NEAR(slopes.by_left, by_left, 1e-8 * (1 + std::abs(by_left))) << row->name;
        if (row->arguments == 1) continue;
        EXPECT_NEAR(slopes.by_right, by_right, 1e-8 * (1 + std::abs(by_right))) << row->name;
      }
    }
    const bool constant = row->slopes(0.3, 0.4, 0.5, kFactor).by_left ==
                              row->slopes(1.3, 2.4, 3.5, kFactor).by_left &&
                          row->slopes(0.3, 0.4, 0.5, kFactor).by_right ==
                              row->slopes(1.3, 2.4, 3.5, kFactor).by_right;
    EXPECT_EQ(row->linear, constant) << row->name;
  }
}

TEST(Operations, WorkOnArraysAsOnNumbers) {
  const std::vector<double> a = points(), b(a.rbegin(), a.rend()), adjoint = {1, -2, 0.5, 3};
  const int count = static_cast<int>(a.size());
  for (const Operation* row : elementwise()) {
    const double* const right = row->arguments == 2 ? b.data() : nullptr;
    std::vector<double> y(a.size()), to_a(a.size(), 10.0), to_b(a.size(), 20.0);
    row->values(a.data(), right, kFactor, y.data(), count);
    row->add_slopes(a.data(), right, y.data(), kFactor, adjoint.data(), to_a.data(), to_b.data(),
                    count);
    for (std::size_t i = 0; i < a.size(); ++i) {
      EXPECT_NEAR(y[i], row->value(a[i], b[i], kFactor), 1e-15 * std::abs(y[i])) << row->name;
      const Slopes slopes = row->slopes(a[i], b[i], y[i], kFactor);
      EXPECT_DOUBLE_EQ(to_a[i], 10 + adjoint[i] * slopes.by_left) << row->name;
      EXPECT_DOUBLE_EQ(to_b[i], right == nullptr ? 20 : 20 + adjoint[i] * slopes.by_right);
    }
  }
}

// Every value of a grid inside the bounds, and the bounds reached: no wider than they have to be.
TEST(Operations, BoundsAreTheRangeOfTheValues) {
  for (const Operation* row : elementwise()) {
    const bool positive = row->op == Op::kLog || row->op == Op::kSqrt || row->op == Op::kQuotient;
    const Interval a = positive ? Interval{0.2, 1.4} : Interval{-0.8, 1.4};
    const Interval b = positive ? Interval{0.3, 2.1} : Interval{-2.1, 0.6};
    const Interval bound = row->bound != nullptr ? row->bound(a, b, kFactor)
                                                 : Interval{row->value(a.low, 0, kFactor),
                                                            row->value(a.high, 0, kFactor)};
    Interval seen{1e300, -1e300};
    constexpr int kPoints = 20;
    for (int i = 0; i <= kPoints; ++i) {
      for (int j = 0; j <= kPoints; ++j) {
        const double y = row->value(a.low + (a.high - a.low) * i / kPoints,
                                    b.low + (b.high - b.low) * j / kPoints, kFactor);
        seen = {std::min(seen.low, y), std::max(seen.high, y)};
      }
    }
    EXPECT_NEAR(seen.low, bound.low, 1e-12) << row->name;
    EXPECT_NEAR(seen.high, bound.high, 1e-12) << row->name;
  }
}

TEST(Operations, AnExponentialIsOneWhoseValueGrowsBeyondEveryNumber) {
  for (const Operation* row : elementwise()) {
    const std::string text = row->verilog_a;
    EXPECT_EQ(row->exponential, text.find("exp(") != std::string::npos) << row->name;
  }
}

}  // namespace
}  // namespace psi_xlstm::ir
