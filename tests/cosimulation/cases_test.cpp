#include "cosimulation/cases.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "cosimulation/cosimulation.hpp"
#include "hdl/text/plan.hpp"
#include "psi_xlstm/core/error.hpp"
#include "simulators/ngspice/ngspice.hpp"
#include "support/cosimulated_form.hpp"
#include "support/networks.hpp"

namespace psi_xlstm {
namespace {

// Rates over four decades: one of a few per second, one of ten thousand, driven at 1 Hz.
ir::Network four_decades() {
  ir::Network network = testing::three_states();
  network.name = "four_decades";
  testing::set_block(network, "forget_gate.bias", {4.5, 13});
  network.box.drive_frequency = 1;
  network.box.duration = 10;
  network.box.median_rate = 5;
  network.box.fastest_rate = 1e5;
  return network;
}

double start_of(const ir::Network& network) {
  return hdl::plan_emission(network).default_conductance;
}

TEST(StandardCases, TakeNoModelOverItsLongestTimeAtItsShortestStep) {
  const ir::Network network = four_decades();
  const std::vector<CosimCase> cases = standard_cases(network, {}, start_of(network));
  ASSERT_EQ(cases.size(), 5U);
  for (const CosimCase& wanted : cases) {
    EXPECT_LE(wanted.steps(), 20'000 * (1 + 1e-12)) << wanted.name;
    EXPECT_GE(wanted.steps(), 1'000) << wanted.name;
  }
  EXPECT_DOUBLE_EQ(cases[0].stop_time, 10);  // ten periods in steps that the sine needs
  EXPECT_TRUE(cases[0].stiff);
  EXPECT_EQ(cases[4].name, "short pulses");
  EXPECT_DOUBLE_EQ(cases[4].max_step, 0.01 / network.box.fastest_rate);
  EXPECT_FALSE(cases[4].stiff);
}

// A step that was given bounds no work by itself.
TEST(StandardCases, RefuseStepsWithoutEnd) {
  const ir::Network network = four_decades();
  EXPECT_THROW(standard_cases(network, {.max_step = 1e-18}, start_of(network)), ConfigError);
  EXPECT_NO_THROW(standard_cases(network, {.frequency = 1, .max_step = 1e-3}, start_of(network)));
}

// Every comparison of such a model passes, in few points, and the wrong ones fail.
TEST(Cosimulate, AModelOfFourDecadesIsComparedInFewPoints) {
  const ir::Network network = four_decades();
  const CosimReport report = testing::cosimulated_form(network, {}, {}, start_of(network),
                                                       Ngspice(), EmittedForm::kSubcircuit);
  EXPECT_EQ(report.verdict().reason, "");
  int points = 0;
  for (const CosimOutcome& outcome : report.transients) points += outcome.counters.accepted_points;
  EXPECT_GT(points, 5'000);
  EXPECT_LT(points, 100'000);
  for (const std::string& warning : report.warnings) ADD_FAILURE() << warning;
  bool control = false;
  for (const CosimRow& row : report.checks) {
    if (row.stimulus.starts_with("negative control")) control = row.passed == true;
  }
  EXPECT_TRUE(control);
}

// A rate that is off by a tenth fails, the fast one as well as the slow one.
TEST(CompareTransient, TellsAWrongRateOfEveryDecade) {
  const ir::Network network = four_decades();
  const std::vector<CosimCase> cases = standard_cases(network, {}, start_of(network));
  for (const int rate : {0, 1}) {
    ir::Network wrong = network;
    testing::block(wrong, "forget_gate.bias")[static_cast<std::size_t>(rate)] += 0.1;
    const EmittedModel model(wrong, EmittedForm::kSubcircuit);
    bool failed = false;
    for (const CosimCase& wanted : cases) {
      failed = failed || compare_transient(network, model, wanted, Ngspice()).row.passed == false;
    }
    EXPECT_TRUE(failed) << rate;
  }
}

// More time does not move what hardly moves: it is not spent.
TEST(StandardCases, StayShortWhereMoreTimeDoesNotHelp) {
  ir::Network network = testing::one_state();
  testing::block(network, "readout.weight")[0] *= 0.01;
  network.box.conductance_min = 1.9e-4;
  network.box.conductance_max = 2.3e-4;
  for (const CosimCase& wanted : standard_cases(network, {}, start_of(network))) {
    EXPECT_LE(wanted.stop_time, 2e-3) << wanted.name;
  }
}

TEST(BoundWork, LeavesShortRunsAsTheyAre) {
  const ir::Network network = testing::one_state();
  CosimCase wanted{.stimulus = {.terms = {SineTerm{.amplitude = 1, .frequency = 1e4}}},
                   .stop_time = 1e-3,
                   .max_step = 1e-7,
                   .conductance = 2e-4,
                   .limit = 2e-4};
  bound_work(network, wanted);
  EXPECT_EQ(wanted.max_step, 1e-7);
  EXPECT_FALSE(wanted.stiff);
  wanted.stop_time = 1e-2;
  bound_work(network, wanted);
  EXPECT_GT(wanted.max_step, 1e-7);
  EXPECT_LE(wanted.steps(), 20'000 * (1 + 1e-12));
}

TEST(TimeLimitFor, GrowsWithTheWork) {
  EXPECT_EQ(time_limit_for(100, 120), 120);
  EXPECT_EQ(time_limit_for(10'000, 120), 120);
  EXPECT_EQ(time_limit_for(100'000, 120), 1200);
}

}  // namespace
}  // namespace psi_xlstm
