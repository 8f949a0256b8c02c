#include "cosimulation/cosimulation.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "hdl/text/plan.hpp"
#include "ir/dynamics.hpp"
#include "simulators/ngspice/forms.hpp"
#include "simulators/ngspice/ngspice.hpp"
#include "support/cosimulated_form.hpp"
#include "support/every_operation.hpp"
#include "support/networks.hpp"

namespace psi_xlstm {
namespace {

using testing::one_state;
using testing::three_states;

// A conductance inside the training box.
double cosim_start(const ir::Network& network) {
  return hdl::plan_emission(network).default_conductance;
}

// A sine of the training amplitude and frequency, `periods` long, in T/200.
CosimCase sine_of(const ir::Network& network, int periods) {
  const double period = 1 / network.box.drive_frequency;
  CosimCase wanted;
  wanted.name = "sine";
  wanted.stimulus.terms = {
      SineTerm{.amplitude = network.box.voltage_max[0], .frequency = network.box.drive_frequency}};
  wanted.stop_time = periods * period;
  wanted.max_step = period / 200;
  wanted.conductance = cosim_start(network);
  wanted.relative_tolerance = 1e-4;
  wanted.limit = 2e-4;
  return wanted;
}

// `emitted` as a subcircuit against `network`.
CosimOutcome compare(const ir::Network& network,
                     const ir::Network& emitted,
                     const CosimCase& wanted,
                     double time_limit_s = 60) {
  return compare_transient(network, EmittedModel(emitted, EmittedForm::kSubcircuit), wanted,
                           Ngspice(), time_limit_s);
}

double error_of(const ir::Network& network, const ir::Network& emitted, const CosimCase& wanted) {
  const CosimOutcome outcome = compare(network, emitted, wanted);
  EXPECT_EQ(outcome.reason, "") << network.name;
  return outcome.row.max_abs_err_over_fs.value_or(1e9);
}

std::string listed(const std::vector<CosimRow>& rows) {
  std::string text;
  for (const CosimRow& row : rows) {
    text += row.model + ", " + row.stimulus + ": " +
            (row.max_abs_err_over_fs ? std::to_string(*row.max_abs_err_over_fs) : "none") +
            (row.passed && !*row.passed ? " FAILED\n" : "\n");
  }
  return text;
}

// Transients, refinement, frozen control, DC and AC: every row has its limit.
TEST(Cosimulate, EveryModelPassesEveryCheck) {
  for (const ir::Network& network : {one_state(), three_states(), testing::slow_device(),
                                     testing::fast_device(), testing::every_operation(1)}) {
    const CosimReport report =
        testing::cosimulated_form(network, {.relative_tolerance = 1e-4}, {}, cosim_start(network),
                                  Ngspice(), EmittedForm::kSubcircuit);
    EXPECT_TRUE(report.verdict().passed()) << listed(report.rows());
    EXPECT_EQ(report.transients.size(), 4U);
    EXPECT_EQ(report.checks.size(), 8U);
    for (const std::string& warning : report.warnings) ADD_FAILURE() << warning;
    for (const CosimRow& row : report.rows()) EXPECT_TRUE(row.max_abs_err_over_fs) << row.stimulus;
  }
}

TEST(Cosimulate, AStaticModelPassesWithoutChecksOfItsStates) {
  const ir::Network network = testing::static_curve();
  const CosimReport report =
      testing::cosimulated_form(network, {.relative_tolerance = 1e-4}, {}, cosim_start(network),
                                Ngspice(), EmittedForm::kSubcircuit);
  EXPECT_TRUE(report.verdict().passed()) << listed(report.rows());
  EXPECT_EQ(report.checks.size(), 5U);
  EXPECT_TRUE(report.warnings.empty());
  for (const CosimOutcome& outcome : report.transients) {
    EXPECT_NEAR(outcome.time.back(), 1e-3, 1e-12);  // ten periods: nothing to wait for
  }
}

TEST(Cosimulate, PutsTheTrainingLikeStimulusFirst) {
  const ir::Network network = one_state();
  CosimCase wanted = sine_of(network, 2);
  wanted.name = "training-like";
  const CosimReport report = testing::cosimulated_form(network, {}, wanted, cosim_start(network),
                                                       Ngspice(), EmittedForm::kSubcircuit);
  ASSERT_EQ(report.transients.size(), 5U);
  EXPECT_EQ(report.rows().front().stimulus, "training-like");
}

TEST(CompareTransient, HeadsAndCurvesAgreeWithTheReference) {
  for (StudentHead head : {StudentHead::kExp, StudentHead::kSoftplus, StudentHead::kAffine}) {
    ir::Network network = testing::random_student(
        {.states = 2, .rates = 2, .features = 3, .static_features = 2, .head = head}, 12);
    network.box = {.voltage_min = {-1},
                   .voltage_max = {1},
                   .conductance_min = 1e-4,
                   .conductance_max = 1e-3,
                   .duration = 1e-4,
                   .drive_frequency = 1e5,
                   .median_rate = 2e5,
                   .fastest_rate = 1e6};
    EXPECT_LT(error_of(network, network, sine_of(network, 4)), 1e-4) << name_of(head);
  }
}

TEST(CompareTransient, AFrozenStateFailsByAHundredTimes) {
  for (const ir::Network& network : {one_state(), three_states()}) {
    CosimCase wanted = sine_of(network, 10);
    const CosimOutcome outcome = compare(network, frozen(network), wanted);
    EXPECT_GT(outcome.row.max_abs_err_over_fs.value_or(0), 100 * wanted.limit) << network.name;
    EXPECT_EQ(outcome.row.passed, std::optional<bool>(false));
    EXPECT_GT(outcome.conductance_swing, 0.2);
  }
}

// A model that is off by one part in a thousand must not pass.
TEST(CompareTransient, TellsASlightlyWrongModel) {
  const ir::Network network = one_state();
  const CosimCase wanted = sine_of(network, 10);
  for (const char* name : {"readout.bias", "forget_gate.bias", "target.bias"}) {
    ir::Network wrong = network;
    testing::block(wrong, name)[0] += 0.01;
    EXPECT_GT(error_of(network, wrong, wanted), 10 * error_of(network, network, wanted)) << name;
  }
}

// Trapezoidal rule: a fifth of the step, 25 times less error; reltol leaves a floor below 1e-6.
TEST(CompareTransient, ErrorFallsWithTheSquareOfTheStep) {
  for (const ir::Network& network : {one_state(), three_states()}) {
    CosimCase coarse = sine_of(network, 3);
    coarse.max_step *= 4;
    coarse.relative_tolerance = 1e-5;
    CosimCase fine = coarse;
    fine.max_step /= 5;
    const double ratio = error_of(network, network, coarse) / error_of(network, network, fine);
    EXPECT_GT(ratio, 10) << network.name;
    EXPECT_LT(ratio, 60) << network.name;
  }
}

TEST(CompareTransient, StartsAtGZeroAwayFromZeroVolts) {
  for (const ir::Network& network : {one_state(), three_states()}) {
    CosimCase wanted = sine_of(network, 5);
    wanted.stimulus.terms = {SineTerm{.amplitude = network.box.voltage_max[0],
                                      .frequency = network.box.drive_frequency,
                                      .phase_deg = 90}};
    for (double g0 : {2.5e-4, 6e-4}) {
      wanted.conductance = g0;
      const CosimOutcome outcome = compare(network, network, wanted);
      ASSERT_EQ(outcome.reason, "");
      EXPECT_LT(outcome.row.max_abs_err_over_fs.value_or(1), 1e-4) << network.name;
      EXPECT_NEAR(outcome.current.front() / (g0 * network.box.voltage_max[0]), 1, 1e-6);
    }
  }
}

TEST(CompareTransient, TheSeriesResistorSharesTheVoltage) {
  const ir::Network network = one_state();
  CosimCase wanted = sine_of(network, 5);
  wanted.series_resistance = 1 / wanted.conductance;
  const CosimOutcome outcome = compare(network, network, wanted);
  ASSERT_EQ(outcome.reason, "");
  EXPECT_LT(outcome.row.max_abs_err_over_fs.value_or(1), 1e-4);
  const double largest = *std::max_element(outcome.voltage.begin(), outcome.voltage.end());
  EXPECT_LT(largest, 0.8 * network.box.voltage_max[0]);
  EXPECT_GT(largest, 0.2 * network.box.voltage_max[0]);
}

TEST(CompareTransient, WithoutALimitNothingIsJudged) {
  CosimCase wanted = sine_of(one_state(), 1);
  wanted.limit = 0;
  const CosimRow row = compare(one_state(), one_state(), wanted).row;
  EXPECT_FALSE(row.passed.has_value());
  EXPECT_FALSE(row.limit.has_value());
  EXPECT_TRUE(row.max_abs_err_over_fs.has_value());
}

TEST(CompareTransient, WhatIsNotFinishedInTimeNeitherPassesNorFails) {
  CosimCase wanted = sine_of(one_state(), 10);
  wanted.stop_time *= 1e4;
  const CosimOutcome outcome = compare(one_state(), one_state(), wanted, 0.2);
  EXPECT_EQ(outcome.reason, "ngspice did not finish within 0.2 s");
  EXPECT_EQ(outcome.row.verdict(), Verdict::kNotVerified);
  EXPECT_FALSE(outcome.row.max_abs_err_over_fs.has_value());
  EXPECT_TRUE(outcome.time.empty());
}

TEST(Cosimulate, WhatIsNotFinishedInTimeIsNotVerified) {
  const ir::Network network = one_state();
  CosimConfig config;
  config.periods = 1;
  config.smallest_swing = 0;
  config.time_limit_s = 1e-3;
  const CosimReport report = testing::cosimulated_form(network, config, {}, cosim_start(network),
                                                       Ngspice(), EmittedForm::kSubcircuit);
  EXPECT_EQ(report.verdict().verdict, Verdict::kNotVerified);
  EXPECT_EQ(report.verdict().reason,
            "co-simulation \"sine\": ngspice did not finish within 0.001 s");
  for (const CosimRow& row : report.rows()) {
    EXPECT_EQ(row.verdict(), Verdict::kNotVerified) << row.stimulus;
  }
}

// No step is a billion times as exact as one of five times its length, and no frozen state is wrong
// by a thousand times full scale.
TEST(Cosimulate, JudgesStepsAndAFrozenStateByTheFactorsOfTheConfig) {
  const ir::Network network = one_state();
  CosimConfig config{.limit = 1e-12, .refinement_factor = 1e9, .frozen_factor = 1e15};
  config.periods = 1;
  config.smallest_swing = 0;
  const CosimReport report = testing::cosimulated_form(network, config, {}, cosim_start(network),
                                                       Ngspice(), EmittedForm::kSubcircuit);
  int judged = 0;
  for (const CosimRow& row : report.checks) {
    const bool refined = row.stimulus == "sine, reltol 1e-5, a fifth of the step";
    if (!refined && !row.stimulus.starts_with("negative control")) continue;
    ++judged;
    EXPECT_EQ(row.passed, std::optional<bool>(false)) << row.stimulus;
  }
  EXPECT_EQ(judged, 2);
}

std::vector<std::unique_ptr<Simulator>> with_ngspice() {
  std::vector<std::unique_ptr<Simulator>> simulators;
  simulators.push_back(std::make_unique<Ngspice>());
  return simulators;
}

// The forms of the rows of `report`, each once.
std::set<std::string> paths_of(const CosimReport& report) {
  std::set<std::string> paths;
  for (const CosimRow& row : report.rows()) paths.insert(row.path);
  return paths;
}

TEST(CosimulateAll, RunsEveryFormOrSaysWhichIsLeftOut) {
  const ir::Network network = testing::static_curve();
  const CosimReport report =
      cosimulate_all(network, {}, {}, cosim_start(network), with_ngspice(), {"subcircuit", "osdi"});
  const std::string problem = problem_with_osdi({});
  const std::set<std::string> both = {"osdi", "subcircuit"}, one = {"subcircuit"};
  EXPECT_EQ(paths_of(report), problem.empty() ? both : one);
  EXPECT_EQ(report.left_out(), problem.empty() ? "" : "ngspice, osdi: not run: " + problem);
  EXPECT_EQ(report.rows().size(), problem.empty() ? 18U : 9U);
  EXPECT_TRUE(report.verdict().passed()) << listed(report.rows());
}

// ngspice 44 steps over a corner of a repeated pulse now and then: at 46 us of this one.
TEST(CompareTransient, HasEveryCornerOfARepeatedPulse) {
  const ir::Network network = one_state();
  CosimCase wanted{.name = "pulses"};
  wanted.stimulus.terms = {PulseTerm{0, 1.2, 1e-6, 10e-9, 10e-9, 3e-6, 10e-6},
                           PulseTerm{0, -0.96, 6e-6, 10e-9, 10e-9, 2e-6, 40e-6}};
  wanted.stop_time = 100e-6;
  wanted.max_step = 100e-9;
  wanted.conductance = cosim_start(network);
  const CosimOutcome outcome = compare_transient(
      network, EmittedModel(network, EmittedForm::kSubcircuit), wanted, Ngspice());
  ASSERT_EQ(outcome.reason, "");
  for (const double corner : wanted.stimulus.breakpoints(wanted.stop_time)) {
    const auto after = std::lower_bound(outcome.time.begin(), outcome.time.end(), corner - 1e-13);
    ASSERT_NE(after, outcome.time.end()) << corner;
    EXPECT_NEAR(*after, corner, 1e-13) << corner;
    // and after it a step that is short against the edge
    ASSERT_NE(after + 1, outcome.time.end());
    EXPECT_LT(after[1] - *after, 2e-9) << corner;
  }
}

TEST(CosimulateAll, KeepsTheSubcircuitWhereThereIsNoCompiler) {
  const std::string path = std::getenv("PATH");
  ::setenv("PATH", "/nowhere", 1);
  const ir::Network network = testing::static_curve();
  const CosimReport report =
      cosimulate_all(network, {}, {}, cosim_start(network), with_ngspice(), {"subcircuit", "osdi"});
  ::setenv("PATH", path.c_str(), 1);
  EXPECT_EQ(paths_of(report), std::set<std::string>{"subcircuit"});
  EXPECT_EQ(report.left_out(),
            "ngspice, osdi: not run: there is no C compiler (CC, cc, gcc or clang)");
  EXPECT_TRUE(report.verdict().passed());
}

TEST(StandardCases, AreLongEnoughToMoveTheConductance) {
  ir::Network network = one_state();
  testing::block(network, "forget_gate.bias")[0] += 3;  // twenty times slower
  const std::vector<CosimCase> cases = standard_cases(network, {}, cosim_start(network));
  ASSERT_EQ(cases.size(), 4U);
  for (const CosimCase& wanted : cases) EXPECT_GT(wanted.stop_time, 1.9e-3) << wanted.name;
  const CosimConfig patient{.smallest_swing = 0};
  for (const CosimCase& wanted : standard_cases(network, patient, cosim_start(network))) {
    EXPECT_DOUBLE_EQ(wanted.stop_time, 1e-3) << wanted.name;
  }
}

TEST(StaticChecks, AreJudgedByTheLimitsOfTheConfig) {
  const ir::Network network = three_states();
  const CosimConfig impossible{.limit_static = 1e-30, .limit_ac = 1e-30};
  const EmittedModel model(network, EmittedForm::kSubcircuit);
  const std::vector<CosimRow> rows =
      static_checks(network, model, {}, cosim_start(network), Ngspice());
  const std::vector<CosimRow> failed =
      static_checks(network, model, impossible, cosim_start(network), Ngspice());
  ASSERT_EQ(rows.size(), 5U);
  for (const CosimRow& row : rows) {
    EXPECT_EQ(row.passed, std::optional<bool>(true)) << row.stimulus;
    EXPECT_EQ(row.limit, row.stimulus.starts_with("ac") ? 1e-6 : 1e-9);
  }
  for (const CosimRow& row : failed) {
    EXPECT_EQ(row.passed, row.max_abs_err_over_fs == 0.0) << row.stimulus;
  }
}

}  // namespace
}  // namespace psi_xlstm
