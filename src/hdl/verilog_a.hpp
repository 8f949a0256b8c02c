#pragma once

#include <string>

#include "psi_xlstm/ir/network.hpp"

namespace psi_xlstm::hdl {

/// `network` as a Verilog-A module `<name>(<ports>, <reference>)`: one internal node per state and
/// one per rate, ddt of a linear charge there and of the charges of the ports, no events, and no
/// memory outside the nodes but the time at which soa was told last. Instance parameters: area,
/// multiplies currents and charges; noise (1: thermal noise of I/V) where one port stands for a
/// conductance; soa (1: $strobe tells where the training range is left, once a transient, at every
/// point of a sweep) where that range is known; with states tau_scale and hold, g0 [S] where the
/// start is tied to it, and dtmax [s] where the macro PSI_BOUND_STEP is defined
/// ($bound_step crashes OpenVAF 23.5). Operating-point variable, where the network stands for one:
/// conductance [S]. Throws EmitError where plan_emission(network) does.
std::string verilog_a(const ir::Network& network);

}  // namespace psi_xlstm::hdl
