#pragma once

/// @file
/// The Jacobian of some nodes of an ir::Network by port voltages and states, by forward mode on the
/// entries that can be non-zero: what Newton's method, AC analysis and implicit integration need.

#include <span>
#include <vector>

#include "ir/operations.hpp"
#include "psi_xlstm/ir/network.hpp"

namespace psi_xlstm::ir {

/// Whether the elements of the network's unknowns are inputs of what lies behind them.
enum class Unknowns { kTransparent, kInputs };

/// The sparsity pattern and values of the derivatives of every element of some nodes. Inputs are
/// numbered 0..P-1 for the ports and P..P+S-1 for the states, then come the elements of the
/// unknowns where these are inputs (the derivatives of an unknown itself are those by the inputs
/// before it). Not thread-safe; keeps a reference to the network.
class SparseJacobian {
 public:
  /// Throws ShapeError where validate(network) would.
  explicit SparseJacobian(const Network& network, Unknowns unknowns = Unknowns::kTransparent);

  /// Computes all values and derivatives at `ports` [P] in V and `states` [S]. Throws ShapeError
  /// for another number of either.
  void evaluate(std::span<const double> ports, std::span<const double> states);

  /// The inputs on which element `element` of node `id` depends, ascending.
  const std::vector<int>& inputs(int id, int element) const { return patterns_[row(id, element)]; }
  /// The derivatives by inputs(id, element), in the same order.
  const std::vector<double>& derivatives(int id, int element) const {
    return derivatives_[row(id, element)];
  }
  double value(int id, int element) const { return values_[row(id, element)]; }
  /// The derivative by one input; 0 where the pattern has no entry.
  double derivative(int id, int element, int input) const;

 private:
  std::size_t row(int id, int element) const {
    return offsets_[static_cast<std::size_t>(id)] + static_cast<std::size_t>(element);
  }
  void find_patterns();
  std::vector<int> pattern_of(const Node& node, int element) const;
  // The inputs through which a user of a row depends on them.
  std::vector<int> seen(std::size_t row) const;
  void evaluate_affine(const Node& node, std::size_t first);
  void evaluate_gathered(const Node& node, std::size_t out, int element);
  void evaluate_group(const Node& node, std::size_t out, int element);
  void evaluate_element(const Operation& operation, const Node& node, std::size_t out, int element);
  void evaluate_standard(const Node& node, std::size_t first);
  void accumulate(double factor, std::size_t from, std::size_t to);
  double seen_derivative(std::size_t row, int input) const;

  const Network& network_;
  std::vector<std::size_t> offsets_;
  std::vector<std::vector<int>> patterns_;
  std::vector<std::vector<double>> derivatives_;
  std::vector<double> values_;
  std::vector<int> input_of_row_;  ///< Of the elements of unknowns that are inputs; else -1.
};

}  // namespace psi_xlstm::ir
