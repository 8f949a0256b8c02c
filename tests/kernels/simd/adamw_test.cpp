#include "kernels/simd/adamw.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "psi_xlstm/core/error.hpp"

namespace psi_xlstm::kernels {
namespace {

template <class Real>
class AdamWOf : public testing::Test {};
using Reals = testing::Types<float, double>;
TYPED_TEST_SUITE(AdamWOf, Reals);

TYPED_TEST(AdamWOf, FirstStepIsTheRateAgainstTheSign) {
  using Real = TypeParam;
  // m / (1 - b1) = g and v / (1 - b2) = g^2: every entry moves by lr |g| / (|g| + eps)
  for (const InstructionSet set : available_instruction_sets()) {
    SCOPED_TRACE(std::string(name(set)));
    const std::size_t count = 37;
    std::vector<Real> p(count), g(count), m(count), v(count);
    for (std::size_t i = 0; i < count; ++i) {
      p[i] = Real(2);
      g[i] = static_cast<Real>(i % 2 == 0 ? 0.5 : -0.25);
    }
    AdamWOptions options{.learning_rate = 0.01, .epsilon = 0.25, .weight_decay = 0.5};
    options.gradient_scale = 0.5;
    adamw_step<Real>(p, g, {m, v}, options, set);
    for (std::size_t i = 0; i < count; ++i) {
      const double scaled = i % 2 == 0 ? 0.25 : -0.125;
      const double expected = 2 * (1 - 0.01 * 0.5) - 0.01 * scaled / (std::abs(scaled) + 0.25);
      const double tolerance = 4 * static_cast<double>(std::numeric_limits<Real>::epsilon());
      EXPECT_NEAR(p[i], expected, tolerance);
      EXPECT_NEAR(m[i], 0.1 * scaled, tolerance);
      EXPECT_NEAR(v[i], 0.001 * scaled * scaled, tolerance);
    }
  }
}

TYPED_TEST(AdamWOf, FollowsItsEquationsOverManySteps) {
  using Real = TypeParam;
  for (const InstructionSet set : available_instruction_sets()) {
    SCOPED_TRACE(std::string(name(set)));
    const AdamWOptions start{
        .learning_rate = 0.02, .beta1 = 0.8, .beta2 = 0.95, .epsilon = 1e-8, .weight_decay = 0.1};
    std::vector<Real> p = {1, -1, 3}, m(3), v(3);
    double q[3] = {1, -1, 3}, first[3] = {}, second[3] = {};
    for (int step = 1; step <= 50; ++step) {
      std::vector<Real> g;
      for (int i = 0; i < 3; ++i) {
        g.push_back(static_cast<Real>(std::sin(step + i) + 0.125 * i));
        const double gradient = static_cast<double>(g.back());
        first[i] = 0.8 * first[i] + 0.2 * gradient;
        second[i] = 0.95 * second[i] + 0.05 * gradient * gradient;
        const double m_hat = first[i] / (1 - std::pow(0.8, step));
        const double v_hat = second[i] / (1 - std::pow(0.95, step));
        q[i] -= 0.02 * 0.1 * q[i];
        q[i] -= 0.02 * m_hat / (std::sqrt(v_hat) + 1e-8);
      }
      AdamWOptions options = start;
      options.step = step;
      adamw_step<Real>(p, g, {m, v}, options, set);
    }
    for (std::size_t i = 0; i < 3; ++i) {
      EXPECT_NEAR(p[i], q[i], sizeof(Real) == 4 ? 5e-6 : 1e-14);
    }
  }
}

TYPED_TEST(AdamWOf, NormOfAGradient) {
  using Real = TypeParam;
  for (const InstructionSet set : available_instruction_sets()) {
    SCOPED_TRACE(std::string(name(set)));
    std::vector<Real> g(1001, Real(2));
    EXPECT_NEAR(gradient_norm<Real>(g, set), 2 * std::sqrt(1001.0), 1e-12);
    g[1000] = std::numeric_limits<Real>::quiet_NaN();
    EXPECT_TRUE(std::isnan(gradient_norm<Real>(g, set)));
    g[1000] = std::numeric_limits<Real>::infinity();
    EXPECT_TRUE(std::isinf(gradient_norm<Real>(g, set)));
    g = {Real(1e-30), Real(0)};  // its square is no float
    EXPECT_NEAR(gradient_norm<Real>(g, set) / 1e-30, 1, 1e-6);
    EXPECT_EQ(gradient_norm<Real>(std::vector<Real>{}, set), 0);
  }
}

TEST(AdamW, ClipFactor) {
  EXPECT_EQ(clip_factor(0.5, 1), 1);
  EXPECT_EQ(clip_factor(0, 1), 1);
  EXPECT_NEAR(clip_factor(4, 1), 1 / (4 + 1e-6), 1e-15);
}

TEST(AdamW, SaysWhatDoesNotFit) {
  std::vector<double> p(3), g(2), m(3), v(3);
  try {
    adamw_step<double>(p, g, {m, v}, {});
    FAIL() << "no exception";
  } catch (const ShapeError& error) {
    EXPECT_STREQ(error.what(),
                 "AdamW: expected 3 entries of the gradient and of both moments, found 2");
  }
}

}  // namespace
}  // namespace psi_xlstm::kernels
