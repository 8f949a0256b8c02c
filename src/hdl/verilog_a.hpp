#pragma once

#include <string>

#include "psi_xlstm/ir/network.hpp"

namespace psi_xlstm::hdl {

/// How the equations of a network are cut.
enum class VerilogAShape {
  kBySize,  ///< kNodes above kMostInExpressions numbers (parameter_count()), else kExpressions.
  kExpressions,  ///< Every unit an expression of all states: the fastest to run.
  /// A node for every sum in front of a bend (hdl/text/internal_nodes.hpp): what a compiler makes
  /// of it grows with the numbers, and not with the numbers times the states.
  kNodes
};

inline constexpr int kMostInExpressions = 1000;

/// Whether verilog_a(network, shape) is cut into nodes.
bool is_in_nodes(const ir::Network& network, VerilogAShape shape);

/// `network` as a Verilog-A module `<name>(<ports>, <reference>)`: one internal node per state and
/// one per rate, ddt of a linear charge there and of the charges of the ports, no events, and no
/// memory outside the nodes but the time at which soa was told last. Instance parameters: area,
/// multiplies currents and charges; noise (1: thermal noise of I/V) where one port stands for a
/// conductance; soa (1: $strobe tells where the training range is left, once a transient, at every
/// point of a sweep) where that range is known; with states tau_scale and hold, g0 [S] where the
/// start is tied to it, and dtmax [s] where the macro PSI_BOUND_STEP is defined
/// ($bound_step crashes OpenVAF 23.5). Operating-point variable, where the network stands for one:
/// conductance [S]. Throws EmitError where plan_emission(network) does.
std::string verilog_a(const ir::Network& network, VerilogAShape shape = VerilogAShape::kBySize);

}  // namespace psi_xlstm::hdl
