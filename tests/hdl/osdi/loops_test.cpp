// Compiled models of networks with wide layers: loops, tables, junctions.

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "core/rng.hpp"
#include "hdl/text/plan.hpp"
#include "ir/dynamics.hpp"
#include "ir/jacobian.hpp"
#include "support/osdi_checks.hpp"
#include "support/recurrent_networks.hpp"
#include "support/vector_operations.hpp"

namespace psi_xlstm::hdl {
namespace {

using testing::compiled;
using testing::kStatic;
using testing::kTransient;
using testing::OsdiDevice;
using testing::OsdiModel;

constexpr double kG0 = 3.1e-4;

std::vector<ir::Network> networks() {
  return {testing::drawn_clustering().network("clustering"),
          testing::drawn_low_rank().network("low_rank"),
          testing::drawn_teacher().network("teacher"), testing::vector_operations(1),
          testing::vector_operations(2)};
}

// A device at a point where its junctions are what the network computes there.
struct Point {
  Point(const ir::Network& unstarted, Rng& rng)
      : network(ir::at_start(unstarted, kG0)), plan(plan_emission(unstarted)) {
    const int ports = network.port_count(), states = network.state_count();
    for (int p = 0; p <= ports; ++p) v.push_back(0.3 * rng.normal());
    for (int p = 0; p < ports; ++p) port.push_back(v[at(p)] - v[at(ports)]);
    c = ir::initial_state(network, kG0);
    for (int s = 0; s < states; ++s) {
      v.push_back(0.3 * rng.normal());
      c[at(s)] += v.back() / plan.kappa[at(s)];
    }
    for (int s = 0; s < states; ++s) v.push_back(0.3 * rng.normal());
    ir::SparseJacobian jacobian(network);
    jacobian.evaluate(port, c);
    for (int id : network.unknowns) {
      for (int i = 0; i < network.node(id).width; ++i) v.push_back(jacobian.value(id, i));
    }
  }
  static std::size_t at(int index) { return static_cast<std::size_t>(index); }

