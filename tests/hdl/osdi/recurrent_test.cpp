// Recurrent networks in the text forms: Verilog-A as it is read, and as another program
// reads it.

#include <gtest/gtest.h>

#include <cmath>
#include <string>
#include <vector>

#include "core/rng.hpp"
#include "hdl/subcircuit.hpp"
#include "hdl/text/plan.hpp"
#include "hdl/verilog_a.hpp"
#include "ir/dynamics.hpp"
#include "ir/jacobian.hpp"
#include "support/adms.hpp"
#include "support/recurrent_networks.hpp"
#include "support/vector_operations.hpp"
#include "support/verilog_a_model.hpp"

namespace psi_xlstm::hdl {
namespace {

constexpr double kRecurrentG0 = 3.1e-4;

std::vector<ir::Network> recurrent_networks() {
  return {testing::drawn_clustering(4).network("clustering"),
          testing::drawn_low_rank().network("low_rank"),
          testing::drawn_teacher().network("teacher"), testing::vector_operations(1)};
}

std::string numbered(const char* name, int number) { return name + std::to_string(number); }

// Current, rates, charges and junctions of the text against the interpreter.
TEST(RecurrentVerilogA, ComputesWhatTheNetworkComputes) {
  for (const ir::Network& network : recurrent_networks()) {
    const EmissionPlan plan = plan_emission(network);
    const ir::Network started = ir::at_start(network, kRecurrentG0);
    const std::string p = network.ports[0], n = network.reference_terminal;
    testing::VerilogAModel model(verilog_a(network));
    Rng rng(3);
    for (int point = 0; point < 5; ++point) {
      const double voltage = 0.5 * rng.normal();
      model.values["g0"] = kRecurrentG0;
      model.values["V(" + p + "," + n + ")"] = voltage;
      std::vector<double> c = ir::initial_state(started, kRecurrentG0), r;
      for (int s = 0; s < network.state_count(); ++s) {
        const double x = 0.3 * rng.normal();
        r.push_back(0.3 * rng.normal());
        c[static_cast<std::size_t>(s)] += x / plan.kappa[static_cast<std::size_t>(s)];
        model.values[numbered("V(x_", s + 1) + ")"] = x;
        model.values[numbered("V(r_", s + 1) + ")"] = r.back();
      }
      ir::SparseJacobian jacobian(started);
      jacobian.evaluate({&voltage, 1}, c);
      int junction = 0;
      for (int id : network.unknowns) {
        for (int i = 0; i < network.node(id).width; ++i) {
          model.values[numbered("V(y_", ++junction) + ")"] = jacobian.value(id, i);
        }
      }
      model.execute(false);
      const double current = jacobian.value(network.current_node, 0);
      EXPECT_NEAR(model.resistive.at("I(" + p + "," + n + ")") / current, 1, 1e-12);
      ir::Evaluator evaluator(started);
      std::vector<double> derivative(c.size());
      ir::state_derivative(evaluator, started, {&voltage, 1}, c, derivative);
      for (std::size_t s = 0; s < c.size(); ++s) {
        const double rate = plan.kappa[s] * derivative[s] / plan.rate_scale;
        EXPECT_NEAR(model.resistive.at(numbered("I(r_", static_cast<int>(s) + 1) + ")"),
                    r[s] - rate, 1e-11 * (1 + std::abs(rate)))
            << network.name << " " << s;
      }
      for (int k = 1; k <= junction; ++k) {
        EXPECT_NEAR(model.resistive.at(numbered("I(y_", k) + ")"), 0, 1e-13);
      }
    }
  }
}

TEST(RecurrentVerilogA, IsAcceptedByAdms) {
  for (const ir::Network& network : recurrent_networks()) {
    const std::string text = verilog_a(network);
    EXPECT_EQ(testing::adms_exit_code(text), 0) << network.name;
    std::string broken = text;
    broken.replace(broken.find("tanh("), 5, "tnah(");
    EXPECT_NE(testing::adms_exit_code(broken), 0) << network.name;
  }
}

// Whatever depends on g0 alone is a parameter, no circuit node.
TEST(RecurrentSubcircuit, KnowsItsStartBeforeItRuns) {
  const std::string text = subcircuit(testing::drawn_low_rank().network("low_rank"));
  EXPECT_NE(text.find(".param start={log(g0/2e-04)}"), std::string::npos);
  EXPECT_NE(text.find(".param c0_24={s"), std::string::npos);
  EXPECT_EQ(text.find("V(start)"), std::string::npos);
}

}  // namespace
}  // namespace psi_xlstm::hdl
