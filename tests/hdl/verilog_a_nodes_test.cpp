// Wide networks in Verilog-A: a node for every sum.

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <set>
#include <string>
#include <vector>

#include "core/rng.hpp"
#include "hdl/text/internal_nodes.hpp"
#include "hdl/text/plan.hpp"
#include "hdl/verilog_a.hpp"
#include "ir/dynamics.hpp"
#include "ir/jacobian.hpp"
#include "ir/lowering.hpp"
#include "ir/operations.hpp"
#include "support/adms.hpp"
#include "support/golden.hpp"
#include "support/networks.hpp"
#include "support/recurrent_networks.hpp"
#include "support/static_devices.hpp"
#include "support/vector_operations.hpp"
#include "support/verilog_a_model.hpp"

namespace psi_xlstm::hdl {
namespace {

constexpr double kNodesG0 = 3.1e-4;

std::vector<ir::Network> wide_networks() {
  return {testing::drawn_clustering(4).network("clustering"),
          testing::drawn_low_rank().network("low_rank"),
          testing::drawn_teacher().network("teacher"),
          testing::vector_operations(1),
          testing::one_state(),
          testing::three_states(),
          testing::with_charges(testing::three_states()),
          testing::static_curve()};
}

std::string in_nodes(const ir::Network& network) {
  return verilog_a(network, VerilogAShape::kNodes);
}

ir::Network cut(const ir::Network& network) {
  return with_internal_nodes(ir::lowered(network, ir::GroupSums::kKept));
}

std::string numbered_node(const char* name, int number) {
  return name + std::to_string(number) + ")";
}

int node_count(const ir::Network& network) {
  int count = 0;
  for (int id : network.unknowns) count += network.node(id).width;
  return count;
}

// Executes until the nodes y are what their equations say; every one depends on those before it.
void settle(testing::VerilogAModel& model, int nodes) {
  for (int k = 1; k <= nodes; ++k) model.values.emplace(numbered_node("V(y_", k), 0);
  for (int pass = 0; pass <= nodes; ++pass) {
    model.execute(false);
    double largest = 0;
    for (int k = 1; k <= nodes; ++k) {
      const double residual = model.resistive.at(numbered_node("I(y_", k));
      model.values[numbered_node("V(y_", k)] -= residual;
      largest = std::max(largest, std::abs(residual));
    }
    if (largest < 1e-14) return;
  }
}

/// The text of one network at one point, and the network itself there.
struct Point {
  explicit Point(const ir::Network& network)
      : plan(plan_emission(network)),
        g0(network.is_told_its_start() ? kNodesG0 : 0),
        started(ir::at_start(network, g0)),
        model(in_nodes(network)),
        states(network.state_count() > 0 ? ir::initial_state(started, g0) : std::vector<double>()) {
    if (g0 > 0) model.values["g0"] = g0;
    branch = network.ports[0] + "," + network.reference_terminal + ")";
  }

  void move(Rng& rng) {
    voltage = 0.5 * rng.normal();
    model.values["V(" + branch] = voltage;
    rates.clear();
    for (std::size_t s = 0; s < states.size(); ++s) {
      const double x = 0.2 * rng.normal();
      rates.push_back(0.3 * rng.normal());
      states[s] = ir::initial_state(started, g0)[s] + x / plan.kappa[s];
      model.values[numbered_node("V(x_", static_cast<int>(s) + 1)] = x;
      model.values[numbered_node("V(r_", static_cast<int>(s) + 1)] = rates[s];
    }
  }

