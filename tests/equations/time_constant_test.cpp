#include "equations/time_constant.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "psi_xlstm/core/error.hpp"
#include "support/tensors.hpp"

namespace psi_xlstm::equations {
namespace {

using testing::full;
using testing::message_of;
using testing::relative_error;
using testing::row;

constexpr double kReferenceStep = 50e-9;  // [s]

// f~ = 0: softplus(0) = ln 2, so a memory halves in every reference step.
TEST(TimeConstant, HalvesInOneStepAtZero) {
  const auto rate = relaxation_rate(full({1}, 0), kReferenceStep);
  EXPECT_DOUBLE_EQ(rate.item<double>(), std::log(2.0) / kReferenceStep);
  EXPECT_DOUBLE_EQ(time_constant(full({1}, 0), kReferenceStep).item<double>(),
                   kReferenceStep / std::log(2.0));
  EXPECT_DOUBLE_EQ(relaxed_fraction(rate, full({1}, 3 * kReferenceStep)).item<double>(), 7.0 / 8);
}

TEST(TimeConstant, OneStepForgetsAsTheSigmoidOfTheLiterature) {
  const auto gate = row({-30, -5, -1, 0, 1, 5, 30});
  const auto kept = torch::exp(-relaxation_rate(gate, kReferenceStep) * kReferenceStep);
  EXPECT_LE(relative_error(kept, torch::sigmoid(gate)), 4e-16);
}

// softplus(-f~) = ln(1 + exp(-f~)), computed with 60 digits.
TEST(TimeConstant, KeepsAllDigitsOfSlowMemories) {
  const auto gate = row({10, 12, 20, 25, 40});
  const auto expected =
      row({4.5398899216864646769e-5, 6.1441934777328054346e-6, 2.0611536203143807032e-9,
           1.3887943864867583102e-11, 4.2483542552915889863e-18});
  const auto found = relaxation_rate(gate, 1);
  for (std::int64_t k = 0; k < gate.size(0); ++k) {
    EXPECT_NEAR(found[k].item<double>() / expected[k].item<double>(), 1, 4e-16) << "gate " << k;
  }
  const auto gone = relaxed_fraction(found, full({1}, 1));  // 1 - sigmoid(f~) = sigmoid(-f~)
  EXPECT_LE(relative_error(gone / torch::sigmoid(-gate), torch::ones_like(gate)), 4e-16);
}

// softplus(x) = x + ln(1 + exp(-x)): at x = 21 the second term is 7.6e-10.
TEST(TimeConstant, KeepsAllDigitsOfFastMemories) {
  for (const double x : {19.0, 21.0, 30.0, 800.0}) {
    EXPECT_DOUBLE_EQ(relaxation_rate(full({1}, -x), 1).item<double>(),
                     x + std::log1p(std::exp(-x)));
  }
}

TEST(TimeConstant, GradientMatchesFiniteDifferences) {
  const auto gate = row({-3, -0.2, 0.4, 4, 12});
  testing::expect_gradient([](const torch::Tensor& f) { return time_constant(f, 2).log().sum(); },
                           gate);
  testing::expect_gradient(
      [](const torch::Tensor& f) {
        return relaxed_fraction(relaxation_rate(f, 2), full({1}, 3)).log().sum();
      },
      gate);
}

TEST(TimeConstant, RefusesAReferenceStepThatIsNotPositive) {
  EXPECT_EQ(message_of<ConfigError>([] { relaxation_rate(full({1}, 0), 0); }),
            "reference step: expected a positive time, found 0 s");
}

}  // namespace
}  // namespace psi_xlstm::equations