  ir::Network network;
  EmissionPlan plan;
  std::vector<double> v, port, c;  ///< Node voltages, port voltages, states.
};

OsdiDevice device_of(const OsdiModel& model, const ir::Network& network) {
  OsdiDevice device(model);
  if (network.start == ir::Start::kNode) device.set("g0", kG0);
  EXPECT_EQ(device.setup(), 0U);
  return device;
}

TEST(OsdiLoops, ResidualsAreThoseOfTheNetwork) {
  for (const ir::Network& network : networks()) {
    const OsdiModel& model = compiled(network);
    OsdiDevice device = device_of(model, network);
    Rng rng(3);
    for (int n = 0; n < 10; ++n) {
      const Point point(network, rng);
      ASSERT_EQ(point.v.size(), device.nodes());
      ASSERT_EQ(device.evaluate(point.v, kTransient), 0U);
      const std::vector<double> f = device.residual();
      const auto ports = static_cast<std::size_t>(network.port_count());
      const auto states = static_cast<std::size_t>(network.state_count());
      ir::Evaluator evaluator(point.network);
      std::vector<double> derivative(states);
      ir::state_derivative(evaluator, point.network, point.port, point.c, derivative);
      evaluator.evaluate(ir::Part::kOutput, point.port, point.c);
      double total = 0, largest = 0;
      for (std::size_t p = 0; p < ports; ++p) {
        const double current = evaluator.value(network.current_node, static_cast<int>(p));
        EXPECT_NEAR(f[p], current, 1e-12 * std::abs(current)) << network.name;
        total += f[p];
      }
      EXPECT_NEAR(f[ports], -total, 1e-15 * std::abs(total));
      for (double d : derivative) largest = std::max(largest, std::abs(d));
      const double cx = point.plan.charge_capacitance, L = point.plan.rate_scale;
      for (std::size_t s = 0; s < states; ++s) {
        const double x = point.v[ports + 1 + s], r = point.v[ports + 1 + states + s];
        EXPECT_NEAR(f[ports + 1 + s], cx * (point.plan.leak_rate * x - L * r), 1e-14 * cx * L);
        const double kappa = point.plan.kappa[s];
        EXPECT_NEAR(f[ports + 1 + states + s], r - kappa * derivative[s] / L,
                    1e-12 * (1 + kappa * largest / L))
            << network.name << " " << s;
        EXPECT_EQ(device.charge()[ports + 1 + s], cx * x);
      }
      for (std::size_t k = ports + 1 + 2 * states; k < f.size(); ++k) EXPECT_NEAR(f[k], 0, 1e-13);
      EXPECT_NEAR(device.output("g") / evaluator.value(network.conductance().node), 1, 1e-12);
    }
  }
}

// In every column.
TEST(OsdiLoops, TheJacobianIsTheDerivativeOfTheResidual) {
  for (const ir::Network& network : networks()) {
    OsdiDevice device = device_of(compiled(network), network);
    Rng rng(4);
    for (std::uint32_t flags : {kStatic, kTransient}) {
      testing::expect_derivatives_of_the_residual(device, Point(network, rng).v, flags,
                                                  network.name);
    }
  }
}

TEST(OsdiLoops, ParametersActAsTheySay) {
  for (const ir::Network& network : networks()) {
    Rng rng(6);
    const std::vector<double> v = Point(network, rng).v;
    testing::expect_scaled_currents(compiled(network), network, v);
    testing::expect_scaled_times(compiled(network), network, v);
    testing::expect_held_state(compiled(network), network, v);
  }
}

// The derivatives of current and junctions to the last digits.
TEST(OsdiLoops, TheJacobianIsThatOfTheInterpreter) {
  for (const ir::Network& network : networks()) {
    const OsdiModel& model = compiled(network);
    OsdiDevice device = device_of(model, network);
    Rng rng(5);
    const Point point(network, rng);
    device.evaluate(point.v, kTransient);
    const int ports = network.port_count(), states = network.state_count();
    ir::SparseJacobian jacobian(point.network, ir::Unknowns::kInputs);
    jacobian.evaluate(point.port, point.c);
    int row = ports + 1 + 2 * states;
    const auto check = [&](int node, int element, int at_row, double sign) {
      for (int input = 0; input < ports + states; ++input) {
        double expected = sign * jacobian.derivative(node, element, input);
        const int s = input - ports;
        if (s >= 0) expected /= point.plan.kappa[Point::at(s)];
        const int column = s < 0 ? input : ports + 1 + s;
        // 1e-15: what the last digit of a saturated gate is worth
        EXPECT_NEAR(device.resist(Point::at(at_row), Point::at(column)), expected,
                    1e-12 * std::max(1e-3, std::abs(expected)))
            << network.name << " " << node << " " << element << " by " << input;
      }
    };
    check(network.current_node, 0, 0, 1);
    for (int id : network.unknowns) {
      for (int i = 0; i < network.node(id).width; ++i) check(id, i, row++, -1);
    }
  }
}

TEST(OsdiLoops, WarnsOutsideTheTrainedConductances) {
  const ir::Network network = testing::drawn_low_rank().network("low_rank");
  const OsdiModel& model = compiled(network);
  OsdiDevice device(model);
  device.set("g0", 1e-2);
  testing::osdi_messages().clear();
  EXPECT_EQ(device.setup(), 0U);
  ASSERT_EQ(testing::osdi_messages().size(), 1U);
  EXPECT_EQ(testing::osdi_messages()[0],
            "3 warning: g0: expected a conductance that the states can hold, 100 uS to 1.00 mS, "
            "found 0.01\n");
  OsdiDevice wrong(model);
  wrong.set("g0", -1);
  EXPECT_EQ(wrong.setup(), static_cast<std::uint32_t>(OSDI_RETURN_FATAL));
}

TEST(OsdiLoops, TimeConstantsAreThoseOfTheLayers) {
  const ir::Network network = testing::drawn_low_rank().network("low_rank");
  const OsdiModel& model = compiled(network);
  OsdiDevice device(model);
  device.setup();
  const std::vector<double> rest(device.nodes(), 0.0);
  device.evaluate(rest, kTransient);
  const std::vector<double> expected =
      ir::zero_bias_time_constants(network, network.conductance().scale);
  ASSERT_EQ(expected.size(), 4U);
  for (int k = 0; k < 2; ++k) {  // the first layer does not see the junctions, which are 0 here
    const std::string name = "tau_" + std::to_string(k + 1);
    EXPECT_NEAR(device.output(name) / expected[Point::at(k)], 1, 1e-12);
  }
}

}  // namespace
}  // namespace psi_xlstm::hdl
