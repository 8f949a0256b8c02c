#pragma once

/// @file
/// States of the xLSTM kernels for tests.

#include <algorithm>
#include <cstddef>
#include <vector>

#include "kernels/xlstm/network.hpp"

namespace psi_xlstm::testing {

/// Puts sequence `row` of `state` back to the start of `network`.
template <class Real>
void reset_row(const kernels::XlstmNetwork<Real>& network,
               kernels::XlstmState<Real>& state,
               int row) {
  const kernels::XlstmState<Real> start = network.initial_state(1);
  for (std::size_t l = 0; l < start.layers.size(); ++l) {
    const auto copy = [row](const std::vector<Real>& from, std::vector<Real>& to) {
      std::copy(from.begin(), from.end(), to.begin() + static_cast<long>(from.size()) * row);
    };
    copy(start.layers[l].c, state.layers[l].c);
    copy(start.layers[l].n, state.layers[l].n);
    copy(start.layers[l].m, state.layers[l].m);
    copy(start.layers[l].y, state.layers[l].y);
  }
}

}  // namespace psi_xlstm::testing
