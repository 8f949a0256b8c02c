#include "hdl/emitted_model.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <string>
#include <vector>

#include "cosimulation/cosimulation.hpp"
#include "hdl/text/plan.hpp"
#include "ir/dynamics.hpp"
#include "ir/jacobian.hpp"
#include "simulators/ngspice/forms.hpp"
#include "simulators/ngspice/ngspice.hpp"
#include "support/cosimulated_form.hpp"
#include "support/every_operation.hpp"
#include "support/needs_osdi.hpp"
#include "support/networks.hpp"
#include "support/trained_networks.hpp"

namespace psi_xlstm {
namespace {

using testing::one_state;
using testing::published_student;
using testing::three_states;

double default_start(const ir::Network& network) {
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
  const CosimOutcome outcome = compare_transient(network, model, wanted, Ngspice());
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

// Currents that the simulator does not tell at all neither pass nor fail.
TEST_F(Osdi, CurrentsBelowWhatIsToldAreNotVerified) {
  for (const double conductance : {1e-17, 1e-25}) {
    ir::Network network = three_states();
    network.nodes[static_cast<std::size_t>(network.role->node)].factor = conductance;
    network.role->scale = conductance;
    const EmittedModel model(network, EmittedForm::kOsdi);
    for (const CosimRow& row :
         static_checks(network, model, {}, default_start(network), Ngspice())) {
      if (!row.stimulus.starts_with("dc sweep")) continue;
      const auto wanted = conductance > 1e-18 ? Verdict::kPassed : Verdict::kNotVerified;
      EXPECT_EQ(row.verdict(), std::optional(wanted)) << row.max_abs_err_over_fs.value_or(-1);
    }
  }
}

// Nothing was expected and a current came: that has failed, however small what was expected is.
TEST_F(Osdi, ACurrentWhereNoneIsExpectedFails) {
  const EmittedModel model(testing::static_curve(), EmittedForm::kOsdi);
  ir::Network network = three_states();
  network.nodes[static_cast<std::size_t>(network.role->node)].factor = 1e-25;
  network.role->scale = 1e-25;
  for (const CosimRow& row : static_checks(network, model, {}, default_start(network), Ngspice())) {
    if (!row.stimulus.starts_with("dc sweep")) continue;
    EXPECT_EQ(row.verdict(), Verdict::kFailed);
  }
}

TEST_F(Osdi, ManyStatesFollowTheEquation) {
  for (const ir::Network& network : {three_states(), testing::every_operation(1),
                                     testing::slow_device(), testing::fast_device()}) {
    CosimConfig config{.relative_tolerance = 1e-4, .limit = 1e-4, .limit_static = 1e-12};
    config.limit_ac = 1e-7;
    const CosimReport report = testing::cosimulated_form(
        network, config, {}, default_start(network), Ngspice(), EmittedForm::kOsdi);
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
      for (const CosimRow& row : static_checks(network, model, config, g0, Ngspice())) {
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
                                        with_library(model, {}));
  ASSERT_EQ(run.reason, "");
  ir::Evaluator evaluator(network);
  for (int port = 0; port < 2; ++port) {
    const StateEquation equation{
        .states = 2,
        .derivative =
            [&](double v, const double* c, double* out) {
              const double ports[] = {v, second};
              ir::state_derivative(evaluator, network, ports, {c, 2}, {out, 2});
            },
        .current =
            [&](double v, const double* c) {
              const double ports[] = {v, second};
              evaluator.evaluate(ir::Part::kOutput, ports, {c, 2});
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
