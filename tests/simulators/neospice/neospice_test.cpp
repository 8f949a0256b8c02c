#include "simulators/neospice/neospice.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "cosimulation/cosimulation.hpp"
#include "hdl/text/plan.hpp"
#include "psi_xlstm/core/error.hpp"
#include "support/cosimulated_form.hpp"
#include "support/needs_simulators.hpp"
#include "support/networks.hpp"

namespace psi_xlstm {
namespace {

using testing::driven_by_a_sine;
using testing::StandInProgram;

DeviceTransient with(const std::string& body, double time_limit_s = 20) {
  const StandInProgram program("cat > /dev/null; " + body);
  return Neospice(program.file())
      .transient({testing::one_state(), EmittedForm::kSubcircuit}, driven_by_a_sine(),
                 {.stop_time = 1e-5, .max_step = 1e-7, .time_limit_s = time_limit_s});
}

TEST(Neospice, EveryModelPassesEveryCheck) {
  if (!testing::has_simulator(Neospice::found())) GTEST_SKIP() << "no neospice";
  for (const ir::Network& network :
       {testing::one_state(), testing::three_states(), testing::static_curve()}) {
    const CosimReport report =
        testing::cosimulated_form(network, {}, {}, hdl::plan_emission(network).default_conductance,
                                  Neospice(), EmittedForm::kSubcircuit);
    EXPECT_TRUE(report.verdict().passed()) << network.name << ": " << report.verdict().reason;
    for (const CosimRow& row : report.rows()) {
      EXPECT_EQ(row.form(), "neospice, subcircuit");
      EXPECT_TRUE(row.max_abs_err_over_fs) << row.stimulus;
    }
  }
  EXPECT_THROW(Neospice().prepared(testing::one_state(), EmittedForm::kOsdi), SpiceError);
}

TEST(Neospice, WhatItDoesWrongIsOneSentence) {
  EXPECT_EQ(with("echo '{\"problem\": \"no such node\"}'").reason, "neospice: no such node");
  EXPECT_EQ(with("exit 3").reason, "neospice: exit status 3");
  EXPECT_EQ(with("kill -SEGV $$").reason, "neospice: signal 11");
  EXPECT_TRUE(with("echo garbage").reason.starts_with("neospice gave no result: "));
  EXPECT_TRUE(
      with("echo '{\"current\": [\"a\"]}'").reason.starts_with("neospice gave no result: "));
  EXPECT_EQ(with("echo '{}'").reason, "neospice gave no current");
  EXPECT_EQ(with("echo '{\"axis\": [0, 1e-5], \"current\": [1]}'").reason,
            "neospice gave 1 currents at 2 points");
  EXPECT_EQ(with("echo '{\"axis\": [0, 1e-6], \"current\": [1, 2]}'").reason,
            "neospice stopped at 1e-06 s instead of 1e-05 s");
  const DeviceTransient late = with("sleep 60", 0.2);
  EXPECT_EQ(late.reason, "neospice did not finish within 0.2 s");
  EXPECT_TRUE(late.out_of_time);
}

TEST(Neospice, TakesWhatTheDriverSays) {
  const DeviceTransient run = with("echo '{\"axis\": [0, 1e-5], \"current\": [1, 2]}'");
  EXPECT_EQ(run.reason, "");
  EXPECT_EQ(run.time, (std::vector<double>{0, 1e-5}));
  EXPECT_EQ(run.current, (std::vector<double>{1, 2}));
}

}  // namespace
}  // namespace psi_xlstm
