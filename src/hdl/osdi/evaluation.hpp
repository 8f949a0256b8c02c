#pragma once

#include <string>
#include <vector>

#include "psi_xlstm/ir/network.hpp"

namespace psi_xlstm::hdl {

/// One derivative that an emitted evaluation stores.
struct OsdiSlope {
  int value = 0;  ///< Of which of the values.
  int input = 0;  ///< By which input: the ports, the states, then the junctions.
};

/// The C function that computes a network and its derivatives, and what it stores.
struct OsdiEvaluation {
  /// Defines evaluate_network(v [P], c, value, slope). c holds the states [S], the junctions and
  /// what depends on the start alone. value holds the currents [P] in A, the rates [K] in 1/s, the
  /// targets [S], the conductance in S (0: there is none), the junctions and, where there are any,
  /// the charges [P] in C; slope holds `slopes`. With Start::kNode also evaluate_start(ln(g0/gs),
  /// states [S], what depends on the start alone).
  std::string text;
  std::vector<OsdiSlope> slopes;  ///< Ordered by value, then by input; no derivative of the
                                  ///< conductance.
  int junctions = 0;              ///< Elements of the network's unknowns.
  int fixed = 0;                  ///< Numbers that depend on the start alone.
};

/// Whether `network` is written as loops over arrays (wide layers, junctions, a start that is a
/// function), not as straight-line code.
bool needs_loops(const ir::Network& network);

/// `network` in C, derivatives by forward mode on the inputs that can matter. The instruction set
/// is chosen when the library is loaded. Throws ShapeError where ir::validate(network) does.
OsdiEvaluation osdi_evaluation(const ir::Network& network);

}  // namespace psi_xlstm::hdl
