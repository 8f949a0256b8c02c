#include "ir/bounds.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

namespace psi_xlstm::ir {

Bounds::Bounds(const Network& network, std::vector<Interval> ports)
    : network_(network), ports_(std::move(ports)) {
  for (const Node& node : network.nodes) {
    std::vector<Interval> row;
    for (int i = 0; i < node.width; ++i) row.push_back(bound(node, i));
    bounds_.push_back(std::move(row));
  }
}

Interval Bounds::bound(const Node& node, int element) {
  const auto i = static_cast<std::size_t>(element);
  const auto around_zero = [](double limit) { return Interval{-limit, limit}; };
  return visit(
      node.op,
      Ways{[&](PortsOp) { return ports_[i]; },
           [&](StatesOp) {
             return around_zero(network_.state_limit.empty() ? 1 : network_.state_limit[i]);
           },
           [&](StartOp) { return around_zero(kWidestStart); },
           [&](AffineOp) { return affine(node, element); },
           [&](GatherOp) {
             const auto [argument, from] = gathered(network_, node, element);
             return of(argument, from);
           },
           [&](GroupSumOp) { return group_sum(node, element); },
           // of n numbers with mean 0 and mean square 1
           [&](StandardOp) { return around_zero(std::sqrt(std::max(node.width - 1.0, 0.0))); },
           [&](ElementwiseOp op) { return elementwise(op.row, node, element); }});
}

Interval Bounds::affine(const Node& node, int element) const {
  const double* p = network_.parameters.data();
  const double bias = node.bias >= 0 ? p[node.bias + element] : 0;
  Interval sum{bias, bias};
  int inputs = 0, column = 0;
  for (int argument : node.arguments) inputs += network_.node(argument).width;
  for (int argument : node.arguments) {
    for (int j = 0; j < network_.node(argument).width; ++j, ++column) {
      const double factor = p[node.weight + element * inputs + column];
      const Interval a = of(argument, j);
      sum = {sum.low + std::min(a.low * factor, a.high * factor),
             sum.high + std::max(a.low * factor, a.high * factor)};
    }
  }
  return sum;
}

Interval Bounds::group_sum(const Node& node, int element) const {
  const int argument = node.arguments[0], size = network_.node(argument).width / node.width;
  Interval sum;
  for (int j = element * size; j < (element + 1) * size; ++j) {
    sum = {sum.low + of(argument, j).low, sum.high + of(argument, j).high};
  }
  return sum;
}

Interval Bounds::elementwise(const Operation& row, const Node& node, int element) {
  const Interval a = of(node.arguments[0], element);
  const bool two = node.arguments.size() == 2;
  const Interval b = two ? of(node.arguments[1], element) : Interval{};
  if (row.exponential) {
    const double largest = std::max(std::abs(a.low), std::abs(a.high));
    const bool bounded = std::isfinite(a.low) && std::isfinite(a.high);
    largest_argument_ =
        std::max(largest_argument_, bounded ? largest : std::numeric_limits<double>::infinity());
  }
  if (two && node.arguments[0] == node.arguments[1] && row.bound_of_same != nullptr) {
    return row.bound_of_same(a);
  }
  if (row.bound != nullptr) return row.bound(a, b, node.factor);
  return {row.value(a.low, 0, node.factor), row.value(a.high, 0, node.factor)};
}

}  // namespace psi_xlstm::ir
