#include "psi_xlstm/spice/emitted_model.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <string>
#include <vector>

#include "psi_xlstm/hdl/emission.hpp"
#include "psi_xlstm/ir/dynamics.hpp"
#include "psi_xlstm/ir/jacobian.hpp"
#include "psi_xlstm/spice/cosimulation.hpp"
#include "support/every_operation.hpp"
#include "support/needs_osdi.hpp"
#include "support/networks.hpp"
#include "support/trained_networks.hpp"

namespace psi_xlstm {
namespace {

using testing::one_state;
using testing::published_student;
using testing::three_states;

double start_of(const ir::Network& network) {
  return hdl::plan_emission(network).default_conductance;
}

class Osdi : public testing::NeedsOsdi {};

// The drive of the published records, 0.8 to 1.2 V with jumps, 140 kHz its fastest tone.
CosimCase training_like(double max_step) {
  CosimCase wanted;
  wanted.name = "training-like";
  wanted.stimulus.terms = {SineTerm{.amplitude = 0.5, .frequency = 5500},
                           SineTerm{.amplitude = 0.3, .frequency = 140e3}};
  for (double start : {0.2e-3, 0.5e-3, 0.8e-3}) {
    wanted.stimulus.terms.emplace_back(
        DecayingJumpTerm{.amplitude = 0.4, .start = start, .decay_rate = 1e4});
  }
  wanted.stop_time = 2e-3;
  wanted.max_step = max_step;
  wanted.conductance = 2e-4;
  wanted.relative_tolerance = 1e-4;
  return wanted;
}

CosimCase driven(Stimulus::Term term, double stop, double max_step) {
  CosimCase wanted = training_like(max_step);
  wanted.name = "sine";
  wanted.stimulus.terms = {term};
  wanted.stop_time = stop;
  return wanted;
}

CosimCase sine(double amplitude, double max_step) {
  return driven(SineTerm{.amplitude = amplitude, .frequency = 1e5}, 200e-6, max_step);
}

// The largest error over full scale; the stimulus must move the conductance by `least_swing`.
double error_of(const ir::Network& network,
                const EmittedModel& model,
                const CosimCase& wanted,
                double least_swing = 0.2) {
  const CosimOutcome outcome = compare_transient(network, model, wanted, {});
  EXPECT_EQ(outcome.reason, "") << network.name;
  EXPECT_GT(outcome.conductance_swing, least_swing) << network.name << " " << wanted.name;
  const double error = outcome.row.max_abs_err_over_fs.value_or(1e9);
  if (std::getenv("PSI_SHOW_ERRORS") != nullptr) {
    std::printf("%s, %s, step %g s: %.3g\n", network.name.c_str(), wanted.name.c_str(),
                wanted.max_step, error);
  }
  return error;
}

TEST_F(Osdi, FollowsTheEquationOnTheWaveformsOfTheTraining) {
  const ir::Network network = published_student();
  const EmittedModel model(network, EmittedForm::kOsdi);
  const double coarse = error_of(network, model, training_like(500e-9));
  const double fine = error_of(network, model, training_like(50e-9));
  EXPECT_LT(error_of(network, model, training_like(200e-9)), 1e-4);
  EXPECT_LT(fine, 8e-6);
  EXPECT_GT(coarse / fine, 30);
}

TEST_F(Osdi, FollowsTheEquationOnOtherWaveforms) {
  const ir::Network network = published_student();
  const EmittedModel model(network, EmittedForm::kOsdi);
  EXPECT_LT(error_of(network, model, sine(1.2, 100e-9)), 5e-5);
  CosimCase loop = sine(1.2, 100e-9);
  loop.name = "series resistor";
  loop.series_resistance = 1000;
  loop.stimulus.terms = {SineTerm{.amplitude = 1.5, .frequency = 1e5}};
  EXPECT_LT(error_of(network, model, loop), 5e-5);
  CosimCase pulses = driven(PulseTerm{0, 1.2, 1e-6, 10e-9, 10e-9, 3e-6, 10e-6}, 100e-6, 100e-9);
  pulses.name = "pulses";
  pulses.stimulus.terms.emplace_back(PulseTerm{0, -0.96, 6e-6, 10e-9, 10e-9, 2e-6, 40e-6});
  EXPECT_LT(error_of(network, model, pulses), 1e-4);
  CosimCase strong = sine(3.6, 100e-9);
  strong.name = "3 x training voltage";
  EXPECT_LT(error_of(network, model, strong), 1e-3);
}

// Three time constants of 0.3 to 9 ms with an affine head: 20 % is more than it ever moves.
TEST_F(Osdi, ThreeTrainedStatesFollowTheEquation) {
  const ir::Network network = testing::mem3_student();
  const EmittedModel model(network, EmittedForm::kOsdi);
  CosimCase wanted = driven(SineTerm{.amplitude = 1, .frequency = 1e5}, 4e-4, 50e-9);
  wanted.name = "sine";
  EXPECT_LT(error_of(network, model, wanted, 0.001), 1e-4);
  wanted = driven(SineTerm{.amplitude = 1, .frequency = 200}, 20e-3, 2e-6);
  wanted.name = "slow sine";
  EXPECT_LT(error_of(network, model, wanted, 0.05), 1e-4);
}

TEST_F(Osdi, ManyStatesFollowTheEquation) {
  for (const ir::Network& network : {three_states(), testing::every_operation(1),
                                     testing::slow_device(), testing::fast_device()}) {
    CosimConfig config{.relative_tolerance = 1e-4, .limit = 1e-4, .limit_static = 1e-12};
    config.limit_ac = 1e-7;
    const CosimReport report =
        cosimulate(network, config, {}, start_of(network), {}, EmittedForm::kOsdi);
    EXPECT_EQ(report.checks.size(), 8U);
    for (const CosimRow& row : report.rows()) {
      EXPECT_EQ(row.path, "osdi");
      EXPECT_TRUE(row.max_abs_err_over_fs.has_value());
      EXPECT_TRUE(!row.passed || *row.passed)
          << network.name << ", " << row.stimulus << ": " << row.max_abs_err_over_fs.value_or(-1);
      if (std::getenv("PSI_SHOW_ERRORS") != nullptr) {
        std::printf("%s, %s: %.3g\n", network.name.c_str(), row.stimulus.c_str(),
                    row.max_abs_err_over_fs.value_or(-1));
      }
    }
    for (const std::string& warning : report.warnings) ADD_FAILURE() << warning;
  }
}

TEST_F(Osdi, OperatingPointSweepAndAcAreExact) {
  for (const ir::Network& network : {one_state(), published_student(), testing::static_curve()}) {
    const EmittedModel model(network, EmittedForm::kOsdi);
    const CosimConfig config{.limit_static = 1e-12, .limit_ac = 1e-7};
    for (double g0 : {2e-4, 5e-4}) {
      for (const CosimRow& row : static_checks(network, model, config, g0, {})) {
        EXPECT_EQ(row.passed, std::optional<bool>(true))
            << network.name << ", " << row.stimulus << ": " << row.max_abs_err_over_fs.value_or(-1);
        if (std::getenv("PSI_SHOW_ERRORS") != nullptr) {
          std::printf("%s, %s: %.3g\n", network.name.c_str(), row.stimulus.c_str(),
                      row.max_abs_err_over_fs.value_or(-1));
        }
      }
    }
  }
}

// A frozen state and a model that is off by one part in a thousand must not pass.
TEST_F(Osdi, TheComparisonCanFail) {
  const ir::Network network = published_student();
  const CosimCase wanted = sine(1.2, 100e-9);
  EXPECT_GT(error_of(network, EmittedModel(frozen(network), EmittedForm::kOsdi), wanted), 1e-2);
  for (const char* name : {"readout.bias", "forget_gate.bias", "target.bias"}) {
    ir::Network wrong = network;
    testing::block(wrong, name)[0] += 0.01;
    EXPECT_GT(error_of(network, EmittedModel(wrong, EmittedForm::kOsdi), wanted), 1e-4) << name;
  }
}

// --- circuits of several devices --------------------------------------------------------------

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

TEST_F(Osdi, AgreesWithTheSubcircuitInACrossbar) {
  constexpr int kSize = 8;
  const ir::Network network = published_student();
  TransientOptions options{.stop_time = 6e-6, .max_step = 20e-9, .relative_tolerance = 1e-4};
  for (int j = 1; j <= kSize; ++j) options.vectors.push_back("i(vc" + std::to_string(j) + ")");
  std::vector<TransientResult> runs;
  for (EmittedForm form : {EmittedForm::kSubcircuit, EmittedForm::kOsdi}) {
    const EmittedModel model(network, form);
    runs.push_back(transient(crossbar(model, kSize), options, model.with_library({})));
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

TEST_F(Osdi, MultiplicityEqualsDevicesInParallel) {
  const ir::Network network = one_state();
  const EmittedModel model(network, EmittedForm::kOsdi);
  const std::string netlist =
      model.definition() +
      "v1 a 0 sin(0 1 1e5)\nva a a1 0\nvb a b1 0\n"
      "n1 a1 0 compiled_one_state m=2\nn2 b1 0 compiled_one_state\nn3 b1 0 compiled_one_state\n";
  const TransientOptions options{
      .stop_time = 2e-5, .max_step = 1e-7, .vectors = {"i(va)", "i(vb)"}};
  const TransientResult run = transient(netlist, options, model.with_library({}));
  ASSERT_EQ(run.reason, "");
  const auto& one = run.vectors.at("i(va)");
  const auto& two = run.vectors.at("i(vb)");
  for (std::size_t k = 0; k < one.size(); ++k) EXPECT_NEAR(one[k], two[k], 1e-12 * 4e-4);
}

// Every parameter but m, which is the instances' own in SPICE, may stand on the .model line, and an
// instance overrides it.
TEST_F(Osdi, ParametersOfTheModelLineAreDefaultsOfTheInstances) {
  const ir::Network network = one_state();
  const EmittedModel model(network, EmittedForm::kOsdi);
  const auto currents = [&](const std::string& of_model, const std::string& of_instance) {
    const std::string netlist = ".model dev one_state " + of_model + "\nv1 a 0 sin(0 1 1e5)\n" +
                                "n1 a 0 dev " + of_instance + "\n";
    const TransientResult run =
        transient(netlist, {.stop_time = 1e-5, .max_step = 1e-6, .vectors = {"i(v1)"}},
                  model.with_library({}));
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
                      {.vectors = {"i(v1)"}}, model.with_library({}));
  EXPECT_NE(wrong.reason.find("n1: error: area: expected a number above 0, found -1"),
            std::string::npos)
      << wrong.reason;
}

// The state as third terminal can be given a start, and read.
TEST_F(Osdi, AStateTerminalTakesAnInitialCondition) {
  const ir::Network network = one_state();
  const EmittedModel model(network, EmittedForm::kOsdi);
  const std::string netlist =
      model.definition() + "v1 a 0 dc 0.1\nn1 a 0 s compiled_one_state g0=2e-4\n.ic v(s)=0.5\n";
  TransientOptions options{.stop_time = 1e-7, .max_step = 1e-9, .vectors = {"i(v1)", "v(s)"}};
  options.use_initial_conditions = true;
  const TransientResult run = transient(netlist, options, model.with_library({}));
  ASSERT_EQ(run.reason, "");
  EXPECT_NEAR(run.vectors.at("v(s)").front(), 0.5, 1e-3);
  EXPECT_NEAR(-run.vectors.at("i(v1)").front() / (2e-5 * std::exp(0.5)), 1, 1e-3);
}

// Both forms report what the other shows: @n1[g] is I / V, @n1[tau_1] and @n1[c_1] are the
// network's.
TEST_F(Osdi, ShowsConductanceStatesAndTimeConstants) {
  const ir::Network network = three_states();
  const EmittedModel model(network, EmittedForm::kOsdi);
  const std::string netlist =
      model.definition() + "v1 a 0 dc 0.4\n" +
      model.element("1", "a", "0", {.conductance = 4e-4, .hold = true, .max_step = {}});
  const OperatingPointResult run = operating_point(
      netlist, {.vectors = {"@n1[g]", "@n1[c_2]", "@n1[tau_1]", "@n1[tau_2]", "i(v1)"}},
      model.with_library({}));
  ASSERT_EQ(run.reason, "");
  const std::vector<double> c = ir::initial_state(network, 4e-4);
  ir::Evaluator evaluator(network);
  const double v = 0.4;
  evaluator.evaluate(ir::Part::kDynamics, &v, c.data());
  EXPECT_NEAR(run.values.at("@n1[g]") * 0.4, -run.values.at("i(v1)"), 1e-15);
  EXPECT_NEAR(run.values.at("@n1[c_2]"), c[1], 1e-9);
  EXPECT_NEAR(run.values.at("@n1[tau_1]") * evaluator.rate(0), 1, 1e-9);
  EXPECT_NEAR(run.values.at("@n1[tau_2]") * evaluator.rate(1), 1, 1e-9);
}

TEST_F(Osdi, AsksForItsLongestStep) {
  const ir::Network network = one_state();
  const EmittedModel model(network, EmittedForm::kOsdi);
  const auto points = [&](const std::string& parameters) {
    const std::string netlist = model.definition() + "v1 a 0 sin(0 1.2 1e4)\n" +
                                "n1 a 0 compiled_one_state" + parameters + "\n";
    const TransientResult run =
        transient(netlist, {.stop_time = 1e-3, .max_step = 2e-5, .vectors = {"i(v1)"}},
                  model.with_library({}));
    EXPECT_EQ(run.reason, "");
    return run.time.size();
  };
  EXPECT_GT(points(" dtmax=1u"), 1000U);
  EXPECT_LT(points(" dtmax=1u"), 1300U);
  EXPECT_LT(points(" dtmax=20u"), 400U);
}

// A device tau_scale times as slow under a drive tau_scale times as slow does the same.
TEST_F(Osdi, TauScaleStretchesTime) {
  const ir::Network network = published_student();
  const EmittedModel model(network, EmittedForm::kOsdi);
  const auto last_current = [&](double factor) {
    const std::string netlist =
        model.definition() + "v1 a 0 sin(0 1.2 " + std::to_string(2e4 / factor) + ")\n" +
        "n1 a 0 compiled_published_student g0=2e-4 tau_scale=" + std::to_string(factor) + "\n";
    const TransientResult run = transient(
        netlist, {.stop_time = 3.1e-4 * factor, .max_step = 1e-7 * factor, .vectors = {"i(v1)"}},
        model.with_library({}));
    EXPECT_EQ(run.reason, "");
    return run.vectors.at("i(v1)").back();
  };
  const double plain = last_current(1);
  EXPECT_GT(std::abs(plain / (1.2 * std::sin(2 * M_PI * 6.2) * 2e-4) - 1), 0.2) << "moved";
  for (double factor : {0.01, 100.0}) EXPECT_NEAR(last_current(factor) / plain, 1, 1e-4) << factor;
}

TEST_F(Osdi, SaysWhichParameterOfWhichDeviceIsWrong) {
  const ir::Network network = one_state();
  const EmittedModel model(network, EmittedForm::kOsdi);
  for (const char* order : {"n1 a 0 compiled_one_state g0=-1\nn2 a 0 compiled_one_state\n",
                            "n2 a 0 compiled_one_state\nn1 a 0 compiled_one_state g0=-1\n"}) {
    const OperatingPointResult run = operating_point(
        model.definition() + "v1 a 0 1\n" + order, {.vectors = {"i(v1)"}}, model.with_library({}));
    EXPECT_NE(run.reason.find("n1: error: g0: expected a number above 0 S, found -1"),
              std::string::npos)
        << run.reason;
  }
}

// Two ports: the second voltage is held by a source, the first one driven.
TEST_F(Osdi, SeveralPortsFollowTheEquation) {
  const ir::Network network = testing::every_operation(2);
  const EmittedModel model(network, EmittedForm::kOsdi);
  const double second = 0.3;
  const Stimulus stimulus{.terms = {SineTerm{.amplitude = 0.8, .frequency = 0.5}}};
  const std::string netlist = model.definition() + stimulus.netlist("v1", "a", "g") +
                              "v2 b g dc 0.3\nvg g 0 dc 0.7\nn1 a b g compiled_every_operation\n";
  const TransientResult run = transient(netlist,
                                        {.stop_time = 4,
                                         .max_step = 0.005,
                                         .relative_tolerance = 1e-4,
                                         .vectors = {"i(v1)", "i(v2)"}},
                                        model.with_library({}));
  ASSERT_EQ(run.reason, "");
  ir::Evaluator evaluator(network);
  for (int port = 0; port < 2; ++port) {
    const StateEquation equation{.states = 2,
                                 .derivative =
                                     [&](double v, const double* c, double* out) {
                                       const double ports[] = {v, second};
                                       ir::state_derivative(evaluator, network, ports, c, out);
                                     },
                                 .current =
                                     [&](double v, const double* c) {
                                       const double ports[] = {v, second};
                                       evaluator.evaluate(ir::Part::kOutput, ports, c);
                                       return evaluator.value(network.current_node, port);
                                     }};
    const ReferenceResult reference =
        integrate_reference(equation, stimulus, 0, ir::rest_state(network), run.time, {});
    ASSERT_EQ(reference.reason, "");
    double worst = 0, full_scale = 0;
    for (std::size_t k = 0; k < run.time.size(); ++k) {
      const double found = -run.vectors.at(port == 0 ? "i(v1)" : "i(v2)")[k];
      worst = std::max(worst, std::abs(found - reference.current[k]));
      full_scale = std::max(full_scale, std::abs(reference.current[k]));
    }
    EXPECT_LT(worst / full_scale, 1e-4) << port;
  }
}

TEST(ProblemWithOsdi, NamesTheLibraryThatHasNone) {
  const SimulatorInfo info = simulator_info({.library = "libngspice.so.0"});
  if (info.has_osdi) GTEST_SKIP() << "the distribution's ngspice has OSDI";
  const std::string problem = problem_with_osdi({.library = "libngspice.so.0"});
  EXPECT_TRUE(problem.starts_with("ngspice-")) << problem;
  EXPECT_NE(problem.find("has no OSDI"), std::string::npos) << problem;
}

}  // namespace
}  // namespace psi_xlstm
