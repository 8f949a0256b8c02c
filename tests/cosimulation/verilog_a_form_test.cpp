// The path of the Verilog-A itself, around a stand-in for the compiler.

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "cosimulation/circuit_cosimulation.hpp"
#include "cosimulation/cosimulation.hpp"
#include "hdl/emitted_model.hpp"
#include "hdl/text/plan.hpp"
#include "psi_xlstm/core/error.hpp"
#include "simulators/ngspice/forms.hpp"
#include "simulators/ngspice/ngspice.hpp"
#include "simulators/ngspice/simulator.hpp"
#include "simulators/prepared.hpp"
#include "support/in_ngspice.hpp"
#include "support/needs_osdi.hpp"
#include "support/networks.hpp"
#include "support/stand_in_compiler.hpp"

namespace psi_xlstm {
namespace {

using testing::one_state;
using testing::StandInCompilers;

class VerilogAForm : public testing::NeedsOsdi {
 protected:
  StandInCompilers compilers_;
};

std::vector<std::string> paths(const std::vector<EmittedModel>& models) {
  std::vector<std::string> found;
  for (const EmittedModel& model : models) found.push_back(model.path());
  return found;
}

TEST_F(VerilogAForm, IsAPathOfItsOwn) {
  const ir::Network network = one_state();
  const SimulatorOptions simulator{.verilog_a_compiler = compilers_.twin("openvaf", network)};
  std::vector<NotRun> not_run;
  const auto models = prepared_models(network, Ngspice(simulator), {}, not_run);
  EXPECT_TRUE(not_run.empty());
  EXPECT_EQ(paths(models), (std::vector<std::string>{"subcircuit", "osdi", "verilog_a"}));
  const double g0 = hdl::plan_emission(network).default_conductance;
  const CosimReport report = cosimulate(network, {{}, {}, g0}, Ngspice(simulator), models.back());
  EXPECT_EQ(report.rows().size(), 12U);
  for (const CosimRow& row : report.rows()) {
    EXPECT_EQ(row.path, "verilog_a");
    // The stand-in compiles the twin of this network whatever text it gets, a frozen one too.
    if (row.stimulus.starts_with("negative control")) continue;
    EXPECT_TRUE(!row.passed || *row.passed)
        << row.stimulus << ": " << row.max_abs_err_over_fs.value_or(-1);
  }
  for (const std::string& warning : report.warnings) {
    EXPECT_NE(warning.find("frozen"), std::string::npos) << warning;
  }
}

// The compiled file is what is simulated: a compiler that makes another model is found out.
TEST_F(VerilogAForm, AWrongCompilerFails) {
  const ir::Network network = one_state();
  ir::Network wrong = network;
  testing::block(wrong, "target.bias")[0] += 0.05;
  const EmittedModel model(network, EmittedForm::kVerilogA, compilers_.twin("openvaf", wrong));
  const double g0 = hdl::plan_emission(network).default_conductance;
  const CosimCase sine = standard_cases(network, {}, g0).front();
  const CosimOutcome outcome = compare_transient(network, model, sine, Ngspice());
  EXPECT_EQ(outcome.reason, "");
  EXPECT_EQ(outcome.row.passed, std::optional<bool>(false));
  EXPECT_GT(outcome.row.max_abs_err_over_fs.value_or(0), 1e-3);
}

TEST_F(VerilogAForm, StandsInCircuits) {
  const ir::Network network = one_state();
  const Circuit circuit =
      parse_circuit("t\nv1 a 0 sin(0 1.2 10k)\nr1 a b 1k\nx1 b 0 device g0=2e-4\n.tran 100n 300u\n",
                    "loop", network);
  const CosimReport report = testing::in_ngspice(
      network, circuit, {}, {.verilog_a_compiler = compilers_.twin("openvaf", network)});
  EXPECT_TRUE(report.verdict().passed());
  int rows = 0;
  for (const CosimRow& row : report.rows()) rows += row.path == "verilog_a";
  EXPECT_EQ(rows, 5);
}

// No release takes an interface of the future: that is found by loading it.
TEST_F(VerilogAForm, ALibraryThatTheSimulatorRefusesIsLeftOut) {
  const SimulatorInfo info = simulator_info({});
  const ir::Network network = one_state();
  std::vector<NotRun> not_run;
  const auto models = prepared_models(
      network, Ngspice({.verilog_a_compiler = compilers_.twin("openvaf", network, 99)}), {},
      not_run);
  EXPECT_EQ(paths(models), (std::vector<std::string>{"subcircuit", "osdi"}));
  ASSERT_EQ(not_run.size(), 1U);
  EXPECT_EQ(not_run[0].path, "verilog_a");
  const std::string expected =
      "the Verilog-A compiler made an OSDI 0.99 library, which " + info.version + " cannot load: ";
  EXPECT_EQ(not_run[0].why.substr(0, expected.size()), expected);
  EXPECT_GT(not_run[0].why.size(), expected.size()) << "what ngspice says";
}

TEST_F(VerilogAForm, ACompilerThatFailsCostsOnlyItsPath) {
  const ir::Network network = one_state();
  const auto broken = compilers_.script("openvaf", "echo 'error: no' >&2; exit 1");
  std::vector<NotRun> not_run;
  const auto models =
      prepared_models(network, Ngspice({.verilog_a_compiler = broken}), {}, not_run);
  EXPECT_EQ(models.size(), 2U);
  ASSERT_EQ(not_run.size(), 1U);
  EXPECT_EQ(not_run[0].why, "one_state.va: expected " + broken.string() +
                                " to compile it, found: exit status 1: error: no");
}

TEST_F(VerilogAForm, LoadsWhatItCanRun) {
  const ir::Network network = one_state();
  EXPECT_EQ(problem_with_model(EmittedModel(network, EmittedForm::kSubcircuit), {}), "");
  EXPECT_EQ(problem_with_model(EmittedModel(network, EmittedForm::kOsdi), {}), "");
}

}  // namespace
}  // namespace psi_xlstm
