#include "cosimulation/traces.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <string>

#include "support/broken_files.hpp"

namespace psi_xlstm {
namespace {

namespace fs = std::filesystem;

fs::path file_named(const std::string& name) {
  return fs::path(::testing::TempDir()) / "traces_test" / name;
}

CosimOutcome traces() {
  CosimOutcome outcome;
  outcome.time = {0, 1e-9, 2e-6};
  outcome.voltage = {0, 0.5, 1.0 / 3};
  outcome.current = {0, 1e-5, 2e-5};
  outcome.reference = {1e-18, 1.1e-5, 2.1e-5};
  return outcome;
}

TEST(TraceFileName, HoldsNoCharacterOfTheStimulusThatAShellOrAFileSystemReads) {
  EXPECT_EQ(trace_file_name(CosimRow{.path = "subcircuit", .stimulus = "pulse train"}),
            "pulse_train.safetensors");
  EXPECT_EQ(trace_file_name(CosimRow{.path = "osdi", .stimulus = "start at 1.34 V"}),
            "osdi_start_at_1_34_V.safetensors");
  EXPECT_EQ(trace_file_name(CosimRow{.path = "subcircuit", .stimulus = "../../etc/$x"}),
            "device_______etc__x.safetensors");
}

TEST(SaveTraces, ReadsBackAsTheSameColumns) {
  const fs::path file = file_named("traces.safetensors");
  const CosimOutcome before = traces();
  save_traces(file, before);
  const CosimOutcome after = load_traces(file);
  EXPECT_EQ(after.time, before.time);
  EXPECT_EQ(after.voltage, before.voltage);
  EXPECT_EQ(after.current, before.current);
  EXPECT_EQ(after.reference, before.reference);
  EXPECT_TRUE(after.row.stimulus.empty());
}

TEST(LoadTraces, RefusesBrokenFilesAndMissingColumns) {
  testing::expect_broken_files_are_refused(
      file_named("broken_traces.safetensors"),
      [](const fs::path& file) { save_traces(file, traces()); }, load_traces);
  const fs::path file = file_named("trace_column.safetensors");
  for (const std::string name :
       {"time_s", "voltage_V", "simulator_current_A", "reference_current_A"}) {
    save_traces(file, traces());
    testing::without_tensor(file, name);
    EXPECT_EQ(testing::problem_with(load_traces, file),
              file.string() + ": expected a tensor \"" + name + "\", found none");
  }
}

}  // namespace
}  // namespace psi_xlstm
