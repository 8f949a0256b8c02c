#include "fit/compact_student.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <string>

#include "ir/dynamics.hpp"
#include "ir/evaluator.hpp"
#include "psi_xlstm/core/error.hpp"

namespace psi_xlstm::fit {
namespace {

constexpr StudentScales kScales{.conductance = 2e-4, .voltage = 1.2, .step = 5e-8};

int parameters_of(const StudentShape& shape) {
  const ir::Network network = build_compact_student(shape, kScales, "s");
  EXPECT_NO_THROW(ir::validate(network));
  for (double p : network.parameters) EXPECT_EQ(p, 0.0);
  return network.parameter_count();
}

// Features 3m, forget gate m + 1, target m + 1, readout 2.
TEST(BuildCompactStudent, HasFiveParametersPerFeatureAndFourMore) {
  for (int m : {1, 3, 8, 12}) EXPECT_EQ(parameters_of({.features = m}), 5 * m + 4);
  EXPECT_EQ(parameters_of({.features = 3}), 19);
  EXPECT_EQ(parameters_of({.features = 8}), 44);
}

// Features m (2 + S), K forget gates and S targets of m + 1, readout S + 1, static part 3 each.
TEST(BuildCompactStudent, CountsEveryShape) {
  EXPECT_EQ(parameters_of({.states = 3, .rates = 2, .features = 4}), 20 + 10 + 15 + 4);
  EXPECT_EQ(parameters_of({.features = 4, .state_gates = false}), 8 + 5 + 5 + 2);
  EXPECT_EQ(parameters_of({.states = 2, .rates = 2, .features = 4, .liquid = false}),
            16 + 2 + 10 + 3);
  EXPECT_EQ(parameters_of({.features = 4, .static_features = 5}), 24 + 15);
  EXPECT_EQ(parameters_of({.states = 0}), 1);
  EXPECT_EQ(parameters_of({.states = 0, .static_features = 4}), 13);
}

TEST(BuildCompactStudent, SharesRatesAmongTheStates) {
  const ir::Network network =
      build_compact_student({.states = 5, .rates = 2, .features = 2}, kScales, "s");
  EXPECT_EQ(network.rate_of_state, (std::vector<int>{0, 1, 0, 1, 0}));
  EXPECT_EQ(network.rate_count(), 2);
}

TEST(BuildCompactStudent, TiesTheStartToPositiveHeads) {
  const auto start_of = [](const char* head) {
    return build_compact_student({.head = head}, kScales, "s").start;
  };
  EXPECT_EQ(start_of("exp"), ir::Start::kTied);
  EXPECT_EQ(start_of("softplus"), ir::Start::kTied);
  EXPECT_EQ(start_of("affine"), ir::Start::kRest);
}

TEST(BuildCompactStudent, RefusesAnUnknownHead) {
  try {
    build_compact_student({.head = "log"}, kScales, "s");
    FAIL() << "nothing was thrown";
  } catch (const ConfigError& e) {
    EXPECT_STREQ(e.what(), "head: expected exp, softplus or affine, found \"log\"");
  }
}

// The relaxation time at V = 0 and c = 0 [s].
double time_constant(const ir::Network& network, int k) {
  ir::Evaluator evaluator(network);
  const double zero = 0;
  const std::vector<double> states(network.rate_of_state.size(), 0.0);
  evaluator.evaluate(ir::Part::kDynamics, {&zero, 1}, states);
  return 1 / evaluator.rate(k);
}

TEST(Randomise, GivesTheWantedRelaxationTimeAtZeroVolts) {
  for (bool liquid : {true, false}) {
    for (double tau : {3e-8, 2e-6, 1e-3, 10.0}) {
      const StudentShape shape{.features = 5, .liquid = liquid};
      ir::Network network = build_compact_student(shape, kScales, "s");
      Rng rng(4);
      randomise(network, shape, {.time_constant = tau}, rng);
      EXPECT_NEAR(time_constant(network, 0) / tau, 1, 1e-6) << tau;
    }
  }
}

TEST(Randomise, SpreadsSeveralRatesEvenlyOnALogarithmicAxis) {
  const StudentShape shape{.states = 3, .rates = 3, .features = 4};
  ir::Network network = build_compact_student(shape, kScales, "s");
  Rng rng(4);
  randomise(network, shape, {.time_constant = 1e-3, .fastest_time_constant = 1e-5}, rng);
  EXPECT_NEAR(time_constant(network, 0) / 1e-5, 1, 1e-9);
  EXPECT_NEAR(time_constant(network, 1) / 1e-4, 1, 1e-9);
  EXPECT_NEAR(time_constant(network, 2) / 1e-3, 1, 1e-9);
}

TEST(Randomise, MakesTheDeviceFasterAwayFromZeroVolts) {
  const StudentShape shape{.features = 8};
  ir::Network network = build_compact_student(shape, kScales, "s");
  Rng rng(4);
  randomise(network, shape, {.time_constant = 1e-3}, rng);
  ir::Evaluator evaluator(network);
  const double c = 0;
  for (double v : {-1.2, 1.2}) {
    evaluator.evaluate(ir::Part::kDynamics, {&v, 1}, {&c, 1});
    EXPECT_GT(evaluator.rate(0), 1.5e3) << v;
  }
}

TEST(Randomise, HoldsTheConductancesOfTheHint) {
  const StartHint hint{.log_conductance_low = -1.5, .log_conductance_high = 1, .time_constant = 1};
  for (const char* head : {"exp", "softplus"}) {
    const StudentShape shape{.head = head};
    ir::Network network = build_compact_student(shape, kScales, "s");
    Rng rng(4);
    randomise(network, shape, hint, rng);
    for (double log_g : {-1.5, 0.0, 1.0}) {
      EXPECT_LT(std::abs(ir::initial_state(network, 2e-4 * std::exp(log_g))[0]), 1) << head;
    }
  }
}

TEST(Randomise, IsRepeatedByTheSameSeedOnly) {
  const StudentShape shape{.static_features = 3};
  const auto drawn = [&](std::uint32_t seed) {
    ir::Network network = build_compact_student(shape, kScales, "s");
    Rng rng(seed);
    randomise(network, shape, {}, rng);
    return network.parameters;
  };
  EXPECT_EQ(drawn(1), drawn(1));
  EXPECT_NE(drawn(1), drawn(2));
}

}  // namespace
}  // namespace psi_xlstm::fit
