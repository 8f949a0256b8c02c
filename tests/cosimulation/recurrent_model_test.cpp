// Small recurrent networks in ngspice against an integration of their own equations.

#include <gtest/gtest.h>

#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "cosimulation/cosimulation.hpp"
#include "cosimulation/trapezoidal.hpp"
#include "ir/dynamics.hpp"
#include "simulators/ngspice/ngspice.hpp"
#include "support/needs_osdi.hpp"
#include "support/recurrent_networks.hpp"

namespace psi_xlstm {
namespace {

constexpr double kG0 = 3.1e-4;

// Ten periods of 100 kHz in steps of 50 ns.
CosimCase sine() {
  CosimCase wanted;
  wanted.name = "sine";
  wanted.stimulus.terms = {SineTerm{.amplitude = 0.9, .frequency = 1e5}};
  wanted.stop_time = 50e-6;
  wanted.max_step = 50e-9;
  wanted.conductance = kG0;
  return wanted;
}

double error_of(const ir::Network& network, const EmittedModel& model) {
  const CosimOutcome outcome =
      compare_transient(ir::at_start(network, kG0), model, sine(), Ngspice());
  EXPECT_EQ(outcome.reason, "") << network.name;
  EXPECT_GT(outcome.conductance_swing, 0.1) << network.name;
  const double error = outcome.row.max_abs_err_over_fs.value_or(1e9);
  if (std::getenv("PSI_SHOW_ERRORS") != nullptr) {
    std::printf("%s, %s: %.3g\n", network.name.c_str(), model.path().c_str(), error);
  }
  return error;
}

// With the read-out as large as it takes for the states to move the conductance, whatever was
// drawn.
ir::Network moving(testing::DrawnNetwork drawn, const std::string& name) {
  constexpr double kEnough = 0.15;
  const CosimCase wanted = sine();
  const auto times = step_ends(wanted.stimulus, wanted.stop_time,
                               {.longest = wanted.max_step, .first = wanted.max_step});
  const int hidden = drawn.shape.layers.back().hidden;
  for (int enlarged = 0; enlarged < 60; ++enlarged) {
    ir::Network network = drawn.network(name);
    const ir::Network started = ir::at_start(network, kG0);
    const TrapezoidalRun run = trapezoidal_run(
        {.network = started, .stimulus = wanted.stimulus, .conductance = kG0}, times);
    if (run.conductance_swing > kEnough) return network;
    double* const weight = drawn.block("output.weight");
    for (int i = 0; i < hidden; ++i) weight[i] *= 1.1;
  }
  ADD_FAILURE() << name << ": no read-out moves the conductance";
  return drawn.network(name);
}

class RecurrentOsdi : public testing::NeedsOsdi {};

TEST_F(RecurrentOsdi, FollowsTheEquation) {
  for (const ir::Network& network : {moving(testing::drawn_clustering(4), "clustering"),
                                     moving(testing::drawn_low_rank(), "low_rank")}) {
    EXPECT_LT(error_of(network, EmittedModel(network, EmittedForm::kOsdi)), 1e-4);
  }
}

TEST_F(RecurrentOsdi, AFrozenStateFails) {
  const ir::Network network = moving(testing::drawn_clustering(4), "clustering");
  EXPECT_GT(error_of(network, EmittedModel(frozen(network), EmittedForm::kOsdi)), 1e-2);
}

TEST(RecurrentSubcircuit, FollowsTheEquation) {
  for (const ir::Network& network : {moving(testing::drawn_clustering(4), "clustering"),
                                     moving(testing::drawn_low_rank(), "low_rank")}) {
    EXPECT_LT(error_of(network, EmittedModel(network, EmittedForm::kSubcircuit)), 1e-3);
  }
}

}  // namespace
}  // namespace psi_xlstm
