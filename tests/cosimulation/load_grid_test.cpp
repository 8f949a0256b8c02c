// Emitted models behind every resistor from 1 ohm to 1 Gohm, with 1 pF to 1 uF beside them.

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <memory>
#include <string>
#include <vector>

#include "cosimulation/circuit_cosimulation.hpp"
#include "fit/compact_student.hpp"
#include "hdl/text/plan.hpp"
#include "simulators/ngspice/ngspice.hpp"
#include "simulators/vacask/vacask.hpp"
#include "support/needs_osdi.hpp"
#include "support/networks.hpp"
#include "support/trained_networks.hpp"

namespace psi_xlstm {
namespace {

constexpr double kLoadLimit = 1e-3;  // of full scale

// One period of a sine as the model was trained with, at its ends the whole training voltage.
Circuit circuit_with(const ir::Network& network, const std::string& load) {
  const ir::TrainingBox& box = network.box;
  const double frequency = box.drive_frequency > 0 ? box.drive_frequency : 2 / box.duration;
  const double step = 0.002 / frequency;
  return parse_circuit(
      fmt::format("a load\nvin in 0 sin(0 {} {})\nxcell p 0 device\n{}.tran {} {} 0 {}\n",
                  box.voltage_max[0], frequency, load, 2 * step, 1 / frequency, step),
      "load", network);
}

// A simulator with a form that it runs.
struct Candidate {
  std::unique_ptr<Simulator> simulator;
  EmittedForm form;
};

std::vector<Candidate> candidates() {
  std::vector<Candidate> all;
  all.push_back({std::make_unique<Ngspice>(), EmittedForm::kSubcircuit});
  if (testing::missing_osdi().empty()) {
    all.push_back({std::make_unique<Ngspice>(), EmittedForm::kOsdi});
  }
  if (Vacask::found()) all.push_back({std::make_unique<Vacask>(), EmittedForm::kOsdi});
  return all;
}

void expect_every_load_to_work(const ir::Network& network) {
  double worst = 0;
  for (const Candidate& candidate : candidates()) {
    const Simulator& simulator = *candidate.simulator;
    const EmittedModel model = simulator.prepared(network, candidate.form);
    for (const char* resistance : {"1", "30", "1k", "30k", "1meg", "30meg", "1g"}) {
      for (const char* capacitance : {"1p", "100p", "10n", "1u"}) {
        const std::string load = fmt::format("rs in p {}\ncl p 0 {}\n", resistance, capacitance);
        const std::string where =
            fmt::format("{}, {}, {}: {}", network.name, simulator.name(), model.path(), load);
        const Circuit circuit = circuit_with(network, load);
        const CircuitRun run = run_circuit(circuit, model, circuit.max_step, {}, simulator);
        EXPECT_EQ(run.reason, "") << where;
        if (!run.usable()) continue;
        CircuitReferenceOptions options;
        options.max_step = 20 * circuit.max_step;
        options.default_conductance = hdl::plan_emission(network).default_conductance;
        const CircuitSolution solution = solve_circuit(circuit, network, run.time, options);
        ASSERT_EQ(solution.reason, "") << where;
        const double currents = largest_error(solution.devices, run.devices).over_full_scale;
        const double voltages = largest_error(solution.nodes, run.nodes).over_full_scale;
        EXPECT_LE(currents, kLoadLimit) << where;
        EXPECT_LE(voltages, kLoadLimit) << where;
        worst = std::max({worst, currents, voltages});
      }
    }
  }
  if (std::getenv("PSI_SHOW_ERRORS") != nullptr) {
    std::printf("%s: %.3g\n", network.name.c_str(), worst);
  }
}

// Slow, with a curve I(V) at a fixed state and rates far above those of its drive, as a fit to a
// commercial device at 10 Hz leaves them.
ir::Network measured_device() {
  ir::Network network =
      fit::build_compact_student({.states = 1, .features = 3, .static_features = 2},
                                 {.conductance = 5e-5, .voltage = 0.7, .step = 5e-4}, "measured");
  testing::set_block(network, "features.weight", {6.1, 0.31, 4.7, -0.63, 7.4, 0.18});
  testing::set_block(network, "features.bias", {2.8, 0.25, -2.6});
  testing::set_block(network, "forget_gate.weight", {2.1, 0.35, -2.4});
  testing::set_block(network, "forget_gate.bias", {2.6});
  testing::set_block(network, "target.weight", {0.51, 0.72, 0.47});
  testing::set_block(network, "target.bias", {-0.14});
  testing::set_block(network, "readout.weight", {2.2});
  testing::set_block(network, "readout.bias", {0.3});
  testing::set_block(network, "static.weight", {1.9, 2.6});
  testing::set_block(network, "static.bias", {0.7, -1.2});
  testing::set_block(network, "static.gain", {0.45, -0.3});
  network.box = {.voltage_min = {-0.7},
                 .voltage_max = {0.26},
                 .conductance_min = 5e-6,
                 .conductance_max = 4.3e-4,
                 .step_max = 5e-4,
                 .duration = 0.1,
                 .drive_frequency = 10,
                 .median_rate = 100,
                 .fastest_rate = 7600};
  return network;
}

TEST(LoadGrid, OneState) { expect_every_load_to_work(testing::one_state()); }
TEST(LoadGrid, ThreeStates) { expect_every_load_to_work(testing::three_states()); }
TEST(LoadGrid, StaticCurve) { expect_every_load_to_work(testing::static_curve()); }
TEST(LoadGrid, Measured) { expect_every_load_to_work(measured_device()); }
TEST(LoadGrid, TrainedModel) { expect_every_load_to_work(testing::published_student()); }

}  // namespace
}  // namespace psi_xlstm
