#include "psi_xlstm/hdl/osdi.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <thread>
#include <vector>

#include "psi_xlstm/core/error.hpp"
#include "psi_xlstm/core/rng.hpp"
#include "psi_xlstm/hdl/emission.hpp"
#include "psi_xlstm/hdl/osdi_library.hpp"
#include "psi_xlstm/ir/dynamics.hpp"
#include "psi_xlstm/ir/jacobian.hpp"
#include "support/every_operation.hpp"
#include "support/networks.hpp"
#include "support/osdi_host.hpp"

namespace psi_xlstm::hdl {
namespace {

using testing::every_operation;
using testing::one_state;
using testing::OsdiDevice;
using testing::OsdiModel;
using testing::three_states;

constexpr std::uint32_t kStatic = 0;
constexpr std::uint32_t kTransient = OSDI_CALC_REACT_RESIDUAL | OSDI_CALC_REACT_JACOBIAN;

// The library may go once it is loaded.
OsdiModel compiled(const ir::Network& network) { return OsdiModel(OsdiLibrary(network).file()); }

std::vector<ir::Network> networks() {
  std::vector<ir::Network> list = {
      one_state(),        three_states(),         testing::static_curve(), every_operation(1),
      every_operation(3), testing::slow_device(), testing::fast_device()};
  for (const char* head : {"softplus", "affine"}) {
    list.push_back(testing::random_student(
        {.states = 2, .rates = 2, .features = 6, .static_features = 2, .head = head}, 5));
    list.back().box = {.voltage_min = -1,
                       .voltage_max = 1,
                       .conductance_min = 1e-4,
                       .conductance_max = 1e-3,
                       .duration = 1e-4,
                       .median_rate = 2e5,
                       .fastest_rate = 1e6};
  }
  return list;
}

// Node voltages within the training box, the reference terminal away from ground.
std::vector<double> drawn_voltages(const ir::Network& network, std::size_t nodes, Rng& rng) {
  std::vector<double> v;
  for (std::size_t i = 0; i < nodes; ++i) v.push_back(0.3 * network.voltage_scale * rng.normal());
  return v;
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
    if (states > 0)
      ir::state_derivative(evaluator, network, port.data(), c.data(), derivative.data());
    evaluator.evaluate(ir::Part::kOutput, port.data(), c.data());
    residual.assign(v.size(), 0.0);
    charge.assign(v.size(), 0.0);
    for (std::size_t p = 0; p < ports; ++p) {
      residual[p] = evaluator.value(network.current_node, static_cast<int>(p));
      residual[ports] -= residual[p];
    }
    const double cx = plan.charge_capacitance;
    for (std::size_t s = 0; s < states; ++s) {
      const double x = v[ports + 1 + s], r = v[ports + 1 + states + s];
      residual[ports + 1 + s] = cx * (plan.leak_rate * x - plan.rate_scale * r);
      charge[ports + 1 + s] = cx * x;
      residual[ports + 1 + states + s] = r - plan.kappa[s] * derivative[s] / plan.rate_scale;
    }
    conductance = evaluator.value(network.conductance_node);
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
  for (const ir::Network& network : networks()) {
    const OsdiModel model = compiled(network);
    OsdiDevice device(model);
    ASSERT_EQ(device.setup(), 0U) << network.name;
    Rng rng(3);
    for (int point = 0; point < 20; ++point) {
      const std::vector<double> v = drawn_voltages(network, device.nodes(), rng);
      ASSERT_EQ(device.evaluate(v, kTransient), 0U);
      const Expected expected(network, v, start_of(network));
      expect_near(device.residual(), expected.residual, 1e-11, network.name + " f");
      expect_near(device.charge(), expected.charge, 1e-14, network.name + " q");
      EXPECT_NEAR(device.output("g") / expected.conductance, 1, 1e-12) << network.name;
      for (std::size_t s = 0; s < expected.state.size(); ++s) {
        EXPECT_NEAR(device.output("c_" + std::to_string(s + 1)), expected.state[s], 1e-13);
      }
    }
  }
}

// Every column against central differences of the residual; no derivative is missing.
TEST(Osdi, TheJacobianIsTheDerivativeOfTheResidual) {
  for (const ir::Network& network : networks()) {
    const OsdiModel model = compiled(network);
    OsdiDevice device(model);
    ASSERT_EQ(device.setup(), 0U);
    Rng rng(4);
    for (std::uint32_t flags : {kStatic, kTransient}) {
      std::vector<double> v = drawn_voltages(network, device.nodes(), rng);
      for (std::size_t column = 0; column < device.nodes(); ++column) {
        const double step = 1e-5, middle = v[column];
        v[column] = middle + step;
        device.evaluate(v, flags);
        const std::vector<double> above = device.residual();
        v[column] = middle - step;
        device.evaluate(v, flags);
        const std::vector<double> below = device.residual();
        v[column] = middle;
        device.evaluate(v, flags);
        for (std::size_t row = 0; row < device.nodes(); ++row) {
          const double expected = (above[row] - below[row]) / (2 * step);
          double scale = std::abs(expected);
          for (std::size_t j = 0; j < device.nodes(); ++j) {
            scale = std::max(scale, std::abs(device.resist(row, j)));
          }
          EXPECT_NEAR(device.resist(row, column), expected, 1e-7 * scale)
              << network.name << " row " << row << " column " << column << " flags " << flags;
        }
      }
    }
  }
}

// The exact derivatives, to the last digits, of the currents by ports and states.
TEST(Osdi, TheJacobianOfTheCurrentsIsExact) {
  for (const ir::Network& network : networks()) {
    const EmissionPlan plan = plan_emission(network);
    const OsdiModel model = compiled(network);
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
    jacobian.evaluate(port.data(), at_point.state.data());
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
  const OsdiModel model = compiled(network);
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

TEST(Osdi, HoldsTheStateWhereNothingMoves) {
  const ir::Network network = three_states();
  const OsdiModel model = compiled(network);
  OsdiDevice held(model), loose(model);
  loose.set("hold", 0);
  ASSERT_EQ(held.setup() + loose.setup(), 0U);
  Rng rng(9);
  const std::vector<double> v = drawn_voltages(network, held.nodes(), rng);
  held.evaluate(v, kStatic);
  for (std::size_t s = 0; s < 3; ++s) {
    EXPECT_DOUBLE_EQ(held.residual()[5 + s], v[5 + s] + 1e3 * v[2 + s]);
  }
  loose.evaluate(v, kStatic);
  held.evaluate(v, OSDI_CALC_REACT_JACOBIAN);  // AC
  EXPECT_EQ(held.residual(), loose.residual());
  held.evaluate(v, kTransient);
  EXPECT_EQ(held.residual(), loose.residual());
}

TEST(Osdi, MultiplicityAndAreaScaleTheCurrentsOnly) {
  const ir::Network network = three_states();
  const OsdiModel model = compiled(network);
  OsdiDevice plain(model), scaled(model);
  scaled.set("m", 3);
  scaled.set("area", 2);
  ASSERT_EQ(plain.setup() + scaled.setup(), 0U);
  Rng rng(10);
  const std::vector<double> v = drawn_voltages(network, plain.nodes(), rng);
  plain.evaluate(v, kTransient);
  scaled.evaluate(v, kTransient);
  for (std::size_t n = 0; n < plain.nodes(); ++n) {
    const double factor = n < 2 ? 6 : 1;
    EXPECT_DOUBLE_EQ(scaled.residual()[n], factor * plain.residual()[n]) << n;
    for (std::size_t j = 0; j < plain.nodes(); ++j) {
      EXPECT_DOUBLE_EQ(scaled.resist(n, j), factor * plain.resist(n, j)) << n << " " << j;
    }
  }
  EXPECT_DOUBLE_EQ(scaled.output("g"), 2 * plain.output("g"));
}

// f_x / (dq/dx) is dx/dt without its leak: it falls by the factor of the time constants.
TEST(Osdi, TauScaleMultipliesEveryTimeConstant) {
  const ir::Network network = three_states();
  const OsdiModel model = compiled(network);
  OsdiDevice plain(model), slow(model);
  slow.set("tau_scale", 50);
  ASSERT_EQ(plain.setup() + slow.setup(), 0U);
  Rng rng(11);
  const std::vector<double> v = drawn_voltages(network, plain.nodes(), rng);
  plain.evaluate(v, kTransient);
  slow.evaluate(v, kTransient);
  for (std::size_t s = 2; s < 5; ++s) {
    EXPECT_NEAR(slow.residual()[s] / slow.react(s, s) * 50, plain.residual()[s] / plain.react(s, s),
                1e-12 * std::abs(plain.residual()[s] / plain.react(s, s)));
    EXPECT_DOUBLE_EQ(slow.residual()[s + 3], plain.residual()[s + 3]);
  }
  for (const char* tau : {"tau_1", "tau_2"}) {
    EXPECT_DOUBLE_EQ(slow.output(tau), 50 * plain.output(tau));
  }
  OsdiDevice fast(model), bounded(model);
  fast.set("tau_scale", 0.1);
  bounded.set("dtmax", 3e-9);
  ASSERT_EQ(fast.setup() + bounded.setup(), 0U);
  const double longest = plan_emission(network).max_step;
  EXPECT_DOUBLE_EQ(plain.bound_step(), longest);
  EXPECT_DOUBLE_EQ(slow.bound_step(), longest);
  EXPECT_DOUBLE_EQ(fast.bound_step(), 0.1 * longest);
  EXPECT_DOUBLE_EQ(bounded.bound_step(), 3e-9);
}

// 4 k T G of the conductance I/V and of all devices in parallel, where it is asked for.
TEST(Osdi, HasTheThermalNoiseOfItsConductance) {
  for (const ir::Network& network : {three_states(), testing::static_curve()}) {
    const OsdiModel model = compiled(network);
    const OsdiNoiseSource& source = model.descriptor().noise_sources[0];
    EXPECT_EQ(source.nodes.row, 0U);
    EXPECT_EQ(source.nodes.column, 1U);
    OsdiDevice quiet(model), noisy(model);
    noisy.set("noise", 1);
    noisy.set("m", 3);
    noisy.set("area", 2);
    ASSERT_EQ(quiet.setup() + noisy.setup(), 0U);
    Rng rng(17);
    std::vector<double> v = drawn_voltages(network, quiet.nodes(), rng);
    v[0] = v[1] + 0.4;
    quiet.evaluate(v, kTransient);
    noisy.evaluate(v, kTransient);
    EXPECT_EQ(quiet.noise(), std::vector<double>{0.0});
    const double conductance = noisy.residual()[0] / 0.4;
    EXPECT_NEAR(noisy.noise().at(0) / (4 * 1.380649e-23 * 300 * conductance), 1, 1e-12);
  }
  EXPECT_EQ(compiled(every_operation(3)).descriptor().noise_source_count, 0U);
}

TEST(Osdi, TheStartFollowsG0) {
  for (double g0 : {1e-4, 4e-4}) {
    const ir::Network network = three_states();
    const OsdiModel model = compiled(network);
    OsdiDevice device(model);
    device.set("g0", g0);
    ASSERT_EQ(device.setup(), 0U);
    device.evaluate(std::vector<double>(device.nodes(), 0.0), kStatic);
    EXPECT_NEAR(device.output("g"), g0, 1e-13 * g0);
    const std::vector<double> c = ir::initial_state(network, g0);
    for (std::size_t s = 0; s < c.size(); ++s) {
      EXPECT_NEAR(device.output("c_" + std::to_string(s + 1)), c[s], 1e-14);
    }
  }
}

TEST(Osdi, TheRightSideIsJTimesVMinusF) {
  const ir::Network network = three_states();
  const OsdiModel model = compiled(network);
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
    EXPECT_NEAR(found[row], expected, 1e-14 * scale) << row;
  }
}

TEST(Osdi, SaysWhichParameterIsWrong) {
  const OsdiModel model = compiled(one_state());
  const std::pair<const char*, const char*> cases[] = {
      {"g0", "4 error: g0: expected a number above 0 S, found -1\n"},
      {"area", "4 error: area: expected a number above 0, found -1\n"},
      {"tau_scale", "4 error: tau_scale: expected a number above 0, found -1\n"},
      {"dtmax", "4 error: dtmax: expected a number above 0 s, found -1\n"},
      {"m", "4 error: $mfactor: expected a number above 0, found -1\n"},
      {"hold", "4 error: hold: expected 0 or 1, found -1\n"},
      {"noise", "4 error: noise: expected 0 or 1, found -1\n"}};
  for (const auto& [name, message] : cases) {
    OsdiDevice device(model);
    device.set(name, -1);
    testing::osdi_messages().clear();
    EXPECT_EQ(device.setup(), static_cast<std::uint32_t>(OSDI_RETURN_FATAL)) << name;
    EXPECT_EQ(testing::osdi_messages(), std::vector<std::string>{message});
    EXPECT_EQ(device.evaluate(std::vector<double>(device.nodes(), 0.1), kTransient),
              static_cast<std::uint32_t>(OSDI_RETURN_FATAL));
    EXPECT_EQ(device.residual(), std::vector<double>(device.nodes(), 0.0));
  }
}

TEST(Osdi, WarnsOnceWhereTheStatesCannotHoldG0) {
  const OsdiModel model = compiled(one_state());
  OsdiDevice device(model);
  device.set("g0", 1e-2);
  testing::osdi_messages().clear();
  EXPECT_EQ(device.setup(), 0U);
  EXPECT_EQ(device.setup(), 0U);
  ASSERT_EQ(testing::osdi_messages().size(), 1U);
  EXPECT_EQ(testing::osdi_messages()[0],
            "3 warning: g0: expected a conductance that the states can hold, 45.5 uS to 1.12 mS, "
            "found 0.01\n");
}

TEST(Osdi, DeclaresVersionTerminalsAndUnits) {
  const ir::Network network = three_states();
  const OsdiModel model = compiled(network);
  EXPECT_EQ(model.number("OSDI_VERSION_MAJOR"), 0U);
  EXPECT_EQ(model.number("OSDI_VERSION_MINOR"), 3U);
  EXPECT_EQ(model.number("OSDI_NUM_DESCRIPTORS"), 1U);
  const OsdiDescriptor& d = model.descriptor();
  EXPECT_STREQ(d.name, "three_states");
  const std::vector<std::string> terminals = osdi_terminals(network);
  EXPECT_EQ(terminals, (std::vector<std::string>{"p", "n", "x_1", "x_2", "x_3"}));
  ASSERT_EQ(d.terminal_count, terminals.size());
  for (std::size_t i = 0; i < terminals.size(); ++i) EXPECT_EQ(d.nodes[i].name, terminals[i]);
  EXPECT_EQ(d.instance_size % 16, 0U);
  EXPECT_STREQ(d.parameters[5].name[0], "g0");
  EXPECT_STREQ(d.parameters[5].units, "S");
  EXPECT_EQ(compiled(testing::static_curve()).descriptor().bound_step, OSDI_NONE);
}

TEST(Osdi, SeveralThreadsMayEvaluate) {
  const ir::Network network = three_states();
  const OsdiModel model = compiled(network);
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

TEST(Osdi, ManyStatesAreTerminalsUpToTwenty) {
  const ir::Network network = testing::random_student({.states = 24, .rates = 3, .features = 5}, 7);
  const std::vector<std::string> terminals = osdi_terminals(network);
  EXPECT_EQ(terminals.size(), 20U);
  EXPECT_EQ(terminals.back(), "x_18");
}

TEST(Osdi, RefusesTheNameOfADeviceType) {
  ir::Network network = one_state();
  network.name = "npn";
  try {
    osdi_source(network);
    FAIL() << "expected an EmitError";
  } catch (const EmitError& e) {
    EXPECT_STREQ(e.what(),
                 "model npn: expected another name than \"npn\", which is a device type of SPICE");
  }
}

}  // namespace
}  // namespace psi_xlstm::hdl
