#include "ir/evaluator.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>

#include "ir/operations.hpp"
#include "psi_xlstm/core/error.hpp"

namespace psi_xlstm::ir {

void expect_inputs(const Network& network,
                   std::span<const double> ports,
                   std::span<const double> states) {
  if (ports.size() == network.ports.size() && states.size() == network.rate_of_state.size()) return;
  throw ShapeError(fmt::format(
      "network {}: expected the voltages of {} ports and {} states, found {} and {}", network.name,
      network.port_count(), network.state_count(), ports.size(), states.size()));
}

Evaluator::Evaluator(const Network& network) : network_(network), parameters_(network.parameters) {
  validate(network);
  std::size_t total = 0;
  for (const Node& node : network.nodes) {
    offsets_.push_back(total);
    total += at(node.width);
    scratch_.resize(std::max(scratch_.size(), at(node.width)));
  }
  values_.assign(total, 0.0);
  adjoints_.assign(total, 0.0);
  ancestors_.resize(network.nodes.size());
  std::vector<int> roots = {network.current_node};
  if (network.role) roots.push_back(network.role->node);
  if (network.charge_node >= 0) roots.push_back(network.charge_node);
  program_[static_cast<int>(Part::kOutput)] = ancestors(roots);
  if (network.state_count() > 0) {
    program_[static_cast<int>(Part::kDynamics)] =
        ancestors({network.rate_node, network.target_node});
    roots.push_back(network.rate_node);
    roots.push_back(network.target_node);
  }
  const std::vector<bool> start_alone = depends_on_start_alone(network);
  for (std::size_t id = 0; id < start_alone.size(); ++id) {
    if (start_alone[id]) program_[static_cast<int>(Part::kStart)].push_back(static_cast<int>(id));
  }
  std::vector<int>& start_program = program_[static_cast<int>(Part::kStart)];
  if (network.start == Start::kNode) start_program.push_back(network.start.node);
  start_program = ancestors(start_program);
  for (int root : roots) ancestors_[at(root)] = ancestors({root});
}

std::vector<int> Evaluator::ancestors(const std::vector<int>& roots) const {
  std::vector<bool> needed(network_.nodes.size(), false);
  for (int root : roots) needed[at(root)] = true;
  for (std::size_t id = network_.nodes.size(); id-- > 0;) {
    if (!needed[id]) continue;
    for (int argument : network_.nodes[id].arguments) needed[at(argument)] = true;
  }
  std::vector<int> order;
  for (std::size_t id = 0; id < needed.size(); ++id) {
    if (needed[id]) order.push_back(static_cast<int>(id));
  }
  return order;
}

void Evaluator::evaluate(Part part, std::span<const double> ports, std::span<const double> states) {
  if (part != Part::kStart) expect_inputs(network_, ports, states);
  for (int id : program_[static_cast<int>(part)]) forward(id, ports.data(), states.data());
}

void Evaluator::forward(int id, const double* ports, const double* states) {
  const Node& node = network_.node(id);
  double* const out = &values_[offset(id)];
  const auto argument = [&](std::size_t k) -> const double* {
    return k < node.arguments.size() ? &values_[offset(node.arguments[k])] : nullptr;
  };
  visit(node.op, Ways{[&](PortsOp) { std::copy_n(ports, node.width, out); },
                      [&](StatesOp) { std::copy_n(states, node.width, out); },
                      [&](StartOp) { *out = start_; }, [&](AffineOp) { forward_affine(node, out); },
                      [&](GatherOp) { forward_gather(node, out); },
                      [&](GroupSumOp) {
                        const double* const a = argument(0);
                        const int size = network_.node(node.arguments[0]).width / node.width;
                        for (int i = 0; i < node.width; ++i) {
                          out[i] = std::accumulate(a + i * size, a + (i + 1) * size, 0.0);
                        }
                      },
                      [&](StandardOp) { standardise(argument(0), out, node.width, node.factor); },
                      [&](ElementwiseOp op) {
                        op.row.values(argument(0), argument(1), node.factor, out, node.width);
                      }});
}

void Evaluator::forward_gather(const Node& node, double* out) const {
  int first = 0;
  for (int argument : node.arguments) {
    const double* from = &values_[offset(argument)];
    const int end = first + network_.node(argument).width;
    for (int i = 0; i < node.width; ++i) {
      const int element = node.elements[at(i)];
      if (element >= first && element < end) out[i] = from[element - first];
    }
    first = end;
  }
}

void Evaluator::forward_affine(const Node& node, double* out) const {
  if (node.bias >= 0) {
    std::copy_n(&parameters_[at(node.bias)], node.width, out);
  } else {
    std::fill_n(out, node.width, 0.0);
  }
  if (node.arguments.empty()) return;
  const double* weight = &parameters_[at(node.weight)];
  for (int row = 0; row < node.width; ++row) {
    double sum = out[row];
    for (int argument : node.arguments) {
      const double* in = &values_[offset(argument)];
      const int width = network_.node(argument).width;
      for (int j = 0; j < width; ++j) sum += *weight++ * in[j];
    }
    out[row] = sum;
  }
}

void Evaluator::gradient(int id,
                         int element,
                         std::span<double> by_ports,
                         std::span<double> by_states,
                         std::span<double> by_parameters) {
  expect_inputs(network_, by_ports, by_states);
  if (by_parameters.size() != parameters_.size()) {
    throw ShapeError(fmt::format("network {}: expected derivatives by {} parameters, found {}",
                                 network_.name, parameters_.size(), by_parameters.size()));
  }
  std::ranges::fill(by_ports, 0.0);
  std::ranges::fill(by_states, 0.0);
  std::ranges::fill(by_parameters, 0.0);
  const std::vector<int>& order = ancestors_[at(id)];
  for (int node : order) {
    std::fill_n(&adjoints_[offset(node)], network_.node(node).width, 0.0);
  }
  adjoints_[offset(id) + at(element)] = 1;
  for (std::size_t i = order.size(); i-- > 0;) {
    backward(order[i], by_ports.data(), by_states.data(), by_parameters.data());
  }
}

void Evaluator::backward(int id, double* by_ports, double* by_states, double* by_parameters) {
  const Node& node = network_.node(id);
  const double* const adjoint = &adjoints_[offset(id)];
  const double* const out = &values_[offset(id)];
  const auto add_to = [&](double* to) {
    for (int i = 0; i < node.width; ++i) to[i] += adjoint[i];
  };
  visit(node.op,
        Ways{[&](PortsOp) { add_to(by_ports); }, [&](StatesOp) { add_to(by_states); },
             [](StartOp) {}, [&](AffineOp) { backward_affine(node, adjoint, by_parameters); },
             [&](GatherOp) { backward_gather(node, adjoint); },
             [&](GroupSumOp) { backward_group_sum(node, adjoint); },
             [&](StandardOp) { backward_standard(node, adjoint, out); },
             [&](ElementwiseOp op) {
               const std::size_t a = offset(node.arguments[0]);
               const bool two = node.arguments.size() == 2;
               const std::size_t b = two ? offset(node.arguments[1]) : 0;
               op.row.add_slopes(&values_[a], two ? &values_[b] : nullptr, out, node.factor,
                                 adjoint, &adjoints_[a], two ? &adjoints_[b] : nullptr, node.width);
             }});
}

void Evaluator::backward_gather(const Node& node, const double* adjoint) {
  int first = 0;
  for (int argument : node.arguments) {
    double* to = &adjoints_[offset(argument)];
    const int end = first + network_.node(argument).width;
    for (int i = 0; i < node.width; ++i) {
      const int element = node.elements[at(i)];
      if (element >= first && element < end) to[element - first] += adjoint[i];
    }
    first = end;
  }
}

void Evaluator::backward_group_sum(const Node& node, const double* adjoint) {
  const int argument = node.arguments[0], width = network_.node(argument).width;
  double* const to = &adjoints_[offset(argument)];
  for (int i = 0; i < width; ++i) to[i] += adjoint[i / (width / node.width)];
}

void Evaluator::backward_standard(const Node& node, const double* adjoint, const double* out) {
  const std::size_t argument = offset(node.arguments[0]);
  const double inverse = standardise(&values_[argument], scratch_.data(), node.width, node.factor);
  standard_slope(out, inverse, adjoint, scratch_.data(), node.width);
  for (int i = 0; i < node.width; ++i) adjoints_[argument + at(i)] += scratch_[at(i)];
}

void Evaluator::backward_affine(const Node& node, const double* adjoint, double* by_parameters) {
  if (node.bias >= 0) {
    for (int row = 0; row < node.width; ++row) by_parameters[at(node.bias + row)] += adjoint[row];
  }
  if (node.arguments.empty()) return;
  const double* weight = &parameters_[at(node.weight)];
  double* by_weight = &by_parameters[at(node.weight)];
  for (int row = 0; row < node.width; ++row) {
    const double da = adjoint[row];
    for (int argument : node.arguments) {
      const double* in = &values_[offset(argument)];
      double* to = &adjoints_[offset(argument)];
      const int width = network_.node(argument).width;
      for (int j = 0; j < width; ++j) {
        to[j] += da * weight[j];
        by_weight[j] += da * in[j];
      }
      weight += width;
      by_weight += width;
    }
  }
}

}  // namespace psi_xlstm::ir
