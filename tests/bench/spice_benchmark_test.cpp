#include "bench/spice_benchmark.hpp"

#include <gtest/gtest.h>

#include <set>

#include "hdl/emitted_model.hpp"
#include "psi_xlstm/core/error.hpp"
#include "simulators/ngspice/forms.hpp"
#include "simulators/ngspice/simulator.hpp"
#include "support/networks.hpp"

namespace psi_xlstm {
namespace {

SpiceBenchmarkOptions small() {
  return {.devices = {1, 20},
          .crossbars = {4},
          .waveforms = {1},
          .repetitions = 1,
          .stop_time = 12e-6,
          .waveform_length = 10e-6,
          .simulator = {.time_limit_s = 60}};
}

SpiceProgress silent() {
  return [](double, const std::string&) {};
}

std::set<std::string> models_of(const SpiceBenchmark& benchmark) {
  std::set<std::string> models;
  for (const DeviceSpeed& s : benchmark.device) models.insert(s.model);
  return models;
}

void expect_plausible(const SpiceBenchmark& benchmark) {
  for (const DeviceSpeed& s : benchmark.device) {
    SCOPED_TRACE(s.model);
    EXPECT_GT(s.time_points, 1000);  // 1200 steps of 10 ns, and those after breakpoints
    EXPECT_GT(s.iterations, 3 * s.time_points / 2);
    EXPECT_LT(s.iterations, 6 * s.time_points);
    EXPECT_GE(s.rejected, 0);
    EXPECT_GT(s.total_s, 0);
    EXPECT_DOUBLE_EQ(s.ns_per_device_iteration, 1e9 * s.total_s / (s.devices * s.iterations));
    EXPECT_EQ(s.step_s, 10e-9);
    EXPECT_EQ(s.repetitions, 1);
  }
}

TEST(SpiceBenchmark, MeasuresEveryDeviceAndTheFormsOfOneAgree) {
  if (const std::string problem = problem_with_osdi({}); !problem.empty()) GTEST_SKIP() << problem;
  const SpiceBenchmark b = spice_benchmark(testing::one_state(), "a test", small(), silent());
  EXPECT_EQ(problem_of(b), "");
  EXPECT_EQ(models_of(b),
            (std::set<std::string>{"student_m3_osdi", "student_m3_subcircuit", "vteam_osdi",
                                   "vteam_subcircuit", "diode", "bsim4", "rc"}));
  EXPECT_EQ(b.device.size(), 14U);
  expect_plausible(b);
  ASSERT_EQ(b.agreement.size(), 4U);
  for (const FormAgreement& a : b.agreement) {
    EXPECT_LE(a.difference, 2e-4) << a.model << " " << a.devices;
    EXPECT_GT(a.difference, 0) << a.model << " was compared with itself";
  }
  EXPECT_EQ(b.conditions.student, "a test");
  EXPECT_EQ(b.conditions.left_out, "");
}

TEST(SpiceBenchmark, MeasuresCrossbarsAndThePublishedDrive) {
  if (const std::string problem = problem_with_osdi({}); !problem.empty()) GTEST_SKIP() << problem;
  SpiceBenchmarkOptions options = small();
  options.devices.clear();
  const SpiceBenchmark b = spice_benchmark(testing::one_state(), "a test", options, silent());
  EXPECT_EQ(problem_of(b), "");
  ASSERT_EQ(b.crossbar.size(), 1U);
  const CrossbarSpeed& c = b.crossbar.front();
  EXPECT_EQ(c.n, 4);
  EXPECT_EQ(c.model, "student_m3_osdi");
  EXPECT_GT(c.total_s, 0);
  EXPECT_GT(c.plain_resistor_s, 0);
  EXPECT_GT(c.iterations, 1000);  // 500 steps of 20 ns
  EXPECT_GT(c.plain_resistor_iterations, 1000);
  EXPECT_EQ(c.warnings, 0);
  ASSERT_EQ(b.waveform.size(), 1U);
  EXPECT_GT(b.waveform.front().steps, 200);  // of 50 ns
  EXPECT_GT(b.waveform.front().ns_per_device_step, 0);
}

TEST(SpiceBenchmark, LeavesOutWhatNeedsOsdiAndSaysSo) {
  SpiceBenchmarkOptions options = small();
  options.devices = {1};
  options.simulator.library = "libngspice.so.0";
  if (problem_with_osdi(options.simulator).empty()) GTEST_SKIP() << "the installed one has OSDI";
  const SpiceBenchmark b = spice_benchmark(testing::one_state(), "a test", options, silent());
  EXPECT_EQ(models_of(b), (std::set<std::string>{"student_m3_subcircuit", "vteam_subcircuit",
                                                 "diode", "bsim4", "rc"}));
  expect_plausible(b);
  EXPECT_TRUE(b.crossbar.empty() && b.waveform.empty() && b.agreement.empty());
  EXPECT_NE(b.conditions.left_out.find("has no OSDI"), std::string::npos) << b.conditions.left_out;
  EXPECT_EQ(problem_of(b), "");
}

TEST(SpiceBenchmark, RefusesAModelWithoutStates) {
  try {
    spice_benchmark(testing::static_curve(), "a test", small(), silent());
    FAIL() << "expected a ConfigError";
  } catch (const ConfigError& e) {
    EXPECT_STREQ(e.what(),
                 "benchmark: expected a model with one port, states and a conductance g0 at the "
                 "start, found static_curve with 1 ports and 0 states");
  }
}

TEST(SpiceBenchmark, ASimulationWithoutAResultIsAFailure) {
  SpiceBenchmarkOptions options = small();
  options.devices = {20};
  options.stop_time = 1;  // [s]: minutes of work
  options.simulator.time_limit_s = 1;
  options.simulator.library = "libngspice.so.0";
  ir::Network student = testing::one_state();
  if (problem_with_osdi(options.simulator).empty()) GTEST_SKIP() << "the installed one has OSDI";
  const SpiceBenchmark b = spice_benchmark(student, "a test", options, silent());
  EXPECT_TRUE(b.device.empty());
  ASSERT_EQ(b.failures.size(), 5U);
  EXPECT_EQ(b.failures.front(), "20 x student_m3_subcircuit: ngspice did not finish within 1 s");
  EXPECT_EQ(problem_of(b), b.failures.front());
}

TEST(SpiceBenchmark, FormsThatDifferAreAProblem) {
  SpiceBenchmark b;
  b.agreement = {{"a_osdi", "a_subcircuit", 20, 1e-3}};
  EXPECT_EQ(problem_of(b), "");
  b.agreement.push_back({"b_osdi", "b_subcircuit", 1, 0.25});
  EXPECT_EQ(problem_of(b),
            "currents of b_osdi and b_subcircuit, N = 1: expected a difference of at most 2e-03 of "
            "full scale, found 2.5e-01");
}

}  // namespace
}  // namespace psi_xlstm
