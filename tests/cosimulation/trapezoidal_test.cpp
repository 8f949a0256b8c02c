#include "cosimulation/trapezoidal.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "cosimulation/comparison.hpp"
#include "ir/dynamics.hpp"
#include "support/networks.hpp"

namespace psi_xlstm {
namespace {

constexpr double kStartConductance = 2e-4;

Stimulus sine_of(const ir::Network& network) {
  return {.terms = {SineTerm{.amplitude = network.box.voltage_max[0],
                             .frequency = network.box.drive_frequency}}};
}

// The error of the rule itself, from an integration that has none.
double true_error(const ir::Network& network, const Stimulus& stimulus, double stop, double step) {
  const std::vector<double> ends = step_ends(stimulus, stop, {.longest = step, .first = step});
  const TrapezoidalRun run = trapezoidal_run(
      {.network = network, .stimulus = stimulus, .conductance = kStartConductance}, ends);
  const ReferenceResult reference =
      integrate_reference(state_equation(network), stimulus, 0,
                          ir::initial_state(network, kStartConductance), ends, {});
  EXPECT_EQ(reference.reason, "");
  double worst = 0, full_scale = 0;
  for (std::size_t k = 0; k < ends.size(); ++k) {
    worst = std::max(worst, std::abs(run.current[k] - reference.current[k]));
    full_scale = std::max(full_scale, std::abs(reference.current[k]));
  }
  return worst / full_scale;
}

TEST(TrapezoidalError, IsThatOfTheRule) {
  for (const ir::Network& network : {testing::one_state(), testing::three_states()}) {
    const Stimulus sine = sine_of(network);
    const double stop = 2e-4;
    for (const double step : {2e-6, 1e-6, 5e-7}) {
      const double told = trapezoidal_error(
          {.network = network, .stimulus = sine, .conductance = kStartConductance}, stop,
          {.longest = step, .first = step});
      EXPECT_NEAR(told / true_error(network, sine, stop, step), 1, 0.1) << step;
    }
    EXPECT_NEAR(true_error(network, sine, stop, 2e-6) / true_error(network, sine, stop, 1e-6), 4,
                0.5);
  }
}

TEST(TrapezoidalError, IsNothingWithoutAState) {
  const ir::Network network = testing::static_curve();
  const Stimulus sine = sine_of(network);
  EXPECT_EQ(
      trapezoidal_error({.network = network, .stimulus = sine, .conductance = kStartConductance},
                        1e-3, {.longest = 1e-4, .first = 1e-4}),
      0);
}

TEST(TrapezoidalRun, SharesTheVoltageWithAResistor) {
  const ir::Network network = testing::one_state();
  const Stimulus step{.terms = {ConstantTerm{1}}};
  const DrivenNetwork driven{.network = network,
                             .stimulus = step,
                             .series_resistance = 5000,
                             .conductance = kStartConductance};
  const TrapezoidalRun run = trapezoidal_run(driven, {0, 1e-9});
  EXPECT_NEAR(run.current[0], 1 / (5000 + 1 / kStartConductance), 1e-9);
  EXPECT_GT(trapezoidal_run(driven, step_ends(step, 1e-3, {.longest = 1e-6, .first = 1e-6}))
                .conductance_swing,
            0.2);
}

TEST(StepEnds, MeetBreakpointsAndGrowBehindThem) {
  const Stimulus pulse{
      .terms = {PulseTerm{0, 1, 0.3, 0.1, 0.1, 0.2, 0}, VoltageTable{{0, 0.47, 1}, {0, 1, 0}}}};
  const std::vector<double> ends = step_ends(pulse, 1, {.longest = 0.05, .first = 0.001});
  for (const double wall : pulse.breakpoints(1)) {
    EXPECT_EQ(std::find(ends.begin(), ends.end(), wall) != ends.end(), wall != 0.47) << wall;
  }
  for (std::size_t k = 1; k < ends.size(); ++k) {
    EXPECT_GT(ends[k], ends[k - 1]);
    EXPECT_LE(ends[k] - ends[k - 1], 0.05 * 1.11);
  }
  EXPECT_DOUBLE_EQ(ends[1], 0.001);
  EXPECT_EQ(ends.back(), 1);
}

}  // namespace
}  // namespace psi_xlstm
