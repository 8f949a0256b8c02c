#include "simulators/registry/simulators.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <string>
#include <vector>

#include "psi_xlstm/core/error.hpp"

namespace psi_xlstm {
namespace {

// No programs but those of this process.
class WithoutPrograms : public ::testing::Test {
 protected:
  void SetUp() override {
    ::setenv("PATH", "/nowhere", 1);
    ::setenv("PSI_CACHE", "/nowhere", 1);
  }
  void TearDown() override {
    ::setenv("PATH", path_.c_str(), 1);
    ::unsetenv("PSI_CACHE");
  }
  std::string path_ = std::getenv("PATH");
};

std::vector<std::string> names_of(const Simulators& simulators) {
  std::vector<std::string> names;
  for (const auto& simulator : simulators) names.push_back(simulator->name());
  return names;
}

using Names = std::vector<std::string>;

TEST_F(WithoutPrograms, WhatIsMissingIsNamedWhereItWasAskedFor) {
  std::vector<NotRun> not_run;
  EXPECT_EQ(names_of(open_simulators({}, {}, not_run)), Names{"ngspice"});
  EXPECT_TRUE(not_run.empty());
  EXPECT_EQ(names_of(open_simulators({"all"}, {}, not_run)), Names{"ngspice"});
  ASSERT_EQ(not_run.size(), 7U);
  EXPECT_EQ(not_run[0].simulator, "vacask");
  EXPECT_EQ(not_run[0].why, "VACASK is not installed; scripts/simulators.sh does it");
  EXPECT_EQ(not_run[1].simulator, "neospice");
  EXPECT_EQ(not_run[2].simulator, "xyce");  // and the others that nothing here runs
  not_run.clear();
  EXPECT_TRUE(open_simulators({"neospice"}, {}, not_run).empty());
  EXPECT_EQ(not_run.size(), 1U);
  not_run.clear();
  EXPECT_TRUE(open_simulators({"spectre"}, {}, not_run).empty());
  ASSERT_EQ(not_run.size(), 1U);
  EXPECT_EQ(not_run[0].path, "verilog_a");
  EXPECT_EQ(not_run[0].why,
            "the file is written, its USE.md says how to use it, nothing here runs it");
}

TEST_F(WithoutPrograms, EachIsListedWithHowToGetIt) {
  const std::vector<SimulatorState> states = simulator_states({});
  ASSERT_EQ(states.size(), 3U);
  for (const SimulatorState& state : states) EXPECT_FALSE(state.reads.empty()) << state.name;
  EXPECT_EQ(states[2].problem, "neospice is not installed; scripts/simulators.sh does it");
}

TEST(OpenSimulators, RefusesAnotherName) {
  std::vector<NotRun> not_run;
  try {
    open_simulators({"ngspice", "spice3"}, {}, not_run);
    ADD_FAILURE() << "expected the name to be refused";
  } catch (const ConfigError& e) {
    EXPECT_STREQ(
        e.what(),
        "simulator: expected ngspice, vacask, neospice, xyce, ltspice, hspice, spectre, ads or "
        "all, found \"spice3\"");
  }
}

}  // namespace
}  // namespace psi_xlstm
