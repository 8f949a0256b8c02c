#include "ir/jacobian.hpp"

#include <algorithm>
#include <iterator>

#include "ir/operations.hpp"

namespace psi_xlstm::ir {
namespace {

std::vector<int> merged(const std::vector<int>& left, const std::vector<int>& right) {
  std::vector<int> both;
  std::set_union(left.begin(), left.end(), right.begin(), right.end(), std::back_inserter(both));
  return both;
}

}  // namespace

SparseJacobian::SparseJacobian(const Network& network, Junctions junctions) : network_(network) {
  validate(network);
  std::size_t total = 0;
  for (const Node& node : network.nodes) {
    offsets_.push_back(total);
    total += static_cast<std::size_t>(node.width);
  }
  input_of_row_.assign(total, -1);
  int next = network.port_count() + network.state_count();
  for (int id : network.junctions) {
    for (int i = 0; junctions == Junctions::kInputs && i < network.node(id).width; ++i) {
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
  for (std::size_t id = 0; id < network_.nodes.size(); ++id) {
    const Node& node = network_.nodes[id];
    const bool alike = node.op == Op::kAffine || node.op == Op::kStandard;
    for (int element = 0; element < node.width; ++element) {
      const std::size_t out = row(static_cast<int>(id), element);
      patterns_[out] = alike && element > 0 ? patterns_[out - 1] : pattern_of(node, element);
    }
  }
}

std::vector<int> SparseJacobian::pattern_of(const Node& node, int element) const {
  if (node.op == Op::kPorts) return {element};
  if (node.op == Op::kStates) return {network_.port_count() + element};
  std::vector<int> pattern;
  if (node.op == Op::kGather) {
    const auto [argument, from] = gathered(network_, node, element);
    return seen(row(argument, from));
  }
  for (int argument : node.arguments) {
    const int width = network_.node(argument).width;
    int begin = element, end = element + 1;
    if (node.op == Op::kAffine || node.op == Op::kStandard) {
      begin = 0;
      end = width;
    } else if (node.op == Op::kGroupSum) {
      begin = element * (width / node.width);
      end = (element + 1) * (width / node.width);
    }
    for (int j = begin; j < end; ++j) pattern = merged(pattern, seen(row(argument, j)));
  }
  return pattern;
}

void SparseJacobian::evaluate(const double* ports, const double* states) {
  for (std::size_t id = 0; id < network_.nodes.size(); ++id) {
    const Node& node = network_.nodes[id];
    const std::size_t first = offsets_[id];
    if (node.op == Op::kAffine) {
      evaluate_affine(node, first);
      continue;
    }
    if (node.op == Op::kStandard) {
      evaluate_standard(node, first);
      continue;
    }
    for (int element = 0; element < node.width; ++element) {
      const std::size_t out = first + static_cast<std::size_t>(element);
      if (node.op == Op::kPorts || node.op == Op::kStates) {
        values_[out] = (node.op == Op::kPorts ? ports : states)[element];
        derivatives_[out][0] = 1;
      } else if (node.op == Op::kStart) {
        values_[out] = 0;
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
  if (node.op == Op::kGather) {
    const auto [argument, from] = gathered(network_, node, element);
    values_[out] = values_[row(argument, from)];
    return accumulate(1, row(argument, from), out);
  }
  if (node.op == Op::kGroupSum) {
    const int size = network_.node(node.arguments[0]).width / node.width;
    values_[out] = 0;
    for (int j = element * size; j < (element + 1) * size; ++j) {
      values_[out] += values_[row(node.arguments[0], j)];
      accumulate(1, row(node.arguments[0], j), out);
    }
    return;
  }
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
