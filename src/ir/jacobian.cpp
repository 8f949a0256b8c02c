#include "psi_xlstm/ir/jacobian.hpp"

#include <algorithm>
#include <iterator>

#include "psi_xlstm/ir/operations.hpp"

namespace psi_xlstm::ir {
namespace {

std::vector<int> merged(const std::vector<int>& left, const std::vector<int>& right) {
  std::vector<int> both;
  std::set_union(left.begin(), left.end(), right.begin(), right.end(), std::back_inserter(both));
  return both;
}

}  // namespace

SparseJacobian::SparseJacobian(const Network& network) : network_(network) {
  validate(network);
  std::size_t total = 0;
  for (const Node& node : network.nodes) {
    offsets_.push_back(total);
    total += static_cast<std::size_t>(node.width);
  }
  patterns_.resize(total);
  values_.assign(total, 0.0);
  find_patterns();
  for (const std::vector<int>& pattern : patterns_) {
    derivatives_.emplace_back(pattern.size(), 0.0);
  }
}

void SparseJacobian::find_patterns() {
  for (std::size_t id = 0; id < network_.nodes.size(); ++id) {
    const Node& node = network_.nodes[id];
    const int first_input = node.op == Op::kStates ? network_.port_count() : 0;
    const bool is_input = node.op == Op::kPorts || node.op == Op::kStates;
    for (int element = 0; element < node.width; ++element) {
      std::vector<int>& pattern = patterns_[row(static_cast<int>(id), element)];
      if (is_input) pattern = {first_input + element};
      for (int argument : node.arguments) {
        const int width = node.op == Op::kAffine ? network_.node(argument).width : 1;
        for (int j = 0; j < width; ++j) {
          const int from = node.op == Op::kAffine ? j : element;
          pattern = merged(pattern, patterns_[row(argument, from)]);
        }
      }
    }
  }
}

void SparseJacobian::evaluate(const double* ports, const double* states) {
  for (std::size_t id = 0; id < network_.nodes.size(); ++id) {
    const Node& node = network_.nodes[id];
    const std::size_t first = offsets_[id];
    if (node.op == Op::kAffine) {
      evaluate_affine(node, first);
      continue;
    }
    for (int element = 0; element < node.width; ++element) {
      const std::size_t out = first + static_cast<std::size_t>(element);
      if (node.op == Op::kPorts || node.op == Op::kStates) {
        values_[out] = (node.op == Op::kPorts ? ports : states)[element];
        derivatives_[out][0] = 1;
      } else {
        evaluate_element(node, out, element);
      }
    }
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

void SparseJacobian::evaluate_element(const Node& node, std::size_t out, int element) {
  std::fill(derivatives_[out].begin(), derivatives_[out].end(), 0.0);
  const std::size_t left = row(node.arguments[0], element);
  if (node.arguments.size() == 1) {
    values_[out] = unary_value(node, values_[left]);
    accumulate(unary_slope(node, values_[left], values_[out]), left, out);
    return;
  }
  const std::size_t right = row(node.arguments[1], element);
  values_[out] = binary_value(node.op, values_[left], values_[right]);
  const BinarySlopes slopes = binary_slopes(node.op, values_[left], values_[right], values_[out]);
  accumulate(slopes.by_left, left, out);
  accumulate(slopes.by_right, right, out);
}

// Adds factor * (derivatives of row `from`) to row `to`, whose pattern contains that of `from`.
void SparseJacobian::accumulate(double factor, std::size_t from, std::size_t to) {
  const std::vector<int>& source = patterns_[from];
  const std::vector<int>& target = patterns_[to];
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
