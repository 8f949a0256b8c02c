#include "psi_xlstm/ir/network.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cassert>
#include <cmath>
#include <numeric>
#include <set>
#include <utility>

#include "core/identifier.hpp"
#include "ir/operations.hpp"
#include "psi_xlstm/core/error.hpp"

namespace psi_xlstm::ir {
namespace {

void expect(bool condition, const Network& network, const std::string& what) {
  if (!condition) throw ShapeError(fmt::format("network {}: {}", network.name, what));
}

// Far above every network that is trained, far below what fills a memory or takes minutes to print.
void validate_size(const Network& network) {
  constexpr std::size_t kMostNodes = 20'000;
  constexpr long long kLargestWidth = 2'000'000;
  expect(network.nodes.size() <= kMostNodes, network,
         fmt::format("expected at most {} nodes, found {}", kMostNodes, network.nodes.size()));
  long long width = 0;
  for (const Node& node : network.nodes) width += node.width;
  expect(
      width <= kLargestWidth, network,
      fmt::format("expected nodes of at most {} numbers together, found {}", kLargestWidth, width));
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

void validate_gather(const Network& network, const Node& node, int id) {
  int inputs = 0;
  for (int argument : node.arguments) inputs += network.node(argument).width;
  expect(
      node.elements.size() == static_cast<std::size_t>(node.width), network,
      fmt::format("node {}: expected {} elements, found {}", id, node.width, node.elements.size()));
  for (int element : node.elements) {
    expect(element >= 0 && element < inputs, network,
           fmt::format("node {}: expected elements of 0 to {}, found {}", id, inputs - 1, element));
  }
}

void validate_node(const Network& network, int id) {
  const Node& node = network.node(id);
  const int wanted = operation(node.op).arguments;
  expect(
      wanted < 0 || static_cast<int>(node.arguments.size()) == wanted, network,
      fmt::format("node {}: expected {} arguments, found {}", id, wanted, node.arguments.size()));
  expect(node.width >= 1 && node.width <= 1'000'000, network,
         fmt::format("node {}: expected a width of at least 1, found {}", id, node.width));
  for (int argument : node.arguments) {
    expect(argument >= 0 && argument < id, network,
           fmt::format("node {}: expected arguments before it, found {}", id, argument));
  }
  const auto of_width = [&](int width) {
    expect(node.width == width, network,
           fmt::format("node {}: expected width {}, found {}", id, width, node.width));
  };
  const auto alike = [&] {
    for (int argument : node.arguments) {
      expect(network.node(argument).width == node.width, network,
             fmt::format("node {}: expected arguments of width {}, found {}", id, node.width,
                         network.node(argument).width));
    }
    expect(std::isfinite(node.factor), network, fmt::format("node {}: factor is not finite", id));
  };
  visit(node.op,
        Ways{[&](PortsOp) { of_width(network.port_count()); },
             [&](StatesOp) { of_width(network.state_count()); }, [&](StartOp) { of_width(1); },
             [&](AffineOp) { validate_affine(network, node, id); },
             [&](GatherOp) { validate_gather(network, node, id); },
             [&](GroupSumOp) {
               const int inputs = network.node(node.arguments[0]).width;
               expect(inputs % node.width == 0, network,
                      fmt::format("node {}: expected groups of one size, found {} numbers "
                                  "in {} groups",
                                  id, inputs, node.width));
             },
             [&](StandardOp) { alike(); }, [&](ElementwiseOp) { alike(); }});
}

void validate_role(const Network& network, int id, int width, const char* role) {
  const int count = static_cast<int>(network.nodes.size());
  expect(id >= 0 && id < count, network,
         fmt::format("{}: expected a node, found index {}", role, id));
  expect(network.node(id).width == width, network,
         fmt::format("{}: expected width {}, found {}", role, width, network.node(id).width));
}

// A start that is a function of kStart, and what emission needs to know beside it.
void validate_start_node(const Network& network) {
  validate_role(network, network.start.node, network.state_count(), "start");
  const auto id = static_cast<std::size_t>(network.start.node);
  expect(!depends_on_inputs(network)[id], network,
         "start: expected a node that depends on no port and no state");
  const auto states = static_cast<std::size_t>(network.state_count());
  for (const auto* sizes : {&network.state_limit, &network.state_excursion}) {
    expect(
        sizes->size() == states, network,
        fmt::format("states: expected {} limits and excursions, found {}", states, sizes->size()));
    for (double size : *sizes) {
      expect(std::isfinite(size) && size > 0, network,
             "states: expected positive limits and excursions");
    }
  }
}

void validate_conductance(const Network& network) {
  expect(network.role || network.start == Start::kRest, network,
         "start: expected that at rest in a network that stands for no conductance");
  if (!network.role) return;
  const ConductanceRole& role = *network.role;
  validate_role(network, role.node, 1, "conductance");
  expect(std::isfinite(role.scale) && role.scale > 0, network, "scales: expected positive numbers");
  const bool has_readout = role.readout_bias >= 0 || role.readout_weight >= 0;
  if (network.start == Start::kNode || (network.start == Start::kRest && !has_readout)) return;
  const int count = network.parameter_count(), states = network.state_count();
  expect(role.readout_bias >= 0 && role.readout_bias < count, network,
         "readout: expected a bias inside the parameters");
  expect(states == 0 || (role.readout_weight >= 0 && role.readout_weight <= count - states),
         network, "readout: expected weights inside the parameters");
}

void validate_states(const Network& network) {
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
  if (network.start == Start::kNode) validate_start_node(network);
}

void validate_unknowns(const Network& network) {
  if (network.unknowns.empty()) return;
  const int count = static_cast<int>(network.nodes.size());
  const std::vector<bool> depends = depends_on_inputs(network);
  std::set<int> seen;
  for (int id : network.unknowns) {
    expect(id >= 0 && id < count, network,
           fmt::format("unknown: expected a node, found index {}", id));
    expect(depends[static_cast<std::size_t>(id)], network,
           fmt::format("unknown: expected a node that depends on a port or a state, found node {}",
                       id));
    expect(seen.insert(id).second, network,
           fmt::format("unknown: expected every node once, found node {} again", id));
  }
}

void validate_box(const Network& network) {
  const std::size_t ports = network.ports.size();
  for (const auto* ends : {&network.box.voltage_min, &network.box.voltage_max}) {
    expect(ends->size() == ports, network,
           fmt::format("training range: expected voltages of {} ports, found {}", ports,
                       ends->size()));
  }
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

const ConductanceRole& Network::conductance() const {
  if (role) return *role;
  throw ShapeError(fmt::format("network {}: expected one that stands for a conductance", name));
}

ConductanceRole& Network::conductance() {
  return const_cast<ConductanceRole&>(std::as_const(*this).conductance());
}

void require_one_conductance(const Network& network, const char* what) {
  expect(network.port_count() == 1, network,
         fmt::format("{}: expected one port, found {}", what, network.port_count()));
  expect(network.charge_node < 0, network, fmt::format("{}: expected no charges", what));
  expect(network.role.has_value(), network,
         fmt::format("{}: expected one that stands for a conductance", what));
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
  validate_size(network);
  for (std::size_t id = 0; id < network.nodes.size(); ++id) {
    validate_node(network, static_cast<int>(id));
  }
  validate_states(network);
  validate_role(network, network.current_node, network.port_count(), "current");
  if (network.charge_node != -1) {
    validate_role(network, network.charge_node, network.port_count(), "charge");
  }
  validate_conductance(network);
  validate_box(network);
  validate_unknowns(network);
  for (double scale : {network.voltage_scale, network.reference_step}) {
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

std::vector<bool> depends_on_start_alone(const Network& network) {
  const std::vector<bool> on_inputs = depends_on_inputs(network);
  std::vector<bool> depends(network.nodes.size(), false);
  for (std::size_t id = 0; id < network.nodes.size(); ++id) {
    const Node& node = network.nodes[id];
    bool any = node.op == Op::kStart;
    for (int argument : node.arguments) any = any || depends[static_cast<std::size_t>(argument)];
    depends[id] = any && !on_inputs[id];
  }
  return depends;
}

std::pair<int, int> gathered(const Network& network, const Node& node, int element) {
  int from = node.elements[static_cast<std::size_t>(element)];
  for (int argument : node.arguments) {
    const int width = network.node(argument).width;
    if (from < width) return {argument, from};
    from -= width;
  }
  return {-1, -1};  // validate() has refused it
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

int NetworkBuilder::start() { return add({.op = Op::kStart, .width = 1}); }

int NetworkBuilder::constant(const std::string& name, const std::vector<double>& values) {
  const int width = static_cast<int>(values.size());
  const int bias = parameters(name, width, 1);
  std::copy(values.begin(), values.end(), network_.parameters.begin() + bias);
  return affine(width, {}, -1, bias);
}

int NetworkBuilder::gather(std::vector<int> arguments, std::vector<int> elements) {
  const int width = static_cast<int>(elements.size());
  return add({.op = Op::kGather,
              .width = width,
              .arguments = std::move(arguments),
              .elements = std::move(elements)});
}

int NetworkBuilder::chain(std::vector<int> arguments) {
  std::vector<int> all(static_cast<std::size_t>(input_width(arguments)));
  std::iota(all.begin(), all.end(), 0);
  return gather(std::move(arguments), std::move(all));
}

int NetworkBuilder::group_sum(int argument, int groups) {
  return add({.op = Op::kGroupSum, .width = groups, .arguments = {argument}});
}

int NetworkBuilder::standard(int argument, double eps) {
  return add({.op = Op::kStandard,
              .width = network_.node(argument).width,
              .arguments = {argument},
              .factor = eps});
}

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
