// Parameters, outputs and messages of compiled models.

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "hdl/osdi/osdi.hpp"
#include "ir/dynamics.hpp"
#include "psi_xlstm/core/error.hpp"
#include "support/every_operation.hpp"
#include "support/networks.hpp"
#include "support/osdi_checks.hpp"

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

TEST(OsdiParameters, ActAsTheySay) {
  const ir::Network network = three_states();
  const OsdiModel& model = compiled(network);
  Rng rng(10);
  const std::vector<double> v = drawn_voltages(network, 8, rng);
  testing::expect_scaled_currents(model, network, v);
  testing::expect_scaled_times(model, network, v);
  testing::expect_held_state(model, network, v);
}

// 4 k T G of the conductance I/V and of all devices in parallel, where it is asked for.
TEST(OsdiParameters, NoiseIsThermalAndOfTheConductance) {
  for (const ir::Network& network : {three_states(), testing::static_curve()}) {
    const OsdiModel& model = compiled(network);
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

TEST(OsdiParameters, StartFollowsG0) {
  for (double g0 : {1e-4, 4e-4}) {
    const ir::Network network = three_states();
    const OsdiModel& model = compiled(network);
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

TEST(OsdiParameters, ThatAreWrongAreNamed) {
  const OsdiModel& model = compiled(one_state());
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

TEST(OsdiParameters, WarnOnceWhereTheStatesCannotHoldG0) {
  const OsdiModel& model = compiled(one_state());
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

TEST(OsdiModel, DeclaresVersionTerminalsAndUnits) {
  const ir::Network network = three_states();
  const OsdiModel& model = compiled(network);
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

TEST(OsdiModel, ManyStatesAreTerminalsUpToTwenty) {
  const ir::Network network = testing::random_student({.states = 24, .rates = 3, .features = 5}, 7);
  const std::vector<std::string> terminals = osdi_terminals(network);
  EXPECT_EQ(terminals.size(), 20U);
  EXPECT_EQ(terminals.back(), "x_18");
}

TEST(OsdiModel, RefusesTheNameOfADeviceType) {
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
