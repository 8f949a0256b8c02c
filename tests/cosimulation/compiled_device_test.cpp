// Compiled models as devices of circuits: parameters, terminals, several of them.

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <string>
#include <vector>

#include "circuit/voltage_table.hpp"
#include "cosimulation/cosimulation.hpp"
#include "hdl/emitted_model.hpp"
#include "ir/dynamics.hpp"
#include "simulators/ngspice/forms.hpp"
#include "simulators/ngspice/simulator.hpp"
#include "support/needs_osdi.hpp"
#include "support/networks.hpp"
#include "support/trained_networks.hpp"

namespace psi_xlstm {
namespace {

using testing::one_state;
using testing::published_student;
using testing::three_states;

class OsdiInCircuits : public testing::NeedsOsdi {};

// A crossbar of `n` rows and columns with 1 ohm per segment: a write pulse on row 1, then a read.
std::string crossbar(const EmittedModel& model, int n) {
  std::string netlist = model.definition();
  for (int i = 1; i <= n; ++i) {
    netlist += i == 1 ? "vr1 r1_0 0 pulse(0 1.2 0.1u 10n 10n 4u 1)\n"
                      : "vr" + std::to_string(i) + " r" + std::to_string(i) +
                            "_0 0 pulse(0 0.6 0.1u 10n 10n 4u 1)\n";
    netlist += "vc" + std::to_string(i) + " c" + std::to_string(n) + "_" + std::to_string(i) +
               " 0 " + (i == 1 ? "0.0" : "pulse(0 0.6 0.1u 10n 10n 4u 1)") + "\n";
  }
  for (int i = 1; i <= n; ++i) {
    for (int j = 1; j <= n; ++j) {
      const std::string here = std::to_string(i) + "_" + std::to_string(j);
      netlist += "rr" + here + " r" + std::to_string(i) + "_" + std::to_string(j - 1) + " r" +
                 here + " 1\n";
      if (i < n) {
        netlist += "rc" + here + " c" + here + " c" + std::to_string(i + 1) + "_" +
                   std::to_string(j) + " 1\n";
      }
      const double g0 = 1e-4 * (1 + 0.1 * ((7 * i + 3 * j) % 11) * 6 / 1.1 / 6);
      netlist += model.element(here, "r" + here, "c" + here,
                               {.conductance = g0, .hold = {}, .max_step = {}});
    }
  }
  return netlist;
}

TEST_F(OsdiInCircuits, AgreesWithTheSubcircuitInACrossbar) {
  constexpr int kSize = 8;
  const ir::Network network = published_student();
  TransientOptions options{.stop_time = 6e-6, .max_step = 20e-9, .relative_tolerance = 1e-4};
  for (int j = 1; j <= kSize; ++j) options.vectors.push_back("i(vc" + std::to_string(j) + ")");
  std::vector<TransientResult> runs;
  for (EmittedForm form : {EmittedForm::kSubcircuit, EmittedForm::kOsdi}) {
    const EmittedModel model(network, form);
    runs.push_back(transient(crossbar(model, kSize), options, with_library(model, {})));
    ASSERT_EQ(runs.back().reason, "");
  }
  const auto value_at = [](const TransientResult& run, const std::string& name, double time) {
    return interpolate({.times = run.time, .values = run.vectors.at(name)}, time);
  };
  double worst = 0;
  for (const std::string& name : options.vectors) {
    const double full_scale = std::abs(value_at(runs[0], name, 2e-6));
    EXPECT_GT(full_scale, 1e-5);
    for (double time : {1e-6, 2e-6, 3e-6, 4e-6}) {
      const double difference = value_at(runs[1], name, time) - value_at(runs[0], name, time);
      worst = std::max(worst, std::abs(difference) / full_scale);
    }
  }
  EXPECT_LT(worst, 1e-5);
  if (std::getenv("PSI_SHOW_ERRORS") != nullptr) std::printf("crossbar: %.3g\n", worst);
}

TEST_F(OsdiInCircuits, MultiplicityEqualsDevicesInParallel) {
  const ir::Network network = one_state();
  const EmittedModel model(network, EmittedForm::kOsdi);
  const std::string netlist =
      model.definition() +
      "v1 a 0 sin(0 1 1e5)\nva a a1 0\nvb a b1 0\n"
      "n1 a1 0 compiled_one_state m=2\nn2 b1 0 compiled_one_state\nn3 b1 0 compiled_one_state\n";
  const TransientOptions options{
      .stop_time = 2e-5, .max_step = 1e-7, .vectors = {"i(va)", "i(vb)"}};
  const TransientResult run = transient(netlist, options, with_library(model, {}));
  ASSERT_EQ(run.reason, "");
  const auto& one = run.vectors.at("i(va)");
  const auto& two = run.vectors.at("i(vb)");
  for (std::size_t k = 0; k < one.size(); ++k) EXPECT_NEAR(one[k], two[k], 1e-12 * 4e-4);
}

// Every parameter but m, which is the instances' own in SPICE, may stand on the .model line, and an
// instance overrides it.
TEST_F(OsdiInCircuits, ParametersOfTheModelLineAreDefaultsOfTheInstances) {
  const ir::Network network = one_state();
  const EmittedModel model(network, EmittedForm::kOsdi);
  const auto currents = [&](const std::string& of_model, const std::string& of_instance) {
    const std::string netlist = ".model dev one_state " + of_model + "\nv1 a 0 sin(0 1 1e5)\n" +
                                "n1 a 0 dev " + of_instance + "\n";
    const TransientResult run =
        transient(netlist, {.stop_time = 1e-5, .max_step = 1e-6, .vectors = {"i(v1)"}},
                  with_library(model, {}));
    EXPECT_EQ(run.reason, "");
    return run.vectors.at("i(v1)");
  };
  const std::vector<double> plain = currents("", "");
  for (const char* set : {"g0=3e-4", "area=2", "tau_scale=1e-2", "dtmax=2e-8", "hold=0"}) {
    const std::vector<double> by_instance = currents("", set);
    EXPECT_NE(by_instance, plain) << set;
    EXPECT_EQ(currents(set, ""), by_instance) << set;
  }
  EXPECT_EQ(currents("g0=3e-4 area=2", "g0=4e-4"), currents("", "g0=4e-4 area=2"));
  const OperatingPointResult wrong =
      operating_point(".model dev one_state area=-1\nv1 a 0 1\nn1 a 0 dev\n",
                      {.vectors = {"i(v1)"}}, with_library(model, {}));
  EXPECT_NE(wrong.reason.find("n1: error: area: expected a number above 0, found -1"),
            std::string::npos)
      << wrong.reason;
}

// The state as third terminal can be given a start, and read.
TEST_F(OsdiInCircuits, AStateTerminalTakesAnInitialCondition) {
  const ir::Network network = one_state();
  const EmittedModel model(network, EmittedForm::kOsdi);
  const std::string netlist =
      model.definition() + "v1 a 0 dc 0.1\nn1 a 0 s compiled_one_state g0=2e-4\n.ic v(s)=0.5\n";
  TransientOptions options{.stop_time = 1e-7, .max_step = 1e-9, .vectors = {"i(v1)", "v(s)"}};
  options.use_initial_conditions = true;
  const TransientResult run = transient(netlist, options, with_library(model, {}));
  ASSERT_EQ(run.reason, "");
  EXPECT_NEAR(run.vectors.at("v(s)").front(), 0.5, 1e-3);
  EXPECT_NEAR(-run.vectors.at("i(v1)").front() / (2e-5 * std::exp(0.5)), 1, 1e-3);
}

// Both forms report what the other shows: @n1[g] is I / V, @n1[tau_1] and @n1[c_1] are the
// network's.
TEST_F(OsdiInCircuits, ShowsConductanceStatesAndTimeConstants) {
  const ir::Network network = three_states();
  const EmittedModel model(network, EmittedForm::kOsdi);
  const std::string netlist =
      model.definition() + "v1 a 0 dc 0.4\n" +
      model.element("1", "a", "0", {.conductance = 4e-4, .hold = true, .max_step = {}});
  const OperatingPointResult run = operating_point(
      netlist, {.vectors = {"@n1[g]", "@n1[c_2]", "@n1[tau_1]", "@n1[tau_2]", "i(v1)"}},
      with_library(model, {}));
  ASSERT_EQ(run.reason, "");
  const std::vector<double> c = ir::initial_state(network, 4e-4);
  ir::Evaluator evaluator(network);
  const double v = 0.4;
  evaluator.evaluate(ir::Part::kDynamics, {&v, 1}, c);
  EXPECT_NEAR(run.values.at("@n1[g]") * 0.4, -run.values.at("i(v1)"), 1e-15);
  EXPECT_NEAR(run.values.at("@n1[c_2]"), c[1], 1e-9);
  EXPECT_NEAR(run.values.at("@n1[tau_1]") * evaluator.rate(0), 1, 1e-9);
  EXPECT_NEAR(run.values.at("@n1[tau_2]") * evaluator.rate(1), 1, 1e-9);
}

TEST_F(OsdiInCircuits, AsksForItsLongestStep) {
  const ir::Network network = one_state();
  const EmittedModel model(network, EmittedForm::kOsdi);
  const auto points = [&](const std::string& parameters) {
    const std::string netlist = model.definition() + "v1 a 0 sin(0 1.2 1e4)\n" +
                                "n1 a 0 compiled_one_state" + parameters + "\n";
    const TransientResult run =
        transient(netlist, {.stop_time = 1e-3, .max_step = 2e-5, .vectors = {"i(v1)"}},
                  with_library(model, {}));
    EXPECT_EQ(run.reason, "");
    return run.time.size();
  };
  EXPECT_GT(points(" dtmax=1u"), 1000U);
  EXPECT_LT(points(" dtmax=1u"), 1300U);
  EXPECT_LT(points(" dtmax=20u"), 400U);
}

// A device tau_scale times as slow under a drive tau_scale times as slow does the same.
TEST_F(OsdiInCircuits, TauScaleStretchesTime) {
  const ir::Network network = published_student();
  const EmittedModel model(network, EmittedForm::kOsdi);
  const auto last_current = [&](double factor) {
    const std::string netlist =
        model.definition() + "v1 a 0 sin(0 1.2 " + std::to_string(2e4 / factor) + ")\n" +
        "n1 a 0 compiled_published_student g0=2e-4 tau_scale=" + std::to_string(factor) + "\n";
    const TransientResult run = transient(
        netlist, {.stop_time = 3.1e-4 * factor, .max_step = 1e-7 * factor, .vectors = {"i(v1)"}},
        with_library(model, {}));
    EXPECT_EQ(run.reason, "");
    return run.vectors.at("i(v1)").back();
  };
  const double plain = last_current(1);
  EXPECT_GT(std::abs(plain / (1.2 * std::sin(2 * M_PI * 6.2) * 2e-4) - 1), 0.2) << "moved";
  for (double factor : {0.01, 100.0}) EXPECT_NEAR(last_current(factor) / plain, 1, 1e-4) << factor;
}

TEST_F(OsdiInCircuits, SaysWhichParameterOfWhichDeviceIsWrong) {
  const ir::Network network = one_state();
  const EmittedModel model(network, EmittedForm::kOsdi);
  for (const char* order : {"n1 a 0 compiled_one_state g0=-1\nn2 a 0 compiled_one_state\n",
                            "n2 a 0 compiled_one_state\nn1 a 0 compiled_one_state g0=-1\n"}) {
    const OperatingPointResult run = operating_point(
        model.definition() + "v1 a 0 1\n" + order, {.vectors = {"i(v1)"}}, with_library(model, {}));
    EXPECT_NE(run.reason.find("n1: error: g0: expected a number above 0 S, found -1"),
              std::string::npos)
        << run.reason;
  }
}

}  // namespace
}  // namespace psi_xlstm
