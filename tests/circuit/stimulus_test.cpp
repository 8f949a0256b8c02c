#include "circuit/stimulus.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <string>

#include "psi_xlstm/core/error.hpp"
#include "simulators/ngspice/simulator.hpp"

namespace psi_xlstm {
namespace {

constexpr double kStop = 20e-6;  // [s]

const SineTerm kSine{.offset = 0.1, .amplitude = 1.2, .frequency = 140e3};
const SineTerm kLateSine{
    .offset = -0.2, .amplitude = 0.7, .frequency = 310e3, .delay = 3.3e-6, .phase_deg = 37};
const PulseTerm kPulse{.low = -0.3,
                       .high = 1.1,
                       .delay = 1e-6,
                       .rise = 1e-7,
                       .fall = 3e-7,
                       .width = 1.5e-6,
                       .period = 4e-6};
const PulseTerm kOnePulse{.low = 0.2, .high = -0.9, .rise = 1e-8, .fall = 1e-8, .width = 5e-6};
const DecayingJumpTerm kJump{.amplitude = 0.4, .start = 7e-6, .decay_rate = 1e5};
const DecayingJumpTerm kJumpAtZero{.amplitude = -0.4, .decay_rate = 1e5};
const VoltageTable kTable{.times = {0, 2e-6, 9e-6, 15e-6}, .values = {0, 1.5, -0.7, 0.4}};

/// Largest difference [V] between value() and the voltage in ngspice, over all its time points.
double difference_to_ngspice(const Stimulus& stimulus) {
  const auto result = transient(stimulus.netlist("vin", "p", "0") + "rload p 0 1k\n",
                                {.stop_time = kStop,
                                 .max_step = 3.1e-8,
                                 .vectors = {"v(p)"},
                                 .external = stimulus.tables("vin")},
                                {});
  EXPECT_TRUE(result.usable()) << result.reason;
  EXPECT_GT(result.time.size(), 600u);
  double largest = 0;
  for (std::size_t k = 0; k < result.time.size(); ++k) {
    const double difference = result.vectors.at("v(p)")[k] - stimulus.value(result.time[k]);
    largest = std::max(largest, std::abs(difference));
  }
  return largest;
}

std::string problem_with(const Stimulus::Term& term) {
  try {
    check_stimulus({.terms = {term}});
  } catch (const SpiceError& e) {
    return e.what();
  }
  return "none";
}

TEST(Stimulus, EveryKindOfTermIsWhatNgspiceApplies) {
  EXPECT_LT(difference_to_ngspice({{ConstantTerm{.voltage = -0.75}}}), 1e-9);
  EXPECT_LT(difference_to_ngspice({{kSine}}), 1e-9);
  EXPECT_LT(difference_to_ngspice({{kLateSine}}), 1e-9);
  EXPECT_LT(difference_to_ngspice({{kPulse}}), 1e-9);
  EXPECT_LT(difference_to_ngspice({{kOnePulse}}), 1e-9);
  EXPECT_LT(difference_to_ngspice({{kJump}}), 1e-9);
  EXPECT_LT(difference_to_ngspice({{kJumpAtZero}}), 1e-9);
  EXPECT_LT(difference_to_ngspice({{kTable}}), 1e-9);
}

TEST(Stimulus, ASumOfTermsIsWhatNgspiceApplies) {
  EXPECT_LT(difference_to_ngspice(
                {{kSine, kLateSine, kPulse, kJump, kTable, ConstantTerm{.voltage = 0.3}}}),
            1e-9);
}

TEST(Stimulus, AWrongAmplitudeWouldBeSeenInNgspice) {
  Stimulus stimulus{{kSine}};
  const std::string netlist = stimulus.netlist("vin", "p", "0") + "rload p 0 1k\n";
  const auto result =
      transient(netlist, {.stop_time = kStop, .max_step = 3.1e-8, .vectors = {"v(p)"}}, {});
  std::get<SineTerm>(stimulus.terms[0]).amplitude *= 1.0001;
  double largest = 0;
  for (std::size_t k = 0; k < result.time.size(); ++k) {
    const double difference = result.vectors.at("v(p)")[k] - stimulus.value(result.time[k]);
    largest = std::max(largest, std::abs(difference));
  }
  EXPECT_GT(largest, 1e-5);
}

// By hand: the pulse rises over 1..1.1 us, holds to 2.6 us, falls to 2.9 us, and again 4 us later.
TEST(Stimulus, PulseTakesItsValuesByHand) {
  const Stimulus pulse{{kPulse}};
  EXPECT_DOUBLE_EQ(pulse.value(0), -0.3);
  EXPECT_NEAR(pulse.value(1.05e-6), 0.4, 1e-12);
  EXPECT_DOUBLE_EQ(pulse.value(2e-6), 1.1);
  EXPECT_NEAR(pulse.value(2.75e-6), 0.4, 1e-12);
  EXPECT_NEAR(pulse.value(5.05e-6), 0.4, 1e-9);
  EXPECT_DOUBLE_EQ(pulse.value(3.5e-6), -0.3);
}

TEST(Stimulus, BreakpointsAreWhereAValueOrASlopeJumps) {
  const std::vector<double> expected = {1e-6, 1.1e-6, 2.6e-6, 2.9e-6, 3.3e-6, 5e-6, 5.1e-6};
  const auto found = Stimulus{{kPulse, kLateSine, kJump}}.breakpoints(6e-6);
  ASSERT_EQ(found.size(), expected.size());
  for (std::size_t k = 0; k < found.size(); ++k) EXPECT_NEAR(found[k], expected[k], 1e-18);
  EXPECT_EQ((Stimulus{{kTable, kTable}}.breakpoints(kStop)),
            (std::vector<double>{2e-6, 9e-6, 15e-6}));
}

TEST(Stimulus, NgspiceStopsWhereAJumpOrAnEdgeBegins) {
  const Stimulus stimulus{{kJump, kPulse, kLateSine}};
  const auto result = transient(stimulus.netlist("vin", "p", "0") + "rload p 0 1k\n",
                                {.stop_time = kStop, .max_step = 3.1e-7, .vectors = {"v(p)"}}, {});
  ASSERT_TRUE(result.usable()) << result.reason;
  for (const double wall : stimulus.breakpoints(kStop)) {
    double nearest = kStop;
    for (const double time : result.time) nearest = std::min(nearest, std::abs(time - wall));
    EXPECT_LT(nearest, 1e-12) << wall;
  }
}

TEST(Stimulus, NumbersSurviveTheNetlistUnchanged) {
  const double third = 1.0 / 3.0;
  const auto text = Stimulus{{ConstantTerm{.voltage = third}}}.netlist("v1", "a", "b");
  EXPECT_EQ(text, "v1 a b dc 0.3333333333333333\n");
}

TEST(Stimulus, TermsStandInSeriesUnderNamesOfTheirOwn) {
  const Stimulus sum{{ConstantTerm{.voltage = 1}, kTable, ConstantTerm{.voltage = 2}}};
  EXPECT_EQ(sum.netlist("vin", "p", "0"),
            "vin p vin_1 dc 1\nvin_1 vin_1 vin_2 external\nvin_2 vin_2 0 dc 2\n");
  EXPECT_EQ((Stimulus{{kJump, kTable}}.tables("vin").count("vin_2")), 1u);
  ASSERT_EQ(sum.tables("vin").size(), 1u);
  EXPECT_EQ(sum.tables("vin").at("vin_1").times, kTable.times);
}

TEST(Stimulus, RefusesNumbersThatNgspiceWouldReplaceByDefaults) {
  EXPECT_EQ(problem_with(SineTerm{.amplitude = 1}), "stimulus term 0: expected a frequency > 0 Hz");
  EXPECT_EQ(problem_with(PulseTerm{.high = 1, .fall = 1, .width = 1}),
            "stimulus term 0: expected rise, width and fall > 0 s");
  EXPECT_EQ(problem_with(PulseTerm{.rise = 1, .fall = 1, .width = 1, .period = 2}),
            "stimulus term 0: expected a period of 0 or at least rise + width + fall");
  EXPECT_EQ(problem_with(DecayingJumpTerm{.amplitude = 1}),
            "stimulus term 0: expected a decay rate and a rise time > 0");
  EXPECT_EQ(problem_with(ConstantTerm{.voltage = NAN}),
            "stimulus term 0: expected a finite voltage");
  EXPECT_EQ(problem_with(VoltageTable{.times = {1, 1}, .values = {0, 0}}),
            "stimulus term 0: expected times that increase, got 1 s before 1 s");
  EXPECT_EQ(problem_with(kPulse), "none");
}

TEST(Stimulus, RefusesNamesThatAreNoIdentifiers) {
  const Stimulus stimulus{{kSine}};
  EXPECT_THROW(stimulus.netlist("r1", "a", "0"), SpiceError);
  EXPECT_THROW(stimulus.netlist("v1\n.control", "a", "0"), SpiceError);
  EXPECT_THROW(stimulus.netlist("v1", "a b", "0"), SpiceError);
  EXPECT_THROW(Stimulus{}.netlist("v1", "a", "0"), SpiceError);
}

TEST(StimulusBreakpoints, AreCountedBeforeTheyAreMade) {
  const Stimulus pulses{.terms = {PulseTerm{0, 1, 0, 1e-15, 1e-15, 1e-15, 4e-15}}};
  EXPECT_NEAR(pulses.breakpoint_count(20e-6), 2e10, 1e4);
  try {
    (void)pulses.breakpoints(20e-6);
    ADD_FAILURE();
  } catch (const SpiceError& e) {
    EXPECT_STREQ(e.what(),
                 "stimulus: expected at most 1000000 breakpoints until 2e-05 s, got 2e+10");
  }
  const Stimulus some{
      .terms = {PulseTerm{0, 1, 1e-6, 1e-8, 1e-8, 1e-6, 4e-6}, SineTerm{0, 1, 1e3}}};
  EXPECT_GE(some.breakpoint_count(1e-4), static_cast<double>(some.breakpoints(1e-4).size()));
}

}  // namespace
}  // namespace psi_xlstm
