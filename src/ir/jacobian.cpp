#include "ir/jacobian.hpp"

#include <algorithm>
#include <iterator>

#include "ir/evaluator.hpp"
#include "ir/operations.hpp"

namespace psi_xlstm::ir {
namespace {

std::vector<int> merged(const std::vector<int>& left, const std::vector<int>& right) {
  std::vector<int> both;
  std::set_union(left.begin(), left.end(), right.begin(), right.end(), std::back_inserter(both));
  return both;
}

}  // namespace

SparseJacobian::SparseJacobian(const Network& network, Unknowns unknowns) : network_(network) {
  validate(network);
  std::size_t total = 0;
  for (const Node& node : network.nodes) {
    offsets_.push_back(total);
    total += static_cast<std::size_t>(node.width);
  }
  input_of_row_.assign(total, -1);
  int next = network.port_count() + network.state_count();
  for (int id : network.unknowns) {
    for (int i = 0; unknowns == Unknowns::kInputs && i < network.node(id).width; ++i) {
      input_of_row_[row(id, i)] = next++;
    }
  }
  patterns_.resize(total);
  values_.assign(total, 0.0);
  find_patterns();
  for (const std::vector<int>& pattern : patterns_) {
    derivatives_.emplace_back(pattern.size(), 0.0);
  }
}

std::vector<int> SparseJacobian::seen(std::size_t row) const {
  if (input_of_row_[row] >= 0) return {input_of_row_[row]};
  return patterns_[row];
}

void SparseJacobian::find_patterns() {
  // Every element sees all elements of the arguments: one pattern for all.
  const auto alike = [](Op op) {
    return visit(op, Ways{[](AffineOp) { return true; }, [](StandardOp) { return true; },
                          [](auto) { return false; }});
  };
  for (std::size_t id = 0; id < network_.nodes.size(); ++id) {
    const Node& node = network_.nodes[id];
    for (int element = 0; element < node.width; ++element) {
      const std::size_t out = row(static_cast<int>(id), element);
      patterns_[out] =
          alike(node.op) && element > 0 ? patterns_[out - 1] : pattern_of(node, element);
    }
  }
}

std::vector<int> SparseJacobian::pattern_of(const Node& node, int element) const {
  // Of the elements [begin, end) of every argument.
  const auto of_elements = [&](auto begin, auto end) {
    std::vector<int> pattern;
    for (int argument : node.arguments) {
      const int width = network_.node(argument).width;
      for (int j = begin(width); j < end(width); ++j)
        pattern = merged(pattern, seen(row(argument, j)));
    }
    return pattern;
  };
  const auto of_all = [&] {
    return of_elements([](int) { return 0; }, [](int width) { return width; });
  };
  return visit(
      node.op,
      Ways{[&](PortsOp) { return std::vector<int>{element}; },
           [&](StatesOp) { return std::vector<int>{network_.port_count() + element}; },
           [](StartOp) { return std::vector<int>{}; }, [&](AffineOp) { return of_all(); },
           [&](GatherOp) {
             const auto [argument, from] = gathered(network_, node, element);
             return seen(row(argument, from));
           },
           [&](GroupSumOp) {
             return of_elements([&](int width) { return element * (width / node.width); },
                                [&](int width) { return (element + 1) * (width / node.width); });
           },
           [&](StandardOp) { return of_all(); },
           [&](ElementwiseOp) {
             return of_elements([&](int) { return element; }, [&](int) { return element + 1; });
           }});
}

void SparseJacobian::evaluate(std::span<const double> ports, std::span<const double> states) {
  expect_inputs(network_, ports, states);
  for (std::size_t id = 0; id < network_.nodes.size(); ++id) {
    const Node& node = network_.nodes[id];
    const std::size_t first = offsets_[id];
    const auto inputs = [&](std::span<const double> from) {
      for (int i = 0; i < node.width; ++i) {
        const std::size_t out = first + static_cast<std::size_t>(i);
        values_[out] = from[static_cast<std::size_t>(i)];
        derivatives_[out][0] = 1;
      }
    };
    const auto each = [&](auto evaluate_one) {
      for (int i = 0; i < node.width; ++i) {
        const std::size_t out = first + static_cast<std::size_t>(i);
        std::fill(derivatives_[out].begin(), derivatives_[out].end(), 0.0);
        evaluate_one(out, i);
      }
    };
    visit(
        node.op,
        Ways{[&](PortsOp) { inputs(ports); }, [&](StatesOp) { inputs(states); },
             [&](StartOp) { values_[first] = 0; }, [&](AffineOp) { evaluate_affine(node, first); },
             [&](GatherOp) {
               each([&](std::size_t out, int i) { evaluate_gathered(node, out, i); });
             },
             [&](GroupSumOp) {
               each([&](std::size_t out, int i) { evaluate_group(node, out, i); });
             },
             [&](StandardOp) { evaluate_standard(node, first); },
             [&](ElementwiseOp op) {
               each([&](std::size_t out, int i) { evaluate_element(op.row, node, out, i); });
             }});
  }
}

void SparseJacobian::evaluate_affine(const Node& node, std::size_t first) {
  const double* parameters = network_.parameters.data();
  const double* weight = node.weight >= 0 ? parameters + node.weight : nullptr;
  for (int element = 0; element < node.width; ++element) {
    const std::size_t out = first + static_cast<std::size_t>(element);
    std::fill(derivatives_[out].begin(), derivatives_[out].end(), 0.0);
    double sum = node.bias >= 0 ? parameters[node.bias + element] : 0.0;
    for (int argument : node.arguments) {
      for (int j = 0; j < network_.node(argument).width; ++j) {
        const std::size_t from = row(argument, j);
        sum += *weight * values_[from];
        accumulate(*weight++, from, out);
      }
    }
    values_[out] = sum;
  }
}

void SparseJacobian::evaluate_gathered(const Node& node, std::size_t out, int element) {
  const auto [argument, from] = gathered(network_, node, element);
  values_[out] = values_[row(argument, from)];
  accumulate(1, row(argument, from), out);
}

void SparseJacobian::evaluate_group(const Node& node, std::size_t out, int element) {
  const int size = network_.node(node.arguments[0]).width / node.width;
  values_[out] = 0;
  for (int j = element * size; j < (element + 1) * size; ++j) {
    values_[out] += values_[row(node.arguments[0], j)];
    accumulate(1, row(node.arguments[0], j), out);
  }
}

void SparseJacobian::evaluate_element(const Operation& operation,
                                      const Node& node,
                                      std::size_t out,
                                      int element) {
  const bool two = node.arguments.size() == 2;
  const std::size_t left = row(node.arguments[0], element);
  const std::size_t right = two ? row(node.arguments[1], element) : left;
  const double a = values_[left], b = two ? values_[right] : 0;
  values_[out] = operation.value(a, b, node.factor);
  const Slopes slopes = operation.slopes(a, b, values_[out], node.factor);
  accumulate(slopes.by_left, left, out);
  if (two) accumulate(slopes.by_right, right, out);
}

// All elements share one pattern: column by column of the argument's derivatives.
void SparseJacobian::evaluate_standard(const Node& node, std::size_t first) {
  const auto width = static_cast<std::size_t>(node.width);
  const std::size_t from = row(node.arguments[0], 0);
  std::vector<double> y(width), along(width), slope(width);
  const double inverse = standardise(&values_[from], y.data(), node.width, node.factor);
  std::copy(y.begin(), y.end(), values_.begin() + static_cast<std::ptrdiff_t>(first));
  const std::vector<int>& pattern = patterns_[first];
  for (std::size_t k = 0; k < pattern.size(); ++k) {
    for (std::size_t i = 0; i < width; ++i) along[i] = seen_derivative(from + i, pattern[k]);
    standard_slope(y.data(), inverse, along.data(), slope.data(), node.width);
    for (std::size_t i = 0; i < width; ++i) derivatives_[first + i][k] = slope[i];
  }
}

double SparseJacobian::seen_derivative(std::size_t row, int input) const {
  if (input_of_row_[row] >= 0) return input_of_row_[row] == input ? 1 : 0;
  const std::vector<int>& pattern = patterns_[row];
  const auto found = std::lower_bound(pattern.begin(), pattern.end(), input);
  if (found == pattern.end() || *found != input) return 0;
  return derivatives_[row][static_cast<std::size_t>(found - pattern.begin())];
}

// Adds factor * (derivatives of row `from`) to row `to`, whose pattern contains that of `from`.
void SparseJacobian::accumulate(double factor, std::size_t from, std::size_t to) {
  const std::vector<int>& target = patterns_[to];
  if (input_of_row_[from] >= 0) {
    const auto found = std::lower_bound(target.begin(), target.end(), input_of_row_[from]);
    derivatives_[to][static_cast<std::size_t>(found - target.begin())] += factor;
    return;
  }
  const std::vector<int>& source = patterns_[from];
  std::size_t position = 0;
  for (std::size_t i = 0; i < source.size(); ++i) {
    while (target[position] != source[i]) ++position;
    derivatives_[to][position] += factor * derivatives_[from][i];
  }
}

double SparseJacobian::derivative(int id, int element, int input) const {
  const std::vector<int>& pattern = inputs(id, element);
  const auto found = std::lower_bound(pattern.begin(), pattern.end(), input);
  if (found == pattern.end() || *found != input) return 0;
  return derivatives(id, element)[static_cast<std::size_t>(found - pattern.begin())];
}

}  // namespace psi_xlstm::ir
