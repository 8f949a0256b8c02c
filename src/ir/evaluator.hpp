#pragma once

/// @file
/// Evaluation of an ir::Network in double, and the exact derivatives of single numbers of it by
/// port voltages, states and parameters (reverse mode). Used by fitting, prediction and the
/// reference integration.

#include <span>
#include <vector>

#include "psi_xlstm/ir/network.hpp"

namespace psi_xlstm::ir {

/// What has to be computed: the relaxation rates and targets, currents, charges and conductance, or
/// all that depends on the start alone.
enum class Part { kDynamics, kOutput, kStart };

/// Throws ShapeError unless `ports` and `states` are as many numbers as `network` has of them.
void expect_inputs(const Network& network,
                   std::span<const double> ports,
                   std::span<const double> states);

/// Evaluates one network at one point after another without allocating. Not thread-safe: one
/// evaluator per thread. Keeps a reference to the network, which must outlive it.
class Evaluator {
 public:
  /// Throws ShapeError where validate(network) would.
  explicit Evaluator(const Network& network);

  /// Computes every node that `part` needs. `ports` [P] in V, `states` [S]; Part::kStart needs
  /// neither. Throws ShapeError for another number of either.
  void evaluate(Part part, std::span<const double> ports, std::span<const double> states);

  /// The value of kStart from now on: ln(g0 / gs).
  void set_start(double logarithm) { start_ = logarithm; }

  /// The value of element `element` of node `id` after evaluate().
  double value(int id, int element = 0) const { return values_[offset(id) + at(element)]; }
  double rate(int k) const { return value(network_.rate_node, k); }      ///< lambda_k [1/s]
  double target(int s) const { return value(network_.target_node, s); }  ///< z_s

  /// The derivatives of element `element` of node `id` at the point last evaluated: by port
  /// voltages [P], by states [S], by parameters [Q]. Overwrites all three. `id` must belong to the
  /// part that was evaluated. Throws ShapeError on other sizes.
  void gradient(int id,
                int element,
                std::span<double> by_ports,
                std::span<double> by_states,
                std::span<double> by_parameters);

 private:
  static std::size_t at(int index) { return static_cast<std::size_t>(index); }
  std::size_t offset(int id) const { return offsets_[at(id)]; }
  void forward(int id, const double* ports, const double* states);
  void forward_affine(const Node& node, double* out) const;
  void forward_gather(const Node& node, double* out) const;
  void backward(int id, double* by_ports, double* by_states, double* by_parameters);
  void backward_affine(const Node& node, const double* adjoint, double* by_parameters);
  void backward_gather(const Node& node, const double* adjoint);
  void backward_group_sum(const Node& node, const double* adjoint);
  void backward_standard(const Node& node, const double* adjoint, const double* out);
  std::vector<int> ancestors(const std::vector<int>& roots) const;

  const Network& network_;
  const std::vector<double>& parameters_;
  std::vector<std::size_t> offsets_;  ///< Where each node's values start.
  std::vector<double> values_;
  std::vector<double> adjoints_;
  std::vector<double> scratch_;  ///< As wide as the widest node.
  double start_ = 0;
  std::vector<int> program_[3];              ///< Nodes of each Part, in order.
  std::vector<std::vector<int>> ancestors_;  ///< Of each node that may be differentiated.
};

}  // namespace psi_xlstm::ir
