#include "fit/falling_penalty.hpp"

#include <gtest/gtest.h>

#include <vector>

#include "support/networks.hpp"

namespace psi_xlstm::fit {
namespace {

NormalEquations empty(int parameters) {
  return {.cost = 0,
          .hessian = Eigen::MatrixXd::Zero(parameters, parameters),
          .gradient = Eigen::VectorXd::Zero(parameters)};
}

// A curve that falls on both sides of 0 V.
ir::Network falling_curve() {
  ir::Network network = testing::static_curve();
  testing::set_block(network, "static.weight", {3.0, 2.1});
  testing::set_block(network, "static.bias", {-0.7, 0.4});
  testing::set_block(network, "static.gain", {-4.0, 2.5});
  return network;
}

TEST(FallingPenalty, IsNothingWhereTheCurrentRises) {
  const ir::Network network = testing::static_curve();
  NormalEquations normal = empty(network.parameter_count());
  FallingPenalty(network, -1, 1, 5).add(network.parameters, normal);
  EXPECT_EQ(normal.cost, 0);
  EXPECT_TRUE(normal.gradient.isZero(0));
}

TEST(FallingPenalty, IsNothingWithoutAStaticCurveOrAWeight) {
  const ir::Network state = testing::one_state();
  NormalEquations normal = empty(state.parameter_count());
  FallingPenalty(state, -1, 1, 5).add(state.parameters, normal);
  EXPECT_EQ(normal.cost, 0);
  const ir::Network network = falling_curve();
  normal = empty(network.parameter_count());
  FallingPenalty(network, -1, 1, 0).add(network.parameters, normal);
  EXPECT_EQ(normal.cost, 0);
}

// The gradient is half the slope of the cost, as everywhere in the normal equations; central
// differences of a smooth term are good to the cube of the step's rounding.
TEST(FallingPenalty, HasTheSlopesOfItsCost) {
  ir::Network network = falling_curve();
  const FallingPenalty penalty(network, -1, 1, 5);
  NormalEquations normal = empty(network.parameter_count());
  penalty.add(network.parameters, normal);
  EXPECT_GT(normal.cost, 0.1);
  constexpr double kStep = 1e-6;
  for (std::size_t i = 0; i < network.parameters.size(); ++i) {
    const auto cost = [&](double step) {
      std::vector<double> x = network.parameters;
      x[i] += step;
      NormalEquations there;
      penalty.add(x, there);
      return there.cost;
    };
    const double slope = (cost(kStep) - cost(-kStep)) / (4 * kStep);
    EXPECT_NEAR(normal.gradient[static_cast<Eigen::Index>(i)], slope, 1e-6 * (1 + normal.cost))
        << i;
  }
  EXPECT_TRUE(normal.hessian.isApprox(normal.hessian.transpose()));
}

}  // namespace
}  // namespace psi_xlstm::fit
