#include "psi_xlstm/ir/network.hpp"

#include <fmt/format.h>

#include <cassert>
#include <cmath>
#include <set>

#include "psi_xlstm/core/error.hpp"
#include "psi_xlstm/core/identifier.hpp"

namespace psi_xlstm::ir {
namespace {

void expect(bool condition, const Network& network, const std::string& what) {
  if (!condition) throw ShapeError(fmt::format("network {}: {}", network.name, what));
}

int argument_count(Op op) {
  switch (op) {
    case Op::kPorts:
    case Op::kStates:
      return 0;
    case Op::kAffine:
      return -1;  // any
    case Op::kSum:
    case Op::kProduct:
    case Op::kQuotient:
      return 2;
    default:
      return 1;
  }
}

void validate_affine(const Network& network, const Node& node, int id) {
  long long inputs = 0;  // width * inputs can be beyond an int
  for (int argument : node.arguments) inputs += network.node(argument).width;
  const long long count = network.parameter_count();
  const bool weight_fits =
      inputs == 0 || (node.weight >= 0 && node.weight <= count - node.width * inputs);
  const bool bias_fits = node.bias == -1 || (node.bias >= 0 && node.bias <= count - node.width);
  expect(weight_fits && bias_fits, network,
         fmt::format("node {}: expected weights inside the {} parameters", id, count));
}

void validate_node(const Network& network, int id) {
  const Node& node = network.node(id);
  const int wanted = argument_count(node.op);
  expect(
      wanted < 0 || static_cast<int>(node.arguments.size()) == wanted, network,
      fmt::format("node {}: expected {} arguments, found {}", id, wanted, node.arguments.size()));
  expect(node.width >= 1 && node.width <= 1'000'000, network,
         fmt::format("node {}: expected a width of at least 1, found {}", id, node.width));
  for (int argument : node.arguments) {
    expect(argument >= 0 && argument < id, network,
           fmt::format("node {}: expected arguments before it, found {}", id, argument));
  }
  if (node.op == Op::kAffine) return validate_affine(network, node, id);
  if (node.op == Op::kPorts || node.op == Op::kStates) {
    const int width = node.op == Op::kPorts ? network.port_count() : network.state_count();
    expect(node.width == width, network,
           fmt::format("node {}: expected width {}, found {}", id, width, node.width));
  }
  for (int argument : node.arguments) {
    expect(network.node(argument).width == node.width, network,
           fmt::format("node {}: expected arguments of width {}, found {}", id, node.width,
                       network.node(argument).width));
  }
  expect(std::isfinite(node.factor), network, fmt::format("node {}: factor is not finite", id));
}

void validate_role(const Network& network, int id, int width, const char* role) {
  const int count = static_cast<int>(network.nodes.size());
  expect(id >= 0 && id < count, network,
         fmt::format("{}: expected a node, found index {}", role, id));
  expect(network.node(id).width == width, network,
         fmt::format("{}: expected width {}, found {}", role, width, network.node(id).width));
}

void validate_states(const Network& network) {
  const int count_q = network.parameter_count();
  expect(network.readout_bias >= 0 && network.readout_bias < count_q, network,
         "readout: expected a bias inside the parameters");
  if (network.state_count() == 0) {
    expect(network.rate_node == -1 && network.target_node == -1, network,
           "rate and target: expected none in a network without states");
    return;
  }
  const int count = static_cast<int>(network.nodes.size());
  expect(network.rate_node >= 0 && network.rate_node < count, network,
         fmt::format("rate: expected a node, found index {}", network.rate_node));
  validate_role(network, network.target_node, network.state_count(), "target");
  for (int rate : network.rate_of_state) {
    expect(
        rate >= 0 && rate < network.rate_count(), network,
        fmt::format("rate of a state: expected 0..{}, found {}", network.rate_count() - 1, rate));
  }
  expect(network.readout_weight >= 0 && network.readout_weight <= count_q - network.state_count(),
         network, "readout: expected weights inside the parameters");
}

}  // namespace

std::span<const double> Network::block(const std::string& block_name) const {
  for (const ParameterBlock& b : blocks) {
    if (b.name != block_name) continue;
    return std::span(parameters)
        .subspan(static_cast<std::size_t>(b.offset), static_cast<std::size_t>(b.rows * b.columns));
  }
  throw ShapeError(
      fmt::format("network {}: expected a block \"{}\", found none", name, block_name));
}

void validate(const Network& network) {
  checked_identifier(network.name, "network name");
  expect(!network.ports.empty(), network, "ports: expected at least one");
  for (const std::string& port : network.ports) checked_identifier(port, "port name");
  checked_identifier(network.reference_terminal, "reference terminal");
  int next = 0;
  std::set<std::string> names;
  for (const ParameterBlock& block : network.blocks) {
    expect(names.insert(block.name).second, network,
           fmt::format("block {}: expected every name once", block.name));
    expect(
        block.offset == next && block.rows >= 0 && block.columns >= 0 &&
            static_cast<long long>(block.rows) * block.columns <= network.parameter_count() - next,
        network, fmt::format("block {}: expected blocks that tile the parameters", block.name));
    next += block.rows * block.columns;
  }
  expect(next == network.parameter_count(), network,
         fmt::format("expected {} parameters, found {}", next, network.parameter_count()));
  for (double value : network.parameters) {
    expect(std::isfinite(value), network, "expected finite parameters");
  }
  for (std::size_t id = 0; id < network.nodes.size(); ++id) {
    validate_node(network, static_cast<int>(id));
  }
  validate_states(network);
  validate_role(network, network.current_node, network.port_count(), "current");
  validate_role(network, network.conductance_node, 1, "conductance");
  for (double scale : {network.conductance_scale, network.voltage_scale, network.reference_step}) {
    expect(std::isfinite(scale) && scale > 0, network, "scales: expected positive numbers");
  }
}

std::vector<bool> depends_on_inputs(const Network& network) {
  std::vector<bool> depends(network.nodes.size(), false);
  for (std::size_t id = 0; id < network.nodes.size(); ++id) {
    const Node& node = network.nodes[id];
    bool any = node.op == Op::kPorts || node.op == Op::kStates;
    for (int argument : node.arguments) any = any || depends[static_cast<std::size_t>(argument)];
    depends[id] = any;
  }
  return depends;
}

bool gates_see_states(const Network& network) {
  if (network.state_count() == 0) return false;
  std::vector<bool> sees(network.nodes.size(), false);
  for (std::size_t id = 0; id < network.nodes.size(); ++id) {
    bool any = network.nodes[id].op == Op::kStates;
    for (int argument : network.nodes[id].arguments) {
      any = any || sees[static_cast<std::size_t>(argument)];
    }
    sees[id] = any;
  }
  return sees[static_cast<std::size_t>(network.rate_node)] ||
         sees[static_cast<std::size_t>(network.target_node)];
}

int NetworkBuilder::parameters(const std::string& name, int rows, int columns) {
  const int offset = network_.parameter_count();
  network_.blocks.push_back({name, offset, rows, columns});
  network_.parameters.resize(static_cast<std::size_t>(offset + rows * columns), 0.0);
  return offset;
}

int NetworkBuilder::ports() { return add({.op = Op::kPorts, .width = network_.port_count()}); }

int NetworkBuilder::states() { return add({.op = Op::kStates, .width = network_.state_count()}); }

int NetworkBuilder::affine(int width, std::vector<int> arguments, int weight, int bias) {
  return add({.op = Op::kAffine,
              .width = width,
              .arguments = std::move(arguments),
              .weight = weight,
              .bias = bias});
}

int NetworkBuilder::affine(const std::string& name, int width, std::vector<int> arguments) {
  const int inputs = input_width(arguments);
  const int weight = inputs > 0 ? parameters(name + ".weight", width, inputs) : -1;
  const int bias = parameters(name + ".bias", width, 1);
  return affine(width, std::move(arguments), weight, bias);
}

int NetworkBuilder::scale(int argument, double factor) {
  return add({.op = Op::kScale,
              .width = network_.node(argument).width,
              .arguments = {argument},
              .factor = factor});
}

int NetworkBuilder::unary(Op op, int argument) {
  return add({.op = op, .width = network_.node(argument).width, .arguments = {argument}});
}

int NetworkBuilder::binary(Op op, int left, int right) {
  assert(network_.node(left).width == network_.node(right).width);
  return add({.op = op, .width = network_.node(left).width, .arguments = {left, right}});
}

int NetworkBuilder::add(Node node) {
  network_.nodes.push_back(std::move(node));
  return static_cast<int>(network_.nodes.size()) - 1;
}

int NetworkBuilder::input_width(const std::vector<int>& arguments) const {
  int width = 0;
  for (int argument : arguments) width += network_.node(argument).width;
  return width;
}

}  // namespace psi_xlstm::ir
