#include "simulators/vacask/vacask.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>
#include <memory>
#include <string>
#include <vector>

#include "core/atomic_file.hpp"
#include "core/cache_folder.hpp"
#include "core/process.hpp"
#include "core/temporary_folder.hpp"
#include "cosimulation/circuit_cosimulation.hpp"
#include "cosimulation/comparison.hpp"
#include "cosimulation/cosimulation.hpp"
#include "data/readers/spice_raw.hpp"
#include "hdl/model_files.hpp"
#include "hdl/text/plan.hpp"
#include "hdl/usage.hpp"
#include "hdl/verilog_a.hpp"
#include "hdl/verilog_a_compiler.hpp"
#include "ir/dynamics.hpp"
#include "psi_xlstm/core/error.hpp"
#include "simulators/registry/simulators.hpp"
#include "support/needs_simulators.hpp"
#include "support/networks.hpp"
#include "support/recurrent_networks.hpp"

namespace psi_xlstm {
namespace {

using testing::driven_by_a_sine;
using testing::StandInProgram;

// One that is there, and the compiler that it needs.
bool usable() {
  return testing::has_simulator(Vacask::found() && hdl::verilog_a_compiler({}).has_value());
}

// A model that no stand-in looks at.
EmittedModel some_model() { return {testing::one_state(), EmittedForm::kOsdi}; }

DeviceTransient with(const std::string& body, double time_limit_s = 20) {
  const StandInProgram program(body);
  return Vacask({.program = program.file()})
      .transient(some_model(), driven_by_a_sine(),
                 {.stop_time = 1e-5, .max_step = 1e-7, .time_limit_s = time_limit_s});
}

// The text of a raw file of one plot with the variables time and a current.
std::string raw_file(const std::string& points) {
  return "printf 'Title: x\\nPlotname: Transient Analysis\\nFlags: real\\nNo. Variables: 2\\n"
         "No. Points: 2\\nVariables:\\n\\t0\\ttime\\tnotype\\n\\t1\\tvin1:flow(br)\\tnotype\\n" +
         points + "' > result.raw";
}

TEST(Vacask, EveryModelPassesEveryCheck) {
  if (!usable()) GTEST_SKIP() << "no VACASK with openvaf-r";
  for (const ir::Network& network :
       {testing::one_state(), testing::three_states(), testing::static_curve()}) {
    Simulators simulators;
    simulators.push_back(std::make_unique<Vacask>());
    const CosimReport report = cosimulate_all(
        network, {}, {}, hdl::plan_emission(network).default_conductance, simulators);
    EXPECT_TRUE(report.verdict().passed()) << network.name << ": " << report.verdict().reason;
    EXPECT_EQ(report.left_out(), "");
    int compiled = 0;
    for (const CosimRow& row : report.rows()) {
      compiled += row.form() == "vacask, osdi" ? 1 : 0;
      EXPECT_TRUE(row.max_abs_err_over_fs) << row.stimulus;
      // Operating point, DC sweep and AC of both forms, against the closed form.
      if (row.limit && !row.correlation) {
        EXPECT_LE(row.max_abs_err_over_fs.value_or(1), 1e-9)
            << network.name << ": " << row.stimulus;
      }
      if (row.limit && row.correlation) {
        EXPECT_LE(row.max_abs_err_over_fs.value_or(1), 1e-4)
            << network.name << ": " << row.stimulus;
      }
    }
    EXPECT_EQ(2 * compiled, static_cast<int>(report.rows().size()));
  }
}

// Operating point, DC sweep and AC against the closed form.
void expect_static(const std::vector<CosimRow>& rows, const std::string& name) {
  for (const CosimRow& row : rows) {
    if (!row.limit || row.correlation) continue;
    const double most = row.stimulus.starts_with("ac ") ? 1e-7 : 1e-9;
    EXPECT_LE(row.max_abs_err_over_fs.value_or(1), most) << name << ": " << row.stimulus;
  }
}

EmittedModel cut_into_nodes(const ir::Network& network) {
  return {network, EmittedForm::kVerilogA, {}, hdl::OsdiRelease::k04, hdl::VerilogAShape::kNodes};
}

// It knows modules by lower case alone.
TEST(Vacask, RunsAModelOfAnyName) {
  if (!usable()) GTEST_SKIP() << "no VACASK with openvaf-r";
  ir::Network network = testing::one_state();
  network.name = "Device_1p0V_M1";
  const Vacask vacask;
  for (const EmittedForm form : {EmittedForm::kOsdi, EmittedForm::kVerilogA}) {
    EXPECT_NO_THROW(vacask.prepared(network, form));
  }
}

// The Verilog-A of large networks, of a small one.
TEST(Vacask, RunsWhatIsCutIntoNodes) {
  if (!usable()) GTEST_SKIP() << "no VACASK with openvaf-r";
  for (const ir::Network& network : {testing::one_state(), testing::three_states()}) {
    const CosimReport report =
        cosimulate(network, {{}, {}, hdl::plan_emission(network).default_conductance}, Vacask(),
                   cut_into_nodes(network));
    EXPECT_TRUE(report.verdict().passed()) << network.name << ": " << report.verdict().reason;
    expect_static(report.rows(), network.name);
    for (const CosimRow& row : report.rows()) {
      if (!row.limit || !row.correlation) continue;
      EXPECT_LE(row.max_abs_err_over_fs.value_or(1), 1e-4) << network.name << ": " << row.stimulus;
    }
  }
}

// Sums over rows of a memory, norms and gates, from another start than the default.
TEST(Vacask, RunsRecurrentNetworksCutIntoNodes) {
  if (!usable()) GTEST_SKIP() << "no VACASK with openvaf-r";
  constexpr double kStart = 3.1e-4;
  for (const ir::Network& network : {testing::drawn_clustering(4).network("clustering"),
                                     testing::drawn_low_rank().network("low_rank"),
                                     testing::drawn_teacher().network("teacher")}) {
    const ir::Network started = ir::at_start(network, kStart);
    const EmittedModel model = cut_into_nodes(network);
    CosimCase sine;
    sine.name = "sine";
    sine.stimulus.terms = {SineTerm{.amplitude = 1, .frequency = 1e5}};
    sine.stop_time = 2e-5;
    sine.max_step = 1e-8;
    sine.conductance = kStart;
    sine.limit = 1e-4;
    const CosimOutcome outcome = compare_transient(started, model, sine, Vacask());
    EXPECT_EQ(outcome.reason, "") << network.name;
    EXPECT_LE(outcome.row.max_abs_err_over_fs.value_or(1), sine.limit) << network.name;
    EXPECT_GT(outcome.conductance_swing, 0.005) << network.name;
    expect_static(static_checks(started, model, {}, kStart, Vacask()), network.name);
  }
}

TEST(Vacask, ReadsCompiledModelsOfItsReleaseAndNothingElse) {
  if (!usable()) GTEST_SKIP() << "no VACASK with openvaf-r";
  EXPECT_THROW(Vacask().prepared(testing::one_state(), EmittedForm::kSubcircuit), SpiceError);
  // Our own library has the older interface: refused, not crashed.
  const DeviceTransient run =
      Vacask().transient(some_model(), driven_by_a_sine(), {.stop_time = 1e-5, .max_step = 1e-7});
  EXPECT_EQ(run.reason, "VACASK: Failed to retrieve OSDI descriptor size.");
  EXPECT_FALSE(run.out_of_time);
}

TEST(Vacask, WhatItDoesWrongIsOneSentence) {
  EXPECT_EQ(with("echo 'Parameter x not found.'; exit 1").reason.substr(0, 21),
            "VACASK: exit status 1");
  EXPECT_EQ(with("kill -SEGV $$").reason, "VACASK: signal 11");
  EXPECT_EQ(with("exit 0").reason, "VACASK wrote no result");
  EXPECT_EQ(with("echo nonsense > result.raw").reason.substr(0, 26), "result of VACASK: expected");
  EXPECT_EQ(with(raw_file("Values:\\n0 0\\n 1\\n1 1e-6\\n 2\\n")).reason,
            "VACASK stopped at 1e-06 s instead of 1e-05 s");
  const DeviceTransient late = with("sleep 60", 0.2);
  EXPECT_EQ(late.reason, "VACASK did not finish within 0.2 s");
  EXPECT_TRUE(late.out_of_time);
}

TEST(Vacask, TakesTheCurrentIntoTheDevice) {
  const DeviceTransient run = with(raw_file("Values:\\n0 0\\n 1\\n1 1e-5\\n 2\\n"));
  EXPECT_EQ(run.reason, "");
  EXPECT_EQ(run.time, (std::vector<double>{0, 1e-5}));
  EXPECT_EQ(run.current, (std::vector<double>{-1, -2}));
}

// Of the first order at the start and behind every corner: with first steps of its own the errors
// are ten and a hundred times as large.
TEST(Vacask, StartsWithShortSteps) {
  if (!usable()) GTEST_SKIP() << "no VACASK with openvaf-r";
  const ir::Network network = testing::one_state();
  const Vacask vacask;
  const EmittedModel model = vacask.prepared(network, EmittedForm::kOsdi);
  const Circuit circuit = parse_circuit(
      "t\nv1 a 0 pulse(-0.2 1.2 1u 100n 100n 4u 10u)\nr1 a p 50\nx1 p out device g0=2e-4\n"
      "r2 out 0 500\nc1 out 0 1n\n.tran 10n 30u 0 10n\n",
      "load", network);
  const CircuitRun run = run_circuit(circuit, model, 0, {}, vacask);
  ASSERT_EQ(run.reason, "");
  const CircuitSolution solution =
      solve_circuit(circuit, network, run.time, {.max_step = 2e-7, .default_conductance = 2e-4});
  ASSERT_EQ(solution.reason, "");
  EXPECT_LT(largest_error(solution.nodes, run.nodes).over_full_scale, 1e-4);
}

// Of the first order behind every corner of a table, it gets shorter steps there.
TEST(Vacask, TakesShorterStepsAlongATable) {
  const StandInProgram program("grep -o 'maxstep=.*' circuit.sim >&2; exit 1");
  const Vacask vacask({.program = program.file()});
  TestCircuit circuit = driven_by_a_sine();
  const TransientSettings settings{.stop_time = 1e-5, .max_step = 3e-7};
  EXPECT_NE(vacask.transient(some_model(), circuit, settings).reason.find("maxstep=3e-07"),
            std::string::npos);
  circuit.stimulus.terms = {VoltageTable{{0, 1e-6, 2e-6}, {0, 1, 0}}};
  EXPECT_NE(vacask.transient(some_model(), circuit, settings).reason.find("maxstep=1e-07"),
            std::string::npos);
}

// The lines of the usage page as they are written down, between sources.
TEST(Vacask, RunsTheLinesOfTheUsagePage) {
  if (!usable()) GTEST_SKIP();
  const ir::Network network = testing::one_state();
  const TemporaryFolder folder("usage");
  hdl::write_model_files(network, folder.path(), "", {hdl::OsdiRelease::k04});
  std::string recipe;
  for (const hdl::UsageRecipe& r : hdl::usage_recipes(network, "", false)) {
    if (r.simulator == "VACASK") recipe = r.text;
  }
  write_file(folder.path() / "circuit.sim",
             "title\nmodel source vsource\n"
             "vp (p 0) source dc=0 type=\"sine\" sinedc=0 ampl=1 freq=5k\nvn (n 0) source dc=0\n" +
                 recipe);
  const ProgramOutcome run = run_program(
      {installed_program("PSI_VACASK", "vacask").string(), "-sp", "-n", "1", "circuit.sim"}, "", 60,
      {.folder = folder.path(), .temporary = folder.path()});
  EXPECT_TRUE(run.succeeded()) << run.errors << run.output;
  const RawPlot plot = raw_plots(read_file(folder.path() / "tran1.raw"), "tran1").front();
  EXPECT_NEAR(plot.real.at(0).back(), network.box.duration, 0.01 * network.box.duration);
}

TEST(Vacask, IsSaidToBeMissing) {
  const std::string path = std::getenv("PATH");
  ::setenv("PATH", "/nowhere", 1);
  ::setenv("PSI_CACHE", "/nowhere", 1);
  EXPECT_FALSE(Vacask::found());
  try {
    Vacask{};
    ADD_FAILURE() << "expected none to be found";
  } catch (const SpiceError& e) {
    EXPECT_STREQ(e.what(), "VACASK is not installed; scripts/simulators.sh does it");
  }
  ::unsetenv("PSI_CACHE");
  ::setenv("PATH", path.c_str(), 1);
}

}  // namespace
}  // namespace psi_xlstm
