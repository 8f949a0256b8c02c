#include "hdl/osdi/osdi.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <thread>
#include <vector>

#include "core/rng.hpp"
#include "hdl/text/plan.hpp"
#include "ir/dynamics.hpp"
#include "ir/jacobian.hpp"
#include "support/every_operation.hpp"
#include "support/networks.hpp"
#include "support/osdi_checks.hpp"
#include "support/static_devices.hpp"
#include "support/vector_operations.hpp"

namespace psi_xlstm::hdl {
namespace {

using testing::compiled;
using testing::drawn_voltages;
using testing::every_operation;
using testing::kStatic;
using testing::kTransient;
using testing::one_state;
using testing::OsdiDevice;
using testing::OsdiModel;
using testing::three_states;

std::vector<ir::Network> compiled_networks() {
  std::vector<ir::Network> list = {one_state(),
                                   three_states(),
                                   testing::static_curve(),
                                   every_operation(1),
                                   every_operation(3),
                                   testing::slow_device(),
                                   testing::fast_device(),
                                   testing::static_device(false),
                                   testing::static_device(true),
                                   testing::with_charges(three_states()),
                                   testing::with_charges(every_operation(3))};
  list.push_back(every_operation(2));  // with states, without a conductance
  list.back().name = "no_conductance";
  list.back().role.reset();
  for (StudentHead head : {StudentHead::kSoftplus, StudentHead::kAffine}) {
    list.push_back(testing::random_student(
        {.states = 2, .rates = 2, .features = 6, .static_features = 2, .head = head}, 5));
    list.back().box = {.voltage_min = {-1},
                       .voltage_max = {1},
                       .conductance_min = 1e-4,
                       .conductance_max = 1e-3,
                       .duration = 1e-4,
                       .median_rate = 2e5,
                       .fastest_rate = 1e6};
  }
  return list;
}

// What a device should give at node voltages v: f, q, by the interpreter.
struct Expected {
  Expected(const ir::Network& network, const std::vector<double>& v, double g0) {
    const EmissionPlan plan = plan_emission(network);
    const auto ports = static_cast<std::size_t>(network.port_count());
    const auto states = static_cast<std::size_t>(network.state_count());
    std::vector<double> port(ports), c = ir::initial_state(network, g0);
    for (std::size_t p = 0; p < ports; ++p) port[p] = v[p] - v[ports];
    for (std::size_t s = 0; s < states; ++s) c[s] += v[ports + 1 + s] / plan.kappa[s];
    ir::Evaluator evaluator(network);
    std::vector<double> derivative(states);
    if (states > 0) ir::state_derivative(evaluator, network, port, c, derivative);
    evaluator.evaluate(ir::Part::kOutput, port, c);
    residual.assign(v.size(), 0.0);
    charge.assign(v.size(), 0.0);
    for (std::size_t p = 0; p < ports; ++p) {
      residual[p] = evaluator.value(network.current_node, static_cast<int>(p));
      residual[ports] -= residual[p];
      if (network.charge_node < 0) continue;
      charge[p] = evaluator.value(network.charge_node, static_cast<int>(p));
      charge[ports] -= charge[p];
    }
    const double cx = plan.charge_capacitance;
    for (std::size_t s = 0; s < states; ++s) {
      const double x = v[ports + 1 + s], r = v[ports + 1 + states + s];
      residual[ports + 1 + s] = cx * (plan.leak_rate * x - plan.rate_scale * r);
      charge[ports + 1 + s] = cx * x;
      residual[ports + 1 + states + s] = r - plan.kappa[s] * derivative[s] / plan.rate_scale;
    }
    if (network.role) conductance = evaluator.value(network.role->node);
    state = c;
  }
  std::vector<double> residual, charge, state;
  double conductance = 0;
};

double start_of(const ir::Network& network) { return plan_emission(network).default_conductance; }

void expect_near(const std::vector<double>& found,
                 const std::vector<double>& expected,
                 double relative,
                 const std::string& what) {
  ASSERT_EQ(found.size(), expected.size());
  double scale = 1e-30;
  for (double x : expected) scale = std::max(scale, std::abs(x));
  for (std::size_t i = 0; i < found.size(); ++i) {
    const double tolerance = relative * std::max(std::abs(expected[i]), 1e-3 * scale);
    EXPECT_NEAR(found[i], expected[i], tolerance) << what << ", node " << i;
  }
}

TEST(Osdi, ResidualsAndChargesAreThoseOfTheNetwork) {
  for (const ir::Network& network : compiled_networks()) {
    const OsdiModel& model = compiled(network);
    OsdiDevice device(model);
    ASSERT_EQ(device.setup(), 0U) << network.name;
    Rng rng(3);
    for (int point = 0; point < 20; ++point) {
      const std::vector<double> v = drawn_voltages(network, device.nodes(), rng);
      ASSERT_EQ(device.evaluate(v, kTransient), 0U);
      const Expected expected(network, v, start_of(network));
      expect_near(device.residual(), expected.residual, 1e-11, network.name + " f");
      expect_near(device.charge(), expected.charge, 1e-12, network.name + " q");
      if (network.role) {
        EXPECT_NEAR(device.output("g") / expected.conductance, 1, 1e-12) << network.name;
      }
      for (std::size_t s = 0; s < expected.state.size(); ++s) {
        EXPECT_NEAR(device.output("c_" + std::to_string(s + 1)), expected.state[s], 1e-13);
      }
    }
  }
}

// In every column.
TEST(Osdi, TheJacobianIsTheDerivativeOfTheResidual) {
  for (const ir::Network& network : compiled_networks()) {
    const OsdiModel& model = compiled(network);
    OsdiDevice device(model);
    ASSERT_EQ(device.setup(), 0U);
    Rng rng(4);
    for (std::uint32_t flags : {kStatic, kTransient}) {
      testing::expect_derivatives_of_the_residual(
          device, drawn_voltages(network, device.nodes(), rng), flags, network.name);
    }
  }
}

// The exact derivatives, to the last digits, of the currents by ports and states.
TEST(Osdi, TheJacobianOfTheCurrentsIsExact) {
  for (const ir::Network& network : compiled_networks()) {
    const EmissionPlan plan = plan_emission(network);
    const OsdiModel& model = compiled(network);
    OsdiDevice device(model);
    device.setup();
    Rng rng(6);
    const std::vector<double> v = drawn_voltages(network, device.nodes(), rng);
    device.evaluate(v, kTransient);
    const int ports = network.port_count();
    std::vector<double> port;
    for (int p = 0; p < ports; ++p) {
      port.push_back(v[static_cast<std::size_t>(p)] - v[static_cast<std::size_t>(ports)]);
    }
    ir::SparseJacobian jacobian(network);
    const Expected at_point(network, v, start_of(network));
    jacobian.evaluate(port, at_point.state);
    for (int p = 0; p < ports; ++p) {
      for (int input = 0; input < ports + network.state_count(); ++input) {
        double expected = jacobian.derivative(network.current_node, p, input);
        if (input >= ports) expected /= plan.kappa[static_cast<std::size_t>(input - ports)];
        const int column = input < ports ? input : input + 1;
        EXPECT_NEAR(device.resist(static_cast<std::size_t>(p), static_cast<std::size_t>(column)),
                    expected, 1e-12 * std::abs(expected))
            << network.name << " " << p << " " << input;
      }
    }
  }
}

TEST(Osdi, CurrentsAndJacobianSumToZeroOverTheTerminals) {
  const ir::Network network = every_operation(3);
  const OsdiModel& model = compiled(network);
  OsdiDevice device(model);
  device.setup();
  Rng rng(5);
  device.evaluate(drawn_voltages(network, device.nodes(), rng), kTransient);
  for (std::size_t column = 0; column < device.nodes(); ++column) {
    double sum = 0, scale = 0;
    for (std::size_t row = 0; row < 4; ++row) {
      sum += device.resist(row, column);
      scale += std::abs(device.resist(row, column));
    }
    EXPECT_NEAR(sum, 0, 1e-14 * scale);
  }
}

TEST(Osdi, TheRightSideIsJTimesVMinusF) {
  for (const ir::Network& network :
       {three_states(), testing::with_charges(three_states()), testing::transistor()}) {
    const OsdiModel& model = compiled(network);
    OsdiDevice device(model);
    device.setup();
    Rng rng(12);
    const std::vector<double> v = drawn_voltages(network, device.nodes(), rng);
    device.evaluate(v, kTransient);
    const double alpha = 3e6;
    const std::vector<double> found = device.rhs(alpha), f = device.residual();
    for (std::size_t row = 0; row < device.nodes(); ++row) {
      double expected = -f[row], scale = std::abs(f[row]);
      for (std::size_t j = 0; j < device.nodes(); ++j) {
        const double term = (device.resist(row, j) + alpha * device.react(row, j)) * v[j];
        expected += term;
        scale += std::abs(term);
      }
      EXPECT_NEAR(found[row], expected, 1e-14 * scale) << network.name << " " << row;
    }
  }
}

TEST(Osdi, SeveralThreadsMayEvaluate) {
  const ir::Network network = three_states();
  const OsdiModel& model = compiled(network);
  Rng rng(13);
  std::vector<std::vector<double>> points;
  for (int i = 0; i < 500; ++i) points.push_back(drawn_voltages(network, 8, rng));
  const auto run = [&](std::vector<double>& results) {
    OsdiDevice device(model);
    device.setup();
    for (const std::vector<double>& v : points) {
      device.evaluate(v, kTransient);
      const std::vector<double> f = device.residual();
      results.insert(results.end(), f.begin(), f.end());
    }
  };
  std::vector<std::vector<double>> results(5);
  run(results[4]);
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t)
    threads.emplace_back(run, std::ref(results[static_cast<std::size_t>(t)]));
  for (std::thread& thread : threads) thread.join();
  for (int t = 0; t < 4; ++t) EXPECT_EQ(results[static_cast<std::size_t>(t)], results[4]);
}

// In every column, of states as well as of ports; nothing is lost between the terminals.
TEST(Osdi, TheReactiveMatrixIsTheDerivativeOfTheCharge) {
  for (const ir::Network& network :
       {testing::static_device(true), testing::transistor(), testing::with_charges(three_states()),
        testing::with_charges(every_operation(3)),
        testing::with_charges(testing::vector_operations(2))}) {
    const OsdiModel& model = compiled(network);
    OsdiDevice device(model);
    ASSERT_EQ(device.setup(), 0U) << network.name;
    Rng rng(8);
    std::vector<double> v = drawn_voltages(network, device.nodes(), rng);
    const std::size_t terminals = network.ports.size() + 1;
    for (std::size_t column = 0; column < device.nodes(); ++column) {
      const double step = 1e-5, middle = v[column];
      v[column] = middle + step;
      device.evaluate(v, kTransient);
      const std::vector<double> above = device.charge();
      v[column] = middle - step;
      device.evaluate(v, kTransient);
      const std::vector<double> below = device.charge();
      v[column] = middle;
      device.evaluate(v, kTransient);
      double sum = 0, scale = 0;
      for (std::size_t row = 0; row < device.nodes(); ++row) {
        const double expected = (above[row] - below[row]) / (2 * step);
        const double size = row < terminals ? 1e-12 : std::abs(expected);
        EXPECT_NEAR(device.react(row, column), expected, 1e-7 * size)
            << network.name << " row " << row << " column " << column;
        if (row >= terminals) continue;
        sum += device.react(row, column);
        scale += std::abs(device.react(row, column));
      }
      EXPECT_NEAR(sum, 0, 1e-14 * scale) << network.name;
    }
  }
}

// Against numbers made by hand, the internal unknown at its solution; m and area multiply all.
TEST(Osdi, ATransistorIsWhatItIsByHand) {
  const OsdiModel& model = compiled(testing::transistor());
  OsdiDevice device(model);
  device.set("m", 3);
  device.set("area", 2);
  ASSERT_EQ(device.setup(), 0U);
  ASSERT_EQ(device.nodes(), 4U);
  for (const double vg : {-0.2, 0.45, 0.9}) {
    const double vd = 0.6 - vg, vs = 0.3;
    const testing::TransistorPoint point(vg, vd);
    device.evaluate({vg + vs, vd + vs, vs, point.unknown}, kTransient);
    const std::vector<double> f = device.residual(), q = device.charge();
    EXPECT_NEAR(f[3], 0, 1e-13);
    EXPECT_EQ(q[3], 0);
    for (std::size_t p = 0; p < 2; ++p) {
      EXPECT_NEAR(f[p], 6 * point.currents[p], 1e-14);
      EXPECT_NEAR(q[p], 6 * point.charges[p], 1e-23);
      // Behind the unknown: d/dV_g there is d/dx dx/dV_g.
      const double dx = -device.resist(3, 0);
      for (std::size_t by = 0; by < 2; ++by) {
        const double through = by == 0 ? dx : 0;
        EXPECT_NEAR(device.resist(p, by) + through * device.resist(p, 3),
                    6 * point.conductances[p][by], 1e-13);
        EXPECT_NEAR(device.react(p, by) + through * device.react(p, 3),
                    6 * point.capacitances[p][by], 1e-22);
      }
    }
    EXPECT_NEAR(q[2], -q[0] - q[1], 1e-25);
  }
}

// What is read of the tables: a node of every terminal has a charge, no unknown; the entries that
// move a charge have a place for it and the others none.
TEST(OsdiSource, DescribesTheChargesOfThePorts) {
  const OsdiDescriptor& d = compiled(testing::transistor()).descriptor();
  ASSERT_EQ(d.node_count, 4U);
  for (std::uint32_t n = 0; n < 4; ++n) {
    EXPECT_EQ(d.nodes[n].react_residual == OSDI_NONE, n == 3) << n;
  }
  for (std::uint32_t e = 0; e < d.entry_count; ++e) {
    const bool of_charge = d.entries[e].nodes.row != 3;  // every terminal sees every node
    EXPECT_EQ(d.entries[e].react_pointer != OSDI_NONE, of_charge) << e;
    EXPECT_EQ((d.entries[e].flags & OSDI_ENTRY_REACT) != 0, of_charge) << e;
  }
  const std::string text = osdi_source(testing::static_device(false));
  for (const char* word : {"port_charge", "assemble_charges", "CHARGE", "#if CHARGES"}) {
    EXPECT_EQ(text.find(word), text.npos) << word;
  }
  EXPECT_EQ(osdi_source(testing::transistor()).find("#if CHARGES"), text.npos);
}

}  // namespace
}  // namespace psi_xlstm::hdl
