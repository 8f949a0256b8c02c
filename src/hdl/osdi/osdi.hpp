#pragma once

/// @file
/// A network as C99 against the interface of compiled device models (OSDI 0.3; with -DPSI_OSDI=4
/// 0.4): what ngspice and VACASK load without a Verilog-A compiler, and the fastest form of a model
/// in them.
///
/// Nodes: the ports, the reference terminal, one node x_<s> per state, one node r_<s> per rate
/// (hdl/text/plan.hpp), one node y_<k> per element of an unknown. The states are optional last
/// terminals, as many as fit into 20 terminals.
/// Instance parameters: m; area, multiplies every current and charge; with states hold, tau_scale
/// (multiplies every time constant) and dtmax [s]; g0 [S] where the start is tied to it; with a
/// conductance and one port noise (1: thermal noise of I/V; ngspice asks for it from release 42
/// on); soa (1: tells once where the training range is left) where that range is known; temp and
/// dtemp of an instance are refused. Each but m may stand on the .model line too and is then the
/// default of the instances. Operating-point variables: g [S] where there is a conductance, c_<s>,
/// tau_<k> [s].

#include <string>
#include <vector>

#include "psi_xlstm/ir/network.hpp"

namespace psi_xlstm::hdl {

/// The C file of `network`, any number of ports. It needs GCC's vectors (GCC or Clang), libm and
/// nothing else, keeps no state outside its instances and may be evaluated by several threads.
/// Throws EmitError where plan_emission(network) does and where the model is named like a device
/// type of SPICE.
std::string osdi_source(const ir::Network& network);

/// The names of the terminals of the emitted device, in their order; those after the reference
/// terminal are states and may be left away.
std::vector<std::string> osdi_terminals(const ir::Network& network);

}  // namespace psi_xlstm::hdl
