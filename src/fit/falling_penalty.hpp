#pragma once

#include <span>
#include <vector>

#include "fit/sensitivity.hpp"
#include "psi_xlstm/ir/network.hpp"

namespace psi_xlstm::fit {

/// A term of chi^2 that keeps the current of a compact student with a static curve from falling
/// with the voltage at a fixed state (falling_current.hpp). With the exponential head
/// I = V g(c) exp(s(V)) the logarithmic slope dlnI/dlnV = 1 + V s'(V) is the same for every state;
/// at each voltage of a grid, closer near 0 V, the term is weight max(0, 0.05 - slope)^2.
class FallingPenalty {
 public:
  /// For voltages from one and a half times `lowest` to one and a half times `highest` [V]. Does
  /// nothing where `weight` is 0, the network has no static curve or another head.
  FallingPenalty(const ir::Network& network, double lowest, double highest, double weight);

  /// Adds the term at the parameters `x` (the first of them are the network's).
  void add(std::span<const double> x, NormalEquations& normal) const;

 private:
  void add_point(double u, std::span<const double> x, NormalEquations& normal) const;

  int count_ = 0, weights_ = 0, biases_ = 0, gains_ = 0;  ///< Features; where their numbers begin.
  double weight_ = 0;
  std::vector<double> grid_;  ///< Voltages over the network's scale.
};

}  // namespace psi_xlstm::fit
