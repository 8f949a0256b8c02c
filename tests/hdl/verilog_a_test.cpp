#include "hdl/verilog_a.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cctype>
#include <cmath>
#include <sstream>
#include <string>
#include <vector>

#include "hdl/text/plan.hpp"
#include "ir/dynamics.hpp"
#include "ir/jacobian.hpp"
#include "psi_xlstm/core/error.hpp"
#include "support/adms.hpp"
#include "support/every_operation.hpp"
#include "support/golden.hpp"
#include "support/networks.hpp"
#include "support/static_devices.hpp"
#include "support/verilog_a_model.hpp"

namespace psi_xlstm::hdl {
namespace {

using testing::adms_exit_code;
using testing::expect_golden;

// The emitted text, which admsXml accepts.
std::string checked_verilog_a(const ir::Network& network) {
  return testing::accepted_by_adms(verilog_a(network));
}

std::vector<ir::Network> emitted_networks() {
  std::vector<ir::Network> all = {testing::one_state(),    testing::three_states(),
                                  testing::static_curve(), testing::slow_device(),
                                  testing::fast_device(),  testing::every_operation(1)};
  for (StudentHead head : {StudentHead::kSoftplus, StudentHead::kAffine}) {
    all.push_back(testing::random_student(
        {.states = 2, .rates = 2, .features = 2, .static_features = 2, .head = head}, 4));
    all.push_back(testing::random_student({.head = head, .liquid = false}, 4));
  }
  return all;
}

TEST(VerilogA, OneState) { expect_golden(checked_verilog_a(testing::one_state()), "one_state.va"); }
TEST(VerilogA, ThreeStates) {
  expect_golden(checked_verilog_a(testing::three_states()), "three_states.va");
}
TEST(VerilogA, StaticCurve) {
  expect_golden(checked_verilog_a(testing::static_curve()), "static_curve.va");
}
TEST(VerilogA, Transistor) {
  expect_golden(checked_verilog_a(testing::transistor()), "transistor.va");
}

TEST(VerilogA, EveryModelIsAcceptedByAdms) {
  for (const ir::Network& network : emitted_networks()) checked_verilog_a(network);
}

// With the macro that the compilers which know $bound_step get.
TEST(VerilogA, AdmsAcceptsTheRequestForALongestStep) {
  for (const ir::Network& network : emitted_networks()) {
    const std::string text = "`define PSI_BOUND_STEP 1\n" + verilog_a(network);
    EXPECT_EQ(adms_exit_code(text), 0) << network.name;
  }
}

TEST(VerilogA, TheCheckByAdmsTellsAWrongFunction) {
  for (const ir::Network& network : {testing::one_state(), testing::static_curve()}) {
    std::string text = checked_verilog_a(network);
    text.replace(text.find("tanh("), 5, "tnah(");
    EXPECT_EQ(adms_exit_code(text), 1) << network.name;
  }
}

TEST(VerilogA, IsPrintableText) {
  for (const ir::Network& network : emitted_networks()) {
    const std::string text = checked_verilog_a(network);
    EXPECT_TRUE(std::all_of(text.begin(), text.end(), [](char c) {
      return c == '\n' || (c >= ' ' && c <= '~');
    })) << network.name;
    EXPECT_EQ(text.back(), '\n');
  }
}

// The text, executed as it stands, against the network.
TEST(VerilogA, ComputesTheCurrentOfItsNetwork) {
  for (const ir::Network& network : emitted_networks()) {
    testing::VerilogAModel model(checked_verilog_a(network));
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
      evaluator.evaluate(ir::Part::kOutput, {&v, 1}, c);
      const double expected = 2.5 * evaluator.value(network.current_node);
      EXPECT_NEAR(model.resistive.at("I(" + branch + ")"), expected, 1e-12 * std::abs(expected))
          << network.name << " at " << v << " V";
    }
  }
}

// Currents and charges of every port; a device without a conductance has no word of one.
TEST(VerilogA, ComputesCurrentsAndChargesOfAStaticDevice) {
  for (const bool charges : {false, true}) {
    const ir::Network network = testing::static_device(charges);
    const std::string text = checked_verilog_a(network);
    EXPECT_EQ(text.find("conductance"), text.npos);
    EXPECT_EQ(text.find("noise"), text.npos);
    testing::VerilogAModel model(text);
    model.values["V(g,s)"] = 0.4;
    model.values["V(d,s)"] = -0.7;
    model.values["area"] = 2.5;
    model.execute(false);
    ir::SparseJacobian values(network);
    const std::vector<double> v = {0.4, -0.7};
    values.evaluate(v, {});
    for (int p = 0; p < 2; ++p) {
      const std::string branch = p == 0 ? "I(g,s)" : "I(d,s)";
      const double current = 2.5 * values.value(network.current_node, p);
      EXPECT_NEAR(model.resistive.at(branch) / current, 1, 1e-12) << branch;
      ASSERT_EQ(model.charges.count(branch), charges ? 1U : 0U);
      if (!charges) continue;
      const double charge = 2.5 * values.value(network.charge_node, p);
      EXPECT_NEAR(model.charges.at(branch) / charge, 1, 1e-12) << branch;
    }
  }
}

// Behind its internal unknown y; the row of that is zero where it is x.
TEST(VerilogA, ATransistorIsWhatItIsByHand) {
  testing::VerilogAModel model(checked_verilog_a(testing::transistor()));
  for (const double vg : {-0.2, 0.45, 0.9}) {
    const double vd = 0.6 - vg;
    const testing::TransistorPoint point(vg, vd);
    model.values["V(g,s)"] = vg;
    model.values["V(d,s)"] = vd;
    model.values["V(y_1)"] = point.unknown;
    model.execute(false);
    EXPECT_NEAR(model.resistive.at("I(y_1)"), 0, 1e-14);
    EXPECT_NEAR(model.resistive.at("I(g,s)"), point.currents[0], 1e-18);
    EXPECT_NEAR(model.resistive.at("I(d,s)"), point.currents[1], 1e-15);
    EXPECT_NEAR(model.charges.at("I(g,s)"), point.charges[0], 1e-24);
    EXPECT_NEAR(model.charges.at("I(d,s)"), point.charges[1], 1e-24);
  }
}

// States and ports move the charges.
TEST(VerilogA, ComputesChargesThatDependOnStates) {
  const ir::Network network = testing::with_charges(testing::three_states());
  testing::VerilogAModel model(checked_verilog_a(network));
  const EmissionPlan plan = plan_emission(network);
  std::vector<double> c = ir::initial_state(network, plan.default_conductance);
  for (std::size_t s = 0; s < c.size(); ++s) {
    const double x = 0.1 * static_cast<double>(s + 1);
    model.values["V(x_" + std::to_string(s + 1) + ")"] = x;
    model.values["V(r_" + std::to_string(s + 1) + ")"] = 0;
    c[s] += x / plan.kappa[s];
  }
  const double v = 0.7;
  model.values["V(p,n)"] = v;
  model.execute(false);
  ir::Evaluator evaluator(network);
  evaluator.evaluate(ir::Part::kOutput, {&v, 1}, c);
  EXPECT_NEAR(model.charges.at("I(p,n)") / evaluator.value(network.charge_node), 1, 1e-12);
}

// V(r) = rate / L makes the first row zero; the second is then  cx dx/dt = cx L V(r) - leak.
TEST(VerilogA, ComputesTheRatesOfItsNetwork) {
  for (const ir::Network& network : emitted_networks()) {
    testing::VerilogAModel model(checked_verilog_a(network));
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
    if (!c.empty()) ir::state_derivative(evaluator, network, {&v, 1}, c, derivative);
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

// Trained on -1 V to 1 V and 0.7 mS to 1.6 mS.
TEST(VerilogA, TellsThatItIsOutsideOfItsTrainingRange) {
  testing::VerilogAModel model(checked_verilog_a(testing::static_curve()));
  const auto said = [&](double voltage, double soa) {
    model.values["V(p,n)"] = voltage;
    model.values["soa"] = soa;
    model.values["$abstime"] = 0;
    model.execute(false);
    return model.message;
  };
  EXPECT_EQ(said(0.9, 1), "");
  EXPECT_EQ(said(1.2, 0), "");
  EXPECT_EQ(said(-1.2, 0), "");
  for (const double voltage : {-1.2, 1.2}) {
    EXPECT_EQ(said(voltage, 1),
              "$strobe(\"%m:outsideofthetrainingrange:%gV(%gto%g),%gS(%gto%g)\",v,-1.0,1.0,t13_1,"
              "7e-04,0.0016);");
  }
}

// 4 k T G of the conductance, where it is asked for.
TEST(VerilogA, HasTheThermalNoiseOfItsConductance) {
  for (const ir::Network& network : emitted_networks()) {
    testing::VerilogAModel model(checked_verilog_a(network));
    const std::string branch = network.ports[0] + "," + network.reference_terminal;
    for (int s = 1; s <= network.state_count(); ++s) {
      model.values["V(x_" + std::to_string(s) + ")"] = 0;
      model.values["V(r_" + std::to_string(s) + ")"] = 0;
    }
    const double v = 0.4;
    model.values["V(" + branch + ")"] = v;
    model.values["$temperature"] = 350;
    model.values["area"] = 3;
    model.execute(false);
    EXPECT_EQ(model.noise.at("I(" + branch + ")"), 0);
    model.values["noise"] = 1;
    model.execute(false);
    ir::Evaluator evaluator(network);
    const std::vector<double> c =
        ir::initial_state(network, plan_emission(network).default_conductance);
    evaluator.evaluate(ir::Part::kOutput, {&v, 1}, c);
    const double conductance = 3 * evaluator.value(network.conductance().node);
    EXPECT_NEAR(model.values.at("conductance") / conductance, 1, 1e-12) << network.name;
    EXPECT_NEAR(model.noise.at("I(" + branch + ")") / (4 * 1.380649e-23 * 350 * conductance), 1,
                1e-12)
        << network.name;
  }
}

TEST(VerilogA, TauScaleDividesTheDriveOfEveryState) {
  const ir::Network network = testing::three_states();
  testing::VerilogAModel model(checked_verilog_a(network));
  model.values["V(p,n)"] = 0.4;
  for (int s = 1; s <= 3; ++s) {
    model.values["V(x_" + std::to_string(s) + ")"] = 0.1 * s;
    model.values["V(r_" + std::to_string(s) + ")"] = 0.2 * s;
  }
  model.execute(false);
  const auto plain = model.resistive;
  model.values["tau_scale"] = 50;
  model.execute(false);
  for (const auto& [branch, value] : plain) {
    const double factor = branch.starts_with("I(x_") ? 50 : 1;
    EXPECT_NEAR(model.resistive.at(branch) * factor, value, 1e-14 * std::abs(value)) << branch;
  }
}

TEST(VerilogA, WritesNumbersThatReadBackExactly) {
  ir::Network network = testing::one_state();
  testing::set_block(network, "target.weight", {1.0 / 3, 1e-25, -0.1});
  testing::set_block(network, "features.bias", {0.1 + 0.2, -1.2345678901234566e-7, 5e-324});
  const std::string text = checked_verilog_a(network);
  for (const char* number : {"0.3333333333333333*", " 1e-25*", "(-0.1)*", "0.30000000000000004 ",
                             "-1.2345678901234566e-07 ", "5e-324 "}) {
    EXPECT_NE(text.find(number), std::string::npos) << number;
  }
}

// How often `word` stands in `text` as a word.
int occurrences(const std::string& text, const std::string& word) {
  const auto inside = [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' || c == '$';
  };
  int count = 0;
  for (std::size_t at = text.find(word); at != text.npos; at = text.find(word, at + 1)) {
    const bool begins = at == 0 || !inside(text[at - 1]);
    count += begins && !inside(text[at + word.size()]);
  }
  return count;
}

// What compact models in Verilog-A are expected to keep to: no events, no memory, nothing that only
// some compilers have, nothing declared that is not used, everything described.
TEST(VerilogA, KeepsToTheRulesOfCompactModels) {
  for (const ir::Network& network : emitted_networks()) {
    const std::string text = checked_verilog_a(network);
    const std::string body = text.substr(text.find("analog begin"));
    for (const char* word : {"idt", "transition", "absdelay", "initial_step", "timer", "cross",
                             "abs", "limexp", "while", "for", "genvar", "branch"}) {
      EXPECT_EQ(occurrences(body, word), 0) << network.name << " " << word;
    }
    EXPECT_EQ(text.find('@'), text.npos);
    EXPECT_EQ(text.find('\t'), text.npos);
    EXPECT_EQ(text.find(" \n"), text.npos);
    EXPECT_EQ(body.find("[") == body.npos, true) << "no arrays";
    EXPECT_EQ(occurrences(body, "$abstime <= 0.0"), network.state_count());
    EXPECT_EQ(occurrences(body, "ddt"), network.state_count());
    std::istringstream lines(text);
    std::string before;
    for (std::string line; std::getline(lines, line); before = line) {
      if (line.starts_with("    parameter ")) {
        for (const char* attribute : {"desc=\"", "units=\"", "type=\"instance\""}) {
          EXPECT_NE(before.find(attribute), before.npos) << line;
        }
        EXPECT_NE(line.find(" from "), line.npos) << line;
        const std::string name = line.substr(0, line.find(" ="));
        EXPECT_GE(occurrences(body, name.substr(name.rfind(' ') + 1)), 1) << line;
      }
      if (!line.starts_with("    real ")) continue;
      std::istringstream names(line.substr(9));
      for (std::string name; names >> name;) {
        name.pop_back();
        EXPECT_GE(occurrences(body, name), 2) << network.name << ": " << name << " is used";
        EXPECT_GE(body.find(name + " = "), 1U);
      }
    }
    for (int s = 1; s <= network.state_count(); ++s) {
      for (const std::string node : {"x_", "r_"}) {
        EXPECT_NE(body.find("I(" + node + std::to_string(s) + ") <+ "), body.npos);
      }
    }
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
