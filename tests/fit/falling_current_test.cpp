#include "fit/falling_current.hpp"

#include <gtest/gtest.h>

#include "psi_xlstm/core/error.hpp"
#include "support/networks.hpp"
#include "support/static_devices.hpp"
#include "support/trained_networks.hpp"

namespace psi_xlstm::fit {
namespace {

TEST(FallingVoltage, AConductanceThatDependsOnStatesAloneNeverFalls) {
  for (const ir::Network& network :
       {testing::one_state(), testing::three_states(), testing::published_student()}) {
    EXPECT_FALSE(falling_voltage(network)) << network.name;
  }
}

// I = V gs exp(e - g tanh(w V)) has its slope 1 - V g w (1 - tanh^2) times the rest: with g = 5 it
// falls where V w (1 - tanh^2(w V)) > 1/5, between 0.21 and 1.7 of 1/w, with g = 1 nowhere.
TEST(FallingVoltage, IsFoundWhereAStaticCurveFalls) {
  ir::Network network = testing::static_curve();
  testing::set_block(network, "static.weight", {5.0, 0.0});
  testing::set_block(network, "static.bias", {0.0, 0.0});
  testing::set_block(network, "static.gain", {-1.0, 0.0});
  EXPECT_FALSE(falling_voltage(network));
  testing::set_block(network, "static.gain", {-5.0, 0.0});
  const auto voltage = falling_voltage(network);
  ASSERT_TRUE(voltage);
  const double part = 5 * *voltage;
  EXPECT_GT(part, 0.21);
  EXPECT_LT(part, 1.7);
}

// A curve and its mirror image fall at mirrored voltages.
TEST(FallingVoltage, DoesNotDependOnTheSignOfTheVoltage) {
  ir::Network network = testing::static_curve();
  testing::set_block(network, "static.weight", {5.0, 0.0});
  testing::set_block(network, "static.bias", {0.0, 0.0});
  testing::set_block(network, "static.gain", {-5.0, 0.0});
  network.box.voltage_min = {-1};
  network.box.voltage_max = {1};
  const auto right = falling_voltage(network);
  testing::set_block(network, "static.weight", {-5.0, 0.0});
  const auto left = falling_voltage(network);
  ASSERT_TRUE(right && left);
  EXPECT_GT(*right, 0);
  EXPECT_DOUBLE_EQ(*left, -*right);
}

TEST(FallingVoltage, NeedsOnePort) {
  EXPECT_THROW(falling_voltage(testing::static_device(false)), ShapeError);
}

}  // namespace
}  // namespace psi_xlstm::fit
