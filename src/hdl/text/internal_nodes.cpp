#include "hdl/text/internal_nodes.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <set>
#include <utility>

#include "ir/dynamics.hpp"
#include "ir/evaluator.hpp"
#include "ir/operations.hpp"

namespace psi_xlstm::hdl {
namespace {

constexpr std::size_t kMostInputs = 4;

class NodeChooser {
 public:
  explicit NodeChooser(const ir::Network& network)
      : network_(network),
        moves_(ir::depends_on_inputs(network)),
        is_node_(network.nodes.size(), false),
        rooted_(network.nodes.size(), false),
        inputs_(network.nodes.size()) {
    for (int id : network.unknowns) is_node_[at(id)] = true;
    find_rooted();
    for (const ir::Node& node : network.nodes) {
      if (node.op != ir::Op::kAffine || node.width == 1) continue;
      for (int argument : node.arguments) find_multiplied(argument);
    }
  }

  /// The chosen nodes, in their order.
  std::vector<int> run() {
    std::vector<int> chosen;
    for (std::size_t id = 0; id < network_.nodes.size(); ++id) {
      if (!moves_[id]) continue;
      find_inputs(static_cast<int>(id));
      if (!is_node_[id]) continue;
      chosen.push_back(static_cast<int>(id));
    }
    return chosen;
  }

 private:
  using Inputs = std::set<std::pair<int, int>>;  // (node, element)

  static std::size_t at(int index) { return static_cast<std::size_t>(index); }

  // What a root or a logarithm is taken of, and the terms of a sum that it is.
  void find_rooted() {
    for (std::size_t id = network_.nodes.size(); id-- > 0;) {
      const ir::Node& node = network_.nodes[id];
      const bool takes_root = node.op == ir::Op::kSqrt || node.op == ir::Op::kLog;
      const bool adds = node.op == ir::Op::kAffine || node.op == ir::Op::kGroupSum ||
                        node.op == ir::Op::kGather || ir::operation(node.op).linear;
      if (!takes_root && !(adds && rooted_[id])) continue;
      for (int argument : node.arguments) rooted_[at(argument)] = true;
    }
  }

  // Of a matrix whose argument is `id`.
  void find_multiplied(int id) {
    const ir::Node& node = network_.node(id);
    if (node.op == ir::Op::kGather) {
      for (int argument : node.arguments) find_multiplied(argument);
      return;
    }
    ir::visit(node.op, ir::Ways{[&](ir::ElementwiseOp op) {
                                  if (op.row.linear || !moves_[at(id)] || rooted_[at(id)]) return;
                                  is_node_[at(id)] = true;
                                },
                                [](auto) {}});
  }

  void find_inputs(int id) {
    const ir::Node& node = network_.node(id);
    std::vector<Inputs>& inputs = inputs_[at(id)];
    std::size_t most = 0;
    for (int i = 0; i < node.width; ++i) {
      inputs.push_back(inputs_of(id, node, i));
      most = std::max(most, inputs.back().size());
    }
    const bool computes = ir::operation(node.op).computes;
    if (computes && most > kMostInputs && !rooted_[at(id)]) is_node_[at(id)] = true;
    for (int i = 0; is_node_[at(id)] && i < node.width; ++i) inputs[at(i)] = {{id, i}};
  }

  Inputs inputs_of(int id, const ir::Node& node, int element) const {
    Inputs all;
    const auto add = [&](int argument, int from) {
      if (!moves_[at(argument)]) return;
      all.insert(inputs_[at(argument)][at(from)].begin(), inputs_[at(argument)][at(from)].end());
    };
    ir::visit(node.op,
              ir::Ways{[&](ir::PortsOp) {
                         all = {{id, element}};
                       },
                       [&](ir::StatesOp) {
                         all = {{id, element}};
                       },
                       [](ir::StartOp) {}, [&](ir::AffineOp) { add_row(node, element, add); },
                       [&](ir::GatherOp) {
                         const auto [argument, from] = ir::gathered(network_, node, element);
                         add(argument, from);
                       },
                       [&](ir::GroupSumOp) {
                         const int argument = node.arguments[0];
                         const int size = network_.node(argument).width / node.width;
                         for (int j = 0; j < size; ++j) add(argument, element * size + j);
                       },
                       [](ir::StandardOp) {},  // lowered
                       [&](ir::ElementwiseOp) {
                         for (int argument : node.arguments) add(argument, element);
                       }});
    return all;
  }

  template <class Add>
  void add_row(const ir::Node& node, int row, const Add& add) const {
    int columns = 0, column = 0;
    for (int argument : node.arguments) columns += network_.node(argument).width;
    for (int argument : node.arguments) {
      for (int j = 0; j < network_.node(argument).width; ++j, ++column) {
        if (network_.parameters[at(node.weight + row * columns + column)] != 0) add(argument, j);
      }
    }
  }

  const ir::Network& network_;
  const std::vector<bool> moves_;
  std::vector<bool> is_node_;
  std::vector<bool> rooted_;                 ///< No node of the circuit.
  std::vector<std::vector<Inputs>> inputs_;  ///< Of every element of every node before.
};

}  // namespace

ir::Network with_internal_nodes(ir::Network network) {
  network.unknowns = NodeChooser(network).run();
  return network;
}

std::vector<std::vector<double>> unknowns_at_start(const ir::Network& network,
                                                   const EmissionPlan& plan) {
  const ir::Network started = ir::at_start(network, plan.default_conductance);
  const std::vector<double> ports(network.ports.size(), 0.0);
  std::vector<double> states;
  if (network.state_count() > 0) states = ir::initial_state(started, plan.default_conductance);
  ir::Evaluator evaluator(started);
  if (network.state_count() > 0) evaluator.evaluate(ir::Part::kDynamics, ports, states);
  evaluator.evaluate(ir::Part::kOutput, ports, states);
  std::vector<std::vector<double>> all;
  for (int id : network.unknowns) {
    all.emplace_back();
    for (int i = 0; i < network.node(id).width; ++i) all.back().push_back(evaluator.value(id, i));
  }
  return all;
}

}  // namespace psi_xlstm::hdl
