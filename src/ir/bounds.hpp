#pragma once

/// @file
/// What every number of a network cannot leave: interval arithmetic from the inputs on.

#include <vector>

#include "ir/operations.hpp"
#include "psi_xlstm/ir/network.hpp"

namespace psi_xlstm::ir {

inline constexpr double kWidestStart = 20;  ///< |ln(g0/gs)|: nine decades to either side.

/// Bounds of every element of every node.
class Bounds {
 public:
  /// With the voltages within `ports` [P] in V, the states within the network's limits ([-1, 1]
  /// where it has none) and the start within kWidestStart. `network` must be valid.
  Bounds(const Network& network, std::vector<Interval> ports);

  Interval of(int id, int element) const {
    return bounds_[static_cast<std::size_t>(id)][static_cast<std::size_t>(element)];
  }
  /// The largest |argument| of any exponential; infinity where one has no bound.
  double largest_argument() const { return largest_argument_; }

 private:
  Interval bound(const Node& node, int element);
  Interval affine(const Node& node, int element) const;
  Interval group_sum(const Node& node, int element) const;
  Interval elementwise(const Operation& row, const Node& node, int element);

  const Network& network_;
  const std::vector<Interval> ports_;
  double largest_argument_ = 0;
  std::vector<std::vector<Interval>> bounds_;
};

}  // namespace psi_xlstm::ir
