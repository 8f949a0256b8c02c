#pragma once

#include <string>

#include "psi_xlstm/ir/network.hpp"

namespace psi_xlstm::hdl {

/// `network` as a Verilog-A module `<name>(p, n)`: one internal node per state and one per rate,
/// ddt of a linear charge, no events, no memory outside the nodes. Instance parameters: area,
/// multiplies the current; noise (1: thermal noise of I/V); with states tau_scale and hold, g0 [S]
/// where the start is tied to it, and dtmax [s] where the macro PSI_BOUND_STEP is defined
/// ($bound_step crashes OpenVAF 23.5). Operating-point variable: conductance [S]. Throws EmitError
/// where plan_emission(network) does.
std::string verilog_a(const ir::Network& network);

}  // namespace psi_xlstm::hdl
