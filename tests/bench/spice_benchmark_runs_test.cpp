#include "bench/spice_benchmark_runs.hpp"

#include <gtest/gtest.h>

#include <utility>
#include <vector>

namespace psi_xlstm {
namespace {

SpiceRun measured(std::vector<double> seconds, const TransientCounters& counters) {
  SpiceRun run{.netlist = "", .options = {.max_step = 20e-9}, .simulator = {}};
  run.seconds = std::move(seconds);
  run.last.counters = counters;
  return run;
}

// 4 ms for 20 devices: per iteration of 1,000, per step of 400.
TEST(SpeedOf, AnArrayIsPerDeviceAndIterationOrStep) {
  const ArrayRun array{
      .model = "m",
      .devices = 20,
      .run = measured(
          {9e-3, 4e-3, 1e-3},
          {.accepted_points = 400, .rejected_points = 7, .iterations = 1000, .seconds = 1e-3})};
  const DeviceSpeed speed = speed_of(array);
  EXPECT_EQ(speed.model, "m");
  EXPECT_EQ(speed.devices, 20);
  EXPECT_DOUBLE_EQ(speed.total_s, 4e-3);
  EXPECT_DOUBLE_EQ(speed.ns_per_device_iteration, 200);
  EXPECT_EQ(speed.iterations, 1000);
  EXPECT_EQ(speed.rejected, 7);
  EXPECT_EQ(speed.time_points, 400);
  EXPECT_EQ(speed.step_s, 20e-9);
  EXPECT_EQ(speed.repetitions, 3);
  const WaveformSpeed along = speed_along_waveform(array);
  EXPECT_EQ(along.steps, 400);
  EXPECT_DOUBLE_EQ(along.ns_per_device_step, 500);
}

TEST(SpeedOf, ACrossbarStandsBesideItsResistors) {
  CrossbarRun crossbar{
      .n = 8,
      .student = measured({3, 1, 2}, {.rejected_points = 5, .iterations = 600}),
      .resistors = measured({0.5, 0.25, 0.75}, {.rejected_points = 1, .iterations = 300})};
  crossbar.student.last.messages = {"Warning: one", "Note: two", "warning: three"};
  const CrossbarSpeed speed = speed_of("m", crossbar);
  EXPECT_EQ(speed.n, 8);
  EXPECT_EQ(speed.model, "m");
  EXPECT_EQ(speed.total_s, 2);
  EXPECT_EQ(speed.plain_resistor_s, 0.5);
  EXPECT_EQ(speed.iterations, 600);
  EXPECT_EQ(speed.plain_resistor_iterations, 300);
  EXPECT_EQ(speed.rejected, 5);
  EXPECT_EQ(speed.warnings, 2);
  EXPECT_EQ(speed.max_step_s, 20e-9);
  EXPECT_EQ(speed.repetitions, 3);
}

// Not the last one: the largest, also between the samples of the other.
TEST(Difference, IsTheLargestOverTheLargestCurrent) {
  TransientResult a, b;
  a.time = {0, 1, 2, 3};
  a.vectors["i(vin)"] = {0, -4, 2, 1};
  b.time = {0, 2, 3};
  b.vectors["i(vin)"] = {0, 2, 1};  // 1 at time 1
  EXPECT_DOUBLE_EQ(difference(a, b), 5.0 / 4);
  EXPECT_EQ(difference(a, a), 0);
}

}  // namespace
}  // namespace psi_xlstm
