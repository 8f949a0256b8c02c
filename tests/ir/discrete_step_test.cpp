#include "ir/discrete_step.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <string>
#include <vector>

#include "ir/dynamics.hpp"
#include "ir/network_io.hpp"
#include "psi_xlstm/core/error.hpp"
#include "support/every_operation.hpp"
#include "support/networks.hpp"
#include "support/recurrent_networks.hpp"
#include "support/static_devices.hpp"
#include "support/vector_operations.hpp"

namespace psi_xlstm::ir {
namespace {

struct Device {
  Network network;
  double step;  ///< Of the test, of the order of its time constants [s].
};

std::vector<Device> devices() {
  return {{testing::one_state(), 2e-5},
          {testing::three_states(), 2e-5},
          {testing::static_curve(), 1e-6},
          {testing::every_operation(2), 0.05},
          {testing::vector_operations(2), 0.3},
          {testing::random_student({.states = 2, .rates = 2, .state_gates = false}, 9), 1e-6},
          {testing::static_device(false), 0.1},
          {testing::static_device(true), 0.1},
          {testing::transistor(), 1e-10},
          {testing::with_charges(testing::three_states()), 2e-5},
          {at_start(testing::drawn_low_rank().network("low_rank"), 3.1e-4), 1e-6}};
}

// dQ/dt at sample k as the simulation takes it: of the parabola through the last three samples.
double displacement(const PortTrajectory& run,
                    const std::vector<double>& time,
                    std::size_t p,
                    std::size_t k) {
  if (run.charges.empty()) return 0;
  const std::vector<double>& q = run.charges[p];
  const double last = (q[k] - q[k - 1]) / (time[k] - time[k - 1]);
  if (k == 1) return last;
  const double before = (q[k - 1] - q[k - 2]) / (time[k - 1] - time[k - 2]);
  return last + (last - before) * (time[k] - time[k - 1]) / (time[k] - time[k - 2]);
}

// Step after step of the DAG against simulate(), on uneven steps.
TEST(DiscreteStep, IsTheStepOfTheSimulation) {
  for (const Device& device : devices()) {
    const std::vector<double> start = device.network.start == Start::kTied
                                          ? initial_state(device.network, 3e-4)
                                          : rest_state(device.network);
    const Network& network = device.network;
    const Network step = discrete_step(network);
    const std::size_t ports = network.ports.size();
    ASSERT_EQ(step.port_count(), 2 * network.port_count() + 1);
    std::vector<double> time = {0};
    for (int k = 0; k < 40; ++k) time.push_back(time.back() + device.step * (1 + k % 3));
    std::vector<std::vector<double>> voltages;
    for (std::size_t p = 0; p < ports; ++p) {
      voltages.push_back(testing::two_tones(time, p == 0 ? 0.6 : 0.3, 0.05 / device.step));
    }
    const PortTrajectory run = simulate(network, time, voltages, start);
    Evaluator evaluator(step);
    std::vector<double> c = start;
    for (std::size_t k = 1; k < time.size(); ++k) {
      std::vector<double> inputs;
      for (const auto& v : voltages) inputs.push_back(v[k - 1]);
      for (const auto& v : voltages) inputs.push_back(v[k]);
      inputs.push_back(time[k] - time[k - 1]);
      evaluator.evaluate(Part::kOutput, inputs, c);
      for (std::size_t p = 0; p < ports; ++p) {
        const double current = evaluator.value(step.current_node, static_cast<int>(ports + p));
        const double wanted = run.currents[p][k] - displacement(run, time, p, k);
        const double size = 1e-6 + std::abs(wanted) + std::abs(run.currents[p][k]);
        EXPECT_NEAR(current, wanted, 1e-11 * size) << network.name << ", step " << k;
        EXPECT_EQ(evaluator.value(step.current_node, static_cast<int>(p)), 0);
        if (run.charges.empty()) continue;
        const double charge = evaluator.value(step.charge_node, static_cast<int>(ports + p));
        EXPECT_NEAR(charge, run.charges[p][k], 1e-11 * std::abs(charge) + 1e-26) << network.name;
        EXPECT_EQ(evaluator.value(step.charge_node, static_cast<int>(p)), 0);
      }
      if (c.empty()) continue;
      evaluator.evaluate(Part::kDynamics, inputs, c);
      for (std::size_t s = 0; s < c.size(); ++s) {
        c[s] = evaluator.target(static_cast<int>(s));
        EXPECT_NEAR(c[s], run.states[s][k], 1e-12 * (1 + std::abs(c[s]))) << network.name;
      }
    }
  }
}

// A step of a millionth of the time constant moves the state by a millionth of the way, to many
// digits: 1 - exp(-x) is not taken as a difference.
TEST(DiscreteStep, KeepsItsDigitsWhereItIsShort) {
  const Network network = testing::one_state();
  const Network step = discrete_step(network);
  Evaluator whole(step), gates(network);
  const std::vector<double> c = {0.0}, v = {0.3};
  std::vector<double> derivative(1);
  state_derivative(gates, network, v, c, derivative);
  const double dt = 1e-14;
  whole.evaluate(Part::kDynamics, std::vector<double>{0.3, 0.3, dt}, c);
  EXPECT_NEAR(whole.target(0) / (dt * derivative[0]), 1, 1e-8);
}

// It is a network like any other: it can be written, read and bounded.
TEST(DiscreteStep, IsANetwork) {
  const Network step = discrete_step(testing::three_states());
  const std::string bytes = network_bytes(step, {});
  EXPECT_EQ(network_bytes(parse_network(bytes, "m").network, {}), bytes);
  EXPECT_EQ(step.ports, (std::vector<std::string>{"p_before", "p", "dt"}));
  EXPECT_EQ(step.box.voltage_max, (std::vector<double>{1, 1, 1e-6}));
}

TEST(DiscreteStep, RefusesAStartThatIsUnknown) {
  EXPECT_THROW(discrete_step(testing::drawn_low_rank().network("low_rank")), ShapeError);
}

}  // namespace
}  // namespace psi_xlstm::ir
