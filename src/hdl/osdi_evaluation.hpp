#pragma once

#include <string>
#include <vector>

#include "psi_xlstm/ir/network.hpp"

namespace psi_xlstm::hdl {

/// One derivative that an emitted evaluation stores.
struct OsdiSlope {
  int value = 0;  ///< Of which of the values.
  int input = 0;  ///< By which input: the ports, then the states.
};

/// The C function that computes a network and its derivatives, and what it stores.
struct OsdiEvaluation {
  /// Defines evaluate_network(v [P], c [S], value, slope): value holds the currents [P] in A, the
  /// rates [K] in 1/s, the targets [S] and the conductance in S; slope holds `slopes`.
  std::string text;
  std::vector<OsdiSlope> slopes;  ///< Ordered by value, then by input; no derivative of the
                                  ///< conductance.
};

/// `network` as straight-line C on four doubles at once, derivatives by forward mode on the inputs
/// that can matter. The instruction set is chosen when the library is loaded. Throws ShapeError
/// where ir::validate(network) does.
OsdiEvaluation osdi_evaluation(const ir::Network& network);

}  // namespace psi_xlstm::hdl
