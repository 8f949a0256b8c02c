#pragma once

/// @file
/// K relaxations with fixed time constants, found on the grid of tau/moments.hpp.
///
/// Axes: K processes.

#include <Eigen/Dense>
#include <vector>

#include "tau/separable.hpp"

namespace psi_xlstm::tau {

/// A fit of K relaxations.
struct ConstantRates {
  std::vector<double> taus;  ///< [s], ascending, [K].
  Solution solution;
  int starts = 0;    ///< Searches that ended in a usable point.
  int agreeing = 0;  ///< Of them, those that ended in this one.

  int count() const { return static_cast<int>(taus.size()); }
};

/// Fits `count` relaxations. Every set of that many points of a coarse grid is tried (it costs a
/// small linear solve), and the search over ln tau starts from the best of them that differ, and
/// from the solution `previous` for one process less with one more added where it helps most: at
/// least eight starts where there are so many sets. Searches that end in the same point are merged.
ConstantRates fit_constant_rates(const Problem& problem,
                                 const TauGrid& grid,
                                 int count,
                                 const std::vector<double>& previous);

/// Searches from `taus` [s] alone; those at `fixed` (indices) stay as they are.
ConstantRates search_constant_rates(const Problem& problem,
                                    const TauGrid& grid,
                                    std::vector<double> taus,
                                    const std::vector<int>& fixed = {});

}  // namespace psi_xlstm::tau
