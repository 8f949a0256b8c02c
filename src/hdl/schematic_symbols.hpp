#pragma once

#include <string>

#include "psi_xlstm/ir/network.hpp"

namespace psi_xlstm::hdl {

/// `network`, with usable names, as a symbol of xschem (file format 1.2, of 3.4.4) for the
/// subcircuit in <name>.sp beside it: a pin for each terminal in the subcircuit's order, g0 and
/// area as attributes; a netlist gets the instance's line and an .include of that file. `origin`:
/// who made it, lines. Throws EmitError where plan_emission(network) does.
std::string xschem_symbol(const ir::Network& network, const std::string& origin);

/// The same as a library with one symbol of KiCad (file format 20211014, which 6 and later read),
/// with the fields of its simulator (7 or later): Sim.Device, Sim.Library, Sim.Name, Sim.Pins,
/// Sim.Params.
std::string kicad_symbol(const ir::Network& network, const std::string& origin);

}  // namespace psi_xlstm::hdl
