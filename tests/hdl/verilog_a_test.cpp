#include "psi_xlstm/hdl/verilog_a.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "psi_xlstm/core/error.hpp"
#include "psi_xlstm/hdl/emission.hpp"
#include "psi_xlstm/ir/dynamics.hpp"
#include "support/adms.hpp"
#include "support/every_operation.hpp"
#include "support/golden.hpp"
#include "support/networks.hpp"
#include "support/verilog_a_model.hpp"

namespace psi_xlstm::hdl {
namespace {

using testing::adms_exit_code;
using testing::expect_golden;

std::vector<ir::Network> networks() {
  std::vector<ir::Network> all = {testing::one_state(),    testing::three_states(),
                                  testing::static_curve(), testing::slow_device(),
                                  testing::fast_device(),  testing::every_operation(1)};
  for (const char* head : {"softplus", "affine"}) {
    all.push_back(testing::random_student(
        {.states = 2, .rates = 2, .features = 2, .static_features = 2, .head = head}, 4));
    all.push_back(testing::random_student({.head = head, .liquid = false}, 4));
  }
  return all;
}

TEST(VerilogA, OneState) { expect_golden(verilog_a(testing::one_state()), "one_state.va"); }
TEST(VerilogA, ThreeStates) {
  expect_golden(verilog_a(testing::three_states()), "three_states.va");
}
TEST(VerilogA, StaticCurve) {
  expect_golden(verilog_a(testing::static_curve()), "static_curve.va");
}

TEST(VerilogA, EveryModelIsAcceptedByAdms) {
  for (const ir::Network& network : networks()) {
    EXPECT_EQ(adms_exit_code(verilog_a(network)), 0) << network.name;
  }
}

TEST(VerilogA, TheCheckByAdmsTellsAWrongFunction) {
  for (const ir::Network& network : {testing::one_state(), testing::static_curve()}) {
    std::string text = verilog_a(network);
    text.replace(text.find("tanh("), 5, "tnah(");
    EXPECT_EQ(adms_exit_code(text), 1) << network.name;
  }
}

TEST(VerilogA, IsPrintableText) {
  for (const ir::Network& network : networks()) {
    const std::string text = verilog_a(network);
    EXPECT_TRUE(std::all_of(text.begin(), text.end(), [](char c) {
      return c == '\n' || (c >= ' ' && c <= '~');
    })) << network.name;
    EXPECT_EQ(text.back(), '\n');
  }
}

// The text, executed as it stands, against the network.
TEST(VerilogA, ComputesTheCurrentOfItsNetwork) {
  for (const ir::Network& network : networks()) {
    testing::VerilogAModel model(verilog_a(network));
    const EmissionPlan plan = plan_emission(network);
    const double g0 = network.start == ir::Start::kTied ? 1.3 * plan.default_conductance : 0;
    const std::vector<double> start = ir::initial_state(network, g0);
    if (g0 > 0 && network.state_count() > 0) model.values["g0"] = g0;
    model.values["area"] = 2.5;
    ir::Evaluator evaluator(network);
    const std::string branch = network.ports[0] + "," + network.reference_terminal;
    for (double v : {-1.0, -0.2, 0.0, 0.6}) {
      std::vector<double> c = start;
      for (std::size_t s = 0; s < c.size(); ++s) {
        c[s] += 0.1 * v - 0.07 * static_cast<double>(s);
        model.values["V(x_" + std::to_string(s + 1) + ")"] = plan.kappa[s] * (c[s] - start[s]);
        model.values["V(r_" + std::to_string(s + 1) + ")"] = 0;
      }
      model.values["V(" + branch + ")"] = v;
      model.execute(false);
      evaluator.evaluate(ir::Part::kOutput, &v, c.data());
      const double expected = 2.5 * evaluator.value(network.current_node);
      EXPECT_NEAR(model.resistive.at("I(" + branch + ")"), expected, 1e-12 * std::abs(expected))
          << network.name << " at " << v << " V";
    }
  }
}

// V(r) = rate / L makes the first row zero; the second is then  cx dx/dt = cx L V(r) - leak.
TEST(VerilogA, ComputesTheRatesOfItsNetwork) {
  for (const ir::Network& network : networks()) {
    testing::VerilogAModel model(verilog_a(network));
    const EmissionPlan plan = plan_emission(network);
    std::vector<double> c = ir::initial_state(network, plan.default_conductance);
    const std::vector<double> start = c;
    std::vector<double> derivative(c.size());
    ir::Evaluator evaluator(network);
    const double v = 0.7;
    model.values["V(" + network.ports[0] + "," + network.reference_terminal + ")"] = v;
    for (std::size_t s = 0; s < c.size(); ++s) {
      c[s] += 0.05;
      model.values["V(x_" + std::to_string(s + 1) + ")"] = plan.kappa[s] * 0.05;
      model.values["V(r_" + std::to_string(s + 1) + ")"] = 0;
    }
    if (!c.empty()) ir::state_derivative(evaluator, network, &v, c.data(), derivative.data());
    model.execute(false);
    for (std::size_t s = 0; s < c.size(); ++s) {
      const std::string n = std::to_string(s + 1);
      const double x = plan.kappa[s] * 0.05, cx = plan.charge_capacitance;
      const double rate = plan.kappa[s] * derivative[s];
      EXPECT_NEAR(model.resistive.at("I(r_" + n + ")") * -plan.rate_scale / rate, 1, 1e-9)
          << network.name;
      EXPECT_DOUBLE_EQ(model.charges.at("I(x_" + n + ")"), cx * x);
      EXPECT_DOUBLE_EQ(model.resistive.at("I(x_" + n + ")"), cx * plan.leak_rate * x);
      model.values["V(r_" + n + ")"] = 1;
    }
    model.execute(true);
    for (std::size_t s = 0; s < c.size(); ++s) {
      const std::string n = std::to_string(s + 1);
      const double x = plan.kappa[s] * 0.05, cx = plan.charge_capacitance;
      EXPECT_DOUBLE_EQ(model.resistive.at("I(r_" + n + ")"), 1 + 1e3 * x);
      EXPECT_DOUBLE_EQ(model.resistive.at("I(x_" + n + ")"),
                       cx * plan.leak_rate * x - cx * plan.rate_scale);
    }
  }
}

TEST(VerilogA, WritesNumbersThatReadBackExactly) {
  ir::Network network = testing::one_state();
  testing::set_block(network, "target.weight", {1.0 / 3, 1e-25, -0.1});
  testing::set_block(network, "features.bias", {0.1 + 0.2, -1.2345678901234566e-7, 5e-324});
  const std::string text = verilog_a(network);
  for (const char* number : {"0.3333333333333333*", " 1e-25*", "(-0.1)*", "0.30000000000000004 ",
                             "-1.2345678901234566e-07 ", "5e-324 "}) {
    EXPECT_NE(text.find(number), std::string::npos) << number;
  }
}

TEST(VerilogA, RefusesNamesThatAreNoIdentifiers) {
  ir::Network network = testing::one_state();
  network.name = "a; endmodule";
  EXPECT_THROW(verilog_a(network), ConfigError);
  network = testing::one_state();
  network.ports = {"p q"};
  EXPECT_THROW(verilog_a(network), ConfigError);
}

}  // namespace
}  // namespace psi_xlstm::hdl
