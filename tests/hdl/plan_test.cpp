#include "hdl/text/plan.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <string>

#include "ir/dynamics.hpp"
#include "psi_xlstm/core/error.hpp"
#include "support/every_operation.hpp"
#include "support/networks.hpp"
#include "support/static_devices.hpp"

namespace psi_xlstm::hdl {
namespace {

using testing::one_state;

std::string problem_with(const ir::Network& network) {
  try {
    plan_emission(network);
  } catch (const EmitError& e) {
    return e.what();
  }
  return "none";
}

TEST(EmissionPlan, ScalesStatesByTheirReadoutWithAFloor) {
  EXPECT_EQ(plan_emission(one_state()).kappa, std::vector<double>{1.6});
  ir::Network network = testing::three_states();  // readout 0.9, -0.6, 0.03
  EXPECT_EQ(plan_emission(network).kappa, (std::vector<double>{0.9, -0.6, 0.1}));
  testing::set_block(network, "readout.weight", {20, -0.5, 3});
  EXPECT_EQ(plan_emission(network).kappa, (std::vector<double>{20, -2, 3}));
  network.conductance().head = ir::Head::kSoftplus;
  EXPECT_EQ(plan_emission(network).kappa, (std::vector<double>{1, 1, 1}));
}

TEST(EmissionPlan, ScalesTheCircuitWithTheSpeedOfTheModel) {
  const EmissionPlan plan = plan_emission(one_state());  // median rate 2000 / s
  EXPECT_DOUBLE_EQ(plan.rate_scale, 2e3);
  EXPECT_DOUBLE_EQ(plan.charge_capacitance, 5e-9);
  EXPECT_DOUBLE_EQ(plan.leak_rate, 2e-7);
  EXPECT_DOUBLE_EQ(plan.hold_rate, 2e6);
  EXPECT_DOUBLE_EQ(plan_emission(testing::slow_device()).charge_capacitance, 5e-5);
  EXPECT_DOUBLE_EQ(plan_emission(testing::fast_device()).charge_capacitance, 5e-12);
  ir::Network network = one_state();
  network.box.median_rate = 1e9;
  EXPECT_DOUBLE_EQ(plan_emission(network).charge_capacitance, 1e-12);
  network.box.median_rate = 0;  // unknown: one over the longest record
  EXPECT_DOUBLE_EQ(plan_emission(network).rate_scale, 500);
}

TEST(EmissionPlan, StepResolvesRecordDriveAndFastestRate) {
  ir::Network network = one_state();  // 2 ms / 50, 0.01 / 10 kHz, 0.01 / 1e5
  EXPECT_DOUBLE_EQ(plan_emission(network).max_step, 1e-7);
  network.box.fastest_rate = 0;
  EXPECT_DOUBLE_EQ(plan_emission(network).max_step, 1e-6);
  network.box.drive_frequency = 0;
  EXPECT_DOUBLE_EQ(plan_emission(network).max_step, 4e-5);
}

TEST(EmissionPlan, LetsGoOfTheHeldStateFasterThanItMoves) {
  ir::Network network = one_state();  // 1e-5 / fastest rate, between 1 fs and 1 ns
  EXPECT_DOUBLE_EQ(plan_emission(network).release_time, 1e-10);
  const ir::Network fast = testing::fast_device();
  EXPECT_DOUBLE_EQ(plan_emission(fast).release_time, 1e-5 / fast.box.fastest_rate);
  EXPECT_DOUBLE_EQ(plan_emission(testing::slow_device()).release_time, 1e-9);
  network.box.fastest_rate = 0;
  EXPECT_DOUBLE_EQ(plan_emission(network).release_time, 1e-9);
}

TEST(EmissionPlan, FindsTheConductancesTheStatesCanHold) {
  ir::Network network = one_state();
  const EmissionPlan plan = plan_emission(network);
  EXPECT_DOUBLE_EQ(plan.conductance_low, 2e-4 * std::exp(0.12 - 1.6));
  EXPECT_DOUBLE_EQ(plan.conductance_high, 2e-4 * std::exp(0.12 + 1.6));
  EXPECT_DOUBLE_EQ(plan.default_conductance, std::sqrt(6e-5 * 8e-4));  // the training box is inside
  network.conductance().head = ir::Head::kAffine;
  EXPECT_NEAR(plan_emission(network).conductance_low, 2e-4 * (0.12 - 1.6), 1e-19);
  network.conductance().head = ir::Head::kSoftplus;
  EXPECT_DOUBLE_EQ(plan_emission(network).conductance_high, 2e-4 * std::log1p(std::exp(1.72)));
}

TEST(EmissionPlan, RestAndDriftAreThoseOfTheNetwork) {
  const ir::Network network = testing::three_states();
  const EmissionPlan plan = plan_emission(network);
  EXPECT_EQ(plan.rest, ir::rest_state(network));
  EXPECT_EQ(plan.zero_bias_rate, ir::worst_zero_bias_rate(network));
}

// Features saturate at 3.6 V: the forget gate lies between 4.6 -+ (1.1 + 0.15 + 1.2).
TEST(EmissionPlan, BoundsTheArgumentsOfExponentials) {
  EXPECT_NEAR(plan_emission(one_state()).largest_argument, 7.05, 1e-3);
}

TEST(EmissionPlan, RefusesArgumentsThatCouldOverflow) {
  ir::Network network = one_state();
  testing::set_block(network, "readout.weight", {-400});
  EXPECT_EQ(problem_with(network),
            "model one_state: expected arguments of exponentials below 300 in size up to 3.6 V, "
            "found 400");
}

// exp(v / z) where z may be zero has no bound.
TEST(EmissionPlan, RefusesAQuotientWithoutABound) {
  ir::Network network = one_state();
  ir::NetworkBuilder build(network);
  const int quotient = build.binary(ir::Op::kQuotient, 0, network.target_node);
  network.conductance().node = build.unary(ir::Op::kExp, quotient);
  EXPECT_EQ(problem_with(network),
            "model one_state: expected arguments of exponentials below 300 in size up to 3.6 V, "
            "found inf");
}

// exp(ln(v)) is not a number for v < 0.
TEST(EmissionPlan, RefusesArgumentsThatAreNoNumbers) {
  ir::Network network = one_state();
  ir::NetworkBuilder build(network);
  network.conductance().node = build.unary(ir::Op::kExp, build.unary(ir::Op::kLog, 0));
  EXPECT_NE(problem_with(network), "none");
}

TEST(EmissionPlan, RefusesAStartThatIsNotFinite) {
  ir::Network network = one_state();
  testing::set_block(network, "readout.weight", {0});
  EXPECT_EQ(problem_with(network).substr(0, 59),
            "model one_state: expected a finite state at the start, foun");
}

TEST(EmissionPlan, RefusesNamesThatALanguageOrTheModelUses) {
  ir::Network network = one_state();
  network.name = "module";
  EXPECT_EQ(problem_with(network),
            "model module: expected another name than \"module\", which is a word of Verilog-A");
  for (const char* port : {"inout", "v", "h", "H", "gnd", "x1", "X1", "t4_1", "c_1", "area"}) {
    network = one_state();
    network.ports = {port};
    EXPECT_NE(problem_with(network), "none") << port;
    network = one_state();
    network.reference_terminal = port;
    EXPECT_NE(problem_with(network), "none") << port;
  }
  network = one_state();
  network.ports = {"n"};
  EXPECT_EQ(problem_with(network),
            "model one_state: expected another name than \"n\", which two terminals have");
  network.ports = {"anode"};
  network.reference_terminal = "cathode";
  EXPECT_EQ(problem_with(network), "none");
}

TEST(EmissionPlan, TakesAnyNumberOfPorts) {
  EXPECT_EQ(problem_with(testing::every_operation(1)), "none");
  EXPECT_EQ(problem_with(testing::every_operation(3)), "none");
}

TEST(EmissionPlan, OfADeviceWithoutAConductanceHasNothingToHold) {
  const ir::Network network = testing::static_device(true);
  const EmissionPlan plan = plan_emission(network);
  EXPECT_TRUE(plan.kappa.empty());
  EXPECT_EQ(plan.default_conductance, 0);
  const std::vector<std::string> facts = model_facts(network, plan);
  ASSERT_EQ(facts.size(), 3U);
  EXPECT_EQ(facts[0],
            "0 states, 33 trained numbers; trained on g -1.00 V to 1.00 V, d -1.00 V to 1.00 V, "
            "steps to 10.0 ms");
}

// Ports are taken alone and all together: Q_g is largest at v_g = 1 V, Q_d at v_d = -1 V.
TEST(EmissionPlan, ScalesChargesByTheirSizeWithinTheTrainingRange) {
  const std::vector<double> scale = plan_emission(testing::transistor()).charge_scale;
  ASSERT_EQ(scale.size(), 2U);
  EXPECT_NEAR(scale[0], testing::TransistorPoint(1, 0).charges[0], 1e-24);
  EXPECT_NEAR(scale[1], -testing::TransistorPoint(0, -1).charges[1], 1e-24);
  EXPECT_TRUE(plan_emission(one_state()).charge_scale.empty());
  ir::Network empty = testing::transistor();
  empty.charge_node = ir::NetworkBuilder(empty).scale(empty.charge_node, 0);
  EXPECT_EQ(plan_emission(empty).charge_scale, (std::vector<double>{1e-15, 1e-15}));
}

TEST(ModelFacts, SayRangesRatesAndLimits) {
  const ir::Network network = one_state();
  const std::vector<std::string> facts = model_facts(network, plan_emission(network));
  ASSERT_EQ(facts.size(), 5U);
  EXPECT_EQ(facts[0],
            "1 states, 19 trained numbers; trained on -1.20 V to 1.20 V, 60.0 uS to 800 uS, steps "
            "to 1.00 us");
  EXPECT_EQ(facts[1], "conductance the states can hold at 0 V: 45.5 uS to 1.12 mS");
  EXPECT_EQ(facts[4], "longest time step for accurate transients: 100 ns; trapezoidal integration");
}

TEST(InitialStateExpression, IsANumberWhereTheStartIsRest) {
  const ir::Network network = testing::every_operation(1);
  const EmissionPlan plan = plan_emission(network);
  EXPECT_EQ(std::stod(initial_state_expression(network, plan, 1, "ln")), plan.rest[1]);
}

TEST(ReadoutExpression, IsTheInverseOfTheHead) {
  ir::Network network = one_state();
  EXPECT_EQ(readout_expression(network, "log"), "log(g0/2e-04)");
  network.conductance().head = ir::Head::kSoftplus;
  EXPECT_EQ(readout_expression(network, "ln"), "ln(exp(g0/2e-04)-1.0)");
  network.conductance().head = ir::Head::kAffine;
  EXPECT_EQ(readout_expression(network, "ln"), "g0/2e-04");
}

}  // namespace
}  // namespace psi_xlstm::hdl
