#pragma once

#include <string>

#include "psi_xlstm/ir/network.hpp"

namespace psi_xlstm::hdl {

/// `network` as a Verilog-A module `<name>(p, n)`: one internal node per state and one per rate,
/// ddt of a linear charge, no events, no memory outside the nodes. Parameters g0 (initial
/// conductance), hold and dtmax. Throws EmitError where plan_emission(network) does.
std::string verilog_a(const ir::Network& network);

}  // namespace psi_xlstm::hdl