  EmissionPlan plan;
  double g0;
  ir::Network started;
  testing::VerilogAModel model;
  std::string branch;
  double voltage = 0;
  std::vector<double> states, rates;
};

TEST(VerilogAInNodes, ThreeStates) {
  testing::expect_golden(in_nodes(testing::three_states()), "three_states_nodes.va");
}

TEST(VerilogAInNodes, ComputesWhatTheNetworkComputes) {
  Rng rng(3);
  for (const ir::Network& network : wide_networks()) {
    const int nodes = node_count(cut(network));
    Point at(network);
    for (int point = 0; point < 3; ++point) {
      at.move(rng);
      settle(at.model, nodes);
      ir::SparseJacobian values(at.started);
      values.evaluate({&at.voltage, 1}, at.states);
      const double current = values.value(network.current_node, 0);
      EXPECT_NEAR(at.model.resistive.at("I(" + at.branch) / current, 1, 1e-11) << network.name;
      if (network.charge_node >= 0) {
        EXPECT_NEAR(at.model.charges.at("I(" + at.branch) / values.value(network.charge_node, 0), 1,
                    1e-11);
      }
      if (network.state_count() == 0) continue;
      ir::Evaluator evaluator(at.started);
      std::vector<double> derivative(at.states.size());
      ir::state_derivative(evaluator, at.started, {&at.voltage, 1}, at.states, derivative);
      for (std::size_t s = 0; s < at.states.size(); ++s) {
        const double rate = at.plan.kappa[s] * derivative[s] / at.plan.rate_scale;
        EXPECT_NEAR(at.model.resistive.at(numbered_node("I(r_", static_cast<int>(s) + 1)),
                    at.rates[s] - rate, 1e-11 * (1 + std::abs(rate)))
            << network.name << " " << s;
      }
    }
  }
}

// With hold the states are pulled to their start, whatever their equations say.
TEST(VerilogAInNodes, HoldsItsStart) {
  Rng rng(4);
  const ir::Network network = testing::drawn_low_rank().network("low_rank");
  Point at(network);
  at.move(rng);
  settle(at.model, node_count(cut(network)));
  at.model.execute(true);
  for (std::size_t s = 0; s < at.states.size(); ++s) {
    const int n = static_cast<int>(s) + 1;
    const double held = at.plan.hold_rate / at.plan.rate_scale;
    const double x = at.model.values.at(numbered_node("V(x_", n));
    EXPECT_NEAR(at.model.resistive.at(numbered_node("I(r_", n)), at.rates[s] + held * x,
                1e-9 * held)
        << n;
  }
}

// Where a simulator begins, with all nodes at 0 V, every equation of the default start holds.
TEST(VerilogAInNodes, BeginsAtItsStart) {
  for (const ir::Network& network : wide_networks()) {
    const int nodes = node_count(cut(network));
    testing::VerilogAModel model(in_nodes(network));
    model.values["V(" + network.ports[0] + "," + network.reference_terminal + ")"] = 0;
    for (int s = 1; s <= network.state_count(); ++s) {
      model.values[numbered_node("V(x_", s)] = model.values[numbered_node("V(r_", s)] = 0;
    }
    for (int k = 1; k <= nodes; ++k) model.values[numbered_node("V(y_", k)] = 0;
    model.execute(true);
    for (int k = 1; k <= nodes; ++k) {
      EXPECT_NEAR(model.resistive.at(numbered_node("I(y_", k)), 0, 1e-12) << network.name << k;
    }
  }
}

TEST(VerilogAInNodes, IsAcceptedByAdms) {
  for (const ir::Network& network : wide_networks()) {
    const std::string text = testing::accepted_by_adms(in_nodes(network));
    EXPECT_EQ(testing::adms_exit_code("`define PSI_BOUND_STEP 1\n" + text), 0);
    std::string broken = text;
    broken.replace(broken.find("<+"), 2, "<*");
    EXPECT_NE(testing::adms_exit_code(broken), 0) << network.name;
  }
}

// One branch and one look at the time for all states; what a matrix has zeros for is left out.
TEST(VerilogAInNodes, HasOneBranchForAllStates) {
  const std::string text = in_nodes(testing::drawn_low_rank().network("low_rank"));
  EXPECT_EQ(text.find("$abstime <= 0.0"), text.rfind("$abstime <= 0.0"));
  EXPECT_EQ(text.find(" 0.0*"), text.npos);
}

TEST(VerilogAInNodes, IsWhatALargeNetworkIs) {
  const ir::Network small = testing::drawn_clustering(6).network("clustering");
  const ir::Network large = testing::drawn_clustering(14).network("clustering");
  ASSERT_LE(small.parameter_count(), kMostInExpressions);
  ASSERT_GT(large.parameter_count(), kMostInExpressions);
  EXPECT_EQ(verilog_a(small), verilog_a(small, VerilogAShape::kExpressions));
  EXPECT_EQ(verilog_a(large), verilog_a(large, VerilogAShape::kNodes));
  EXPECT_NE(verilog_a(small), verilog_a(small, VerilogAShape::kNodes));
}

// The low-rank student in small.
ir::Network low_rank_of(int hidden, int rank) {
  const kernels::LayerShape layer{
      .kind = kernels::LayerKind::kMlstm, .hidden = hidden, .heads = 2, .rank = rank};
  return testing::drawn_network(5, {layer, layer}, 12).network("low_rank");
}

// Sums apart, a node's equation has few derivatives, and what is no node as well; those of the rows
// of a matrix are the same everywhere.
TEST(InternalNodes, MakeEveryEquationShortOrLinear) {
  constexpr int kFew = 4;
  for (const ir::Network& network :
       {testing::drawn_clustering(6).network("clustering"), low_rank_of(16, 4)}) {
    const ir::Network started = ir::at_start(cut(network), kNodesG0);
    ir::SparseJacobian here(started, ir::Unknowns::kInputs), there(started, ir::Unknowns::kInputs);
    std::vector<double> c = ir::initial_state(started, kNodesG0);
    const double v = 0.3, w = -0.4;
    here.evaluate({&v, 1}, c);
    for (double& x : c) x += 0.1;
    there.evaluate({&w, 1}, c);
    for (int id : {started.rate_node, started.target_node}) {
      for (int i = 0; i < started.node(id).width; ++i)
        EXPECT_LE(static_cast<int>(here.inputs(id, i).size()), kFew);
    }
    int rows = 0;
    for (int id : started.unknowns) {
      const ir::Node& node = started.node(id);
      for (int i = 0; i < node.width; ++i) {
        if (node.op == ir::Op::kAffine && node.width > 1) {
          ++rows;
          EXPECT_EQ(here.derivatives(id, i), there.derivatives(id, i)) << network.name << " " << id;
        } else if (ir::operation(node.op).arguments == 2) {
          const auto& slopes = here.derivatives(id, i);
          EXPECT_LE(std::count_if(slopes.begin(), slopes.end(), [](double d) { return d != 0; }),
                    2 * kFew)
              << network.name << " " << id;
        }
      }
    }
    EXPECT_GT(rows, 20) << network.name;
  }
}

// An iterate of a node may be anything: the sum below a root is none, the root is.
TEST(InternalNodes, AreNeverUnderARoot) {
  const ir::Network network = cut(low_rank_of(16, 4));
  const std::set<int> found(network.unknowns.begin(), network.unknowns.end());
  int roots = 0;
  for (std::size_t id = 0; id < network.nodes.size(); ++id) {
    const ir::Node& node = network.nodes[id];
    if (node.op != ir::Op::kSqrt) continue;
    EXPECT_FALSE(found.contains(node.arguments[0]));
    roots += found.contains(static_cast<int>(id));
  }
  EXPECT_EQ(roots, 2) << "the deviation of every layer";
}

}  // namespace
}  // namespace psi_xlstm::hdl
