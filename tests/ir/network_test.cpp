#include "psi_xlstm/ir/network.hpp"

#include <gtest/gtest.h>

#include <functional>
#include <limits>
#include <string>

#include "psi_xlstm/core/error.hpp"
#include "support/networks.hpp"
#include "support/static_devices.hpp"

namespace psi_xlstm::ir {
namespace {

using testing::one_state;

// What validate says about one_state() after `change`, behind the name of the network.
std::string problem_after(const std::function<void(Network&)>& change) {
  Network network = one_state();
  change(network);
  try {
    validate(network);
  } catch (const Error& e) {
    const std::string text = e.what(), opening = "network one_state: ";
    return text.starts_with(opening) ? text.substr(opening.size()) : text;
  }
  return "none";
}

// The node of one_state() that computes `op`, the first of them.
Node& node_of(Network& n, Op op) {
  for (Node& node : n.nodes) {
    if (node.op == op) return node;
  }
  throw std::invalid_argument("no such node");
}

TEST(Validate, AcceptsTheNetworksOfTheTests) {
  for (const Network& n : {one_state(), testing::three_states(), testing::static_curve(),
                           testing::slow_device(), testing::fast_device()}) {
    EXPECT_NO_THROW(validate(n)) << n.name;
  }
}

TEST(Validate, RefusesWrongArguments) {
  EXPECT_EQ(problem_after([](Network& n) { node_of(n, Op::kTanh).arguments = {}; }),
            "node 4: expected 1 arguments, found 0");
  EXPECT_EQ(problem_after([](Network& n) { node_of(n, Op::kProduct).arguments.push_back(0); }),
            "node 14: expected 2 arguments, found 3");
  EXPECT_EQ(problem_after([](Network& n) { node_of(n, Op::kTanh).arguments = {4}; }),
            "node 4: expected arguments before it, found 4");
  EXPECT_EQ(problem_after([](Network& n) { node_of(n, Op::kTanh).arguments = {-1}; }),
            "node 4: expected arguments before it, found -1");
  EXPECT_EQ(problem_after([](Network& n) { node_of(n, Op::kTanh).arguments = {0}; }),
            "node 4: expected arguments of width 3, found 1");
}

// Each node is as it may be; together they fill a memory or take minutes to print.
TEST(Validate, RefusesTooMuchOfAll) {
  EXPECT_EQ(problem_after([](Network& n) {
              Node constant = node_of(n, Op::kAffine);
              constant.width = 1'000'000;
              n.nodes.insert(n.nodes.end(), 3, constant);
            }).substr(0, 61),
            "expected nodes of at most 2000000 numbers together, found 300");
  EXPECT_EQ(problem_after([](Network& n) {
              const Node link = node_of(n, Op::kTanh);
              n.nodes.insert(n.nodes.end(), 20'001 - n.nodes.size(), link);
            }),
            "expected at most 20000 nodes, found 20001");
}

TEST(Validate, RefusesWrongWidths) {
  EXPECT_EQ(problem_after([](Network& n) { n.nodes[0].width = 0; }),
            "node 0: expected a width of at least 1, found 0");
  EXPECT_EQ(problem_after([](Network& n) { n.nodes[0].width = 2; }),
            "node 0: expected width 1, found 2");
  EXPECT_EQ(problem_after([](Network& n) { node_of(n, Op::kStates).width = 3; }),
            "node 2: expected width 1, found 3");
}

TEST(Validate, RefusesWeightsOutsideTheParameters) {
  const std::string text = "node 3: expected weights inside the 19 parameters";
  // The features take a 3 x 2 matrix and 3 biases.
  EXPECT_EQ(problem_after([](Network& n) { node_of(n, Op::kAffine).weight = 13; }), "none");
  EXPECT_EQ(problem_after([](Network& n) { node_of(n, Op::kAffine).weight = 14; }), text);
  EXPECT_EQ(problem_after([](Network& n) { node_of(n, Op::kAffine).weight = -1; }), text);
  EXPECT_EQ(problem_after([](Network& n) { node_of(n, Op::kAffine).bias = 17; }), text);
  EXPECT_EQ(problem_after([](Network& n) { node_of(n, Op::kAffine).bias = -2; }), text);
}

// 65536 x 65536 weights: their number is 0 in 32 bits.
TEST(Validate, RefusesMoreWeightsThanAnIntCanCount) {
  EXPECT_EQ(
      problem_after([](Network& n) {
        const int id = static_cast<int>(n.nodes.size());
        n.nodes.push_back({.op = Op::kAffine, .width = 65536});
        n.nodes.push_back({.op = Op::kAffine, .width = 65536, .arguments = {id}, .weight = 0});
      }),
      "node 16: expected weights inside the 19 parameters");
}

TEST(Validate, RefusesBlocksThatDoNotTileTheParameters) {
  EXPECT_EQ(problem_after([](Network& n) { n.blocks[1].offset = 7; }),
            "block features.bias: expected blocks that tile the parameters");
  EXPECT_EQ(problem_after([](Network& n) { n.blocks.back().rows = 1 << 30; }),
            "block readout.bias: expected blocks that tile the parameters");
  EXPECT_EQ(problem_after([](Network& n) { n.parameters.push_back(0); }),
            "expected 19 parameters, found 20");
  EXPECT_EQ(problem_after([](Network& n) { n.blocks[1].name = "features.weight"; }),
            "block features.weight: expected every name once");
}

TEST(Validate, RefusesNumbersThatAreNotFinite) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  EXPECT_EQ(problem_after([&](Network& n) { n.parameters[3] = nan; }),
            "expected finite parameters");
  EXPECT_EQ(problem_after([&](Network& n) { n.nodes[1].factor = nan; }),
            "node 1: factor is not finite");
  for (double bad : {0.0, -1.0, nan, std::numeric_limits<double>::infinity()}) {
    EXPECT_EQ(problem_after([&](Network& n) { n.conductance().scale = bad; }),
              "scales: expected positive numbers");
    EXPECT_EQ(problem_after([&](Network& n) { n.voltage_scale = bad; }),
              "scales: expected positive numbers");
    EXPECT_EQ(problem_after([&](Network& n) { n.reference_step = bad; }),
              "scales: expected positive numbers");
  }
}

TEST(Validate, RefusesWrongRoles) {
  EXPECT_EQ(problem_after([](Network& n) { n.current_node = 15; }),
            "current: expected a node, found index 15");
  EXPECT_EQ(problem_after([](Network& n) { n.conductance().node = 4; }),
            "conductance: expected width 1, found 3");
  EXPECT_EQ(problem_after([](Network& n) { n.rate_node = -1; }),
            "rate: expected a node, found index -1");
  EXPECT_EQ(problem_after([](Network& n) { n.target_node = 4; }),
            "target: expected width 1, found 3");
  EXPECT_NE(problem_after([](Network& n) { n.rate_of_state = {1}; }), "none");
  EXPECT_EQ(problem_after([](Network& n) { n.conductance().readout_weight = 19; }),
            "readout: expected weights inside the parameters");
  EXPECT_EQ(problem_after([](Network& n) { n.conductance().readout_bias = -1; }),
            "readout: expected a bias inside the parameters");
  Network still = testing::static_curve();
  EXPECT_NO_THROW(validate(still));
  still.rate_node = 0;
  EXPECT_THROW(validate(still), ShapeError);
  still = testing::static_curve();
  still.conductance().readout_bias = still.parameter_count();
  EXPECT_THROW(validate(still), ShapeError);
}

// A device that stands for no conductance: nothing of it may be asked for.
TEST(Validate, TakesAStaticDeviceWithoutARole) {
  const Network device = testing::static_device(true);
  EXPECT_NO_THROW(validate(device));
  EXPECT_FALSE(device.is_told_its_start());
  try {
    device.conductance();
    FAIL() << "expected a ShapeError";
  } catch (const ShapeError& e) {
    EXPECT_STREQ(e.what(), "network static_device: expected one that stands for a conductance");
  }
  Network wrong = device;
  wrong.start = Start::kTied;
  EXPECT_THROW(validate(wrong), ShapeError);
  wrong = device;
  wrong.charge_node = 1;  // as wide as the features
  EXPECT_THROW(validate(wrong), ShapeError);
  wrong = device;
  wrong.box.voltage_min = {-1};
  EXPECT_THROW(validate(wrong), ShapeError);
  EXPECT_EQ(problem_after([](Network& n) { n.role.reset(); }),
            "start: expected that at rest in a network that stands for no conductance");
}

TEST(Validate, RefusesUnknownsThatAreNone) {
  EXPECT_NO_THROW(validate(testing::transistor()));
  EXPECT_EQ(problem_after([](Network& n) { n.unknowns = {15}; }),
            "unknown: expected a node, found index 15");
  EXPECT_EQ(problem_after([](Network& n) {
              n.unknowns = {4, 4};
            }),
            "unknown: expected every node once, found node 4 again");
  EXPECT_EQ(problem_after([](Network& n) {
              NetworkBuilder build(n);
              n.unknowns = {build.constant("fixed", {1.0})};
            }),
            "unknown: expected a node that depends on a port or a state, found node 15");
}

TEST(RequireOneConductance, RefusesEverythingElse) {
  const auto problem_with = [](const Network& network) -> std::string {
    try {
      require_one_conductance(network, "fit");
    } catch (const ShapeError& e) {
      return e.what();
    }
    return "none";
  };
  EXPECT_EQ(problem_with(one_state()), "none");
  EXPECT_EQ(problem_with(testing::static_device(false)),
            "network static_device: fit: expected one port, found 2");
  Network charged = one_state();
  charged.charge_node = charged.current_node;
  EXPECT_EQ(problem_with(charged), "network one_state: fit: expected no charges");
  Network resistor = testing::static_curve();
  resistor.start = Start::kRest;
  resistor.role.reset();
  EXPECT_EQ(problem_with(resistor),
            "network static_curve: fit: expected one that stands for a conductance");
}

TEST(Validate, RefusesNamesThatAreNoIdentifiers) {
  EXPECT_EQ(problem_after([](Network& n) { n.name = "a b"; }).substr(0, 14), "network name: ");
  EXPECT_EQ(problem_after([](Network& n) { n.ports = {"p\n.end"}; }).substr(0, 11), "port name: ");
  EXPECT_EQ(problem_after([](Network& n) { n.reference_terminal = ""; }).substr(0, 20),
            "reference terminal: ");
  EXPECT_EQ(problem_after([](Network& n) { n.ports = {}; }), "ports: expected at least one");
}

TEST(Network, FindsItsBlocksByName) {
  const Network network = one_state();
  EXPECT_EQ(network.block("readout.weight").size(), 1U);
  EXPECT_EQ(network.block("readout.weight")[0], 1.6);
  EXPECT_EQ(network.block("features.bias")[2], -2.3);
  try {
    network.block("gate");
    FAIL() << "nothing was thrown";
  } catch (const ShapeError& e) {
    EXPECT_STREQ(e.what(), "network one_state: expected a block \"gate\", found none");
  }
}

TEST(Network, KnowsWhatDependsOnItsInputs) {
  const Network network = testing::static_curve();
  const std::vector<bool> depends = depends_on_inputs(network);
  EXPECT_TRUE(depends[static_cast<std::size_t>(network.current_node)]);
  int constants = 0;
  for (bool d : depends) constants += d ? 0 : 1;
  EXPECT_EQ(constants, 5);  // e; q, tanh(q), a.tanh(q) and its negative
}

TEST(Network, KnowsWhetherItsGatesSeeTheStates) {
  EXPECT_TRUE(gates_see_states(one_state()));
  EXPECT_FALSE(gates_see_states(testing::static_curve()));
  EXPECT_FALSE(gates_see_states(testing::random_student({.state_gates = false}, 1)));
}

TEST(NetworkBuilder, AppendsNodesAndParametersInOrder) {
  Network network;
  network.rate_of_state = {0, 0};
  NetworkBuilder build(network);
  const int v = build.ports(), c = build.states();
  const int a = build.affine("layer", 3, {v, c});
  const int bent = build.unary(Op::kTanh, a), turned = build.scale(a, -2);
  const int b = build.binary(Op::kSum, bent, turned);
  EXPECT_EQ(b, 5);
  ASSERT_EQ(network.blocks.size(), 2U);
  EXPECT_EQ(network.blocks[0].name, "layer.weight");
  EXPECT_EQ(network.blocks[0].rows * 10 + network.blocks[0].columns, 33);
  EXPECT_EQ(network.blocks[1].name, "layer.bias");
  EXPECT_EQ(network.blocks[1].offset, 9);
  EXPECT_EQ(network.parameters, std::vector<double>(12, 0.0));
  EXPECT_EQ(network.node(c).width, 2);
  EXPECT_EQ(network.node(b).width, 3);
  EXPECT_EQ(network.node(b).arguments, (std::vector<int>{3, 4}));
}

}  // namespace
}  // namespace psi_xlstm::ir
