#pragma once

/// @file
/// Keeps everything out of a netlist that is not a circuit. A SPICE deck can run shell commands and
/// read and write files (.control, .include, PWL with a file, XSPICE code models, ...), so only
/// what is listed here may pass:
///
///   elements    R C L V I B G E F H D Q M J N X K S W T and their '+' continuations
///   dot lines   .subckt .ends .param .model .ic .nodeset .options .temp .if .elseif .else .endif
///               .end
///   comments    '*', but not "*#" and "*ng_script", which ngspice can take for commands
///   functions   those of arithmetic, of sources, and v() and i()

#include <string>
#include <vector>

namespace psi_xlstm {

/// Does nothing if `netlist` is a circuit as described above, of printable ASCII, with at least one
/// element and nothing after .end. Throws SpiceError naming the line otherwise.
void check_netlist(const std::string& netlist);

/// Throws SpiceError, whose message `where` opens, unless `name` is an option of ngspice's numerics
/// that may be set and `value` one it may have; maxord = 1 loses the second order of the
/// integration and is refused.
void check_simulator_option(const std::string& where, const std::string& name, double value);

/// The names, in lower case, of the voltage sources whose value is `external`.
std::vector<std::string> external_sources(const std::string& netlist);

}  // namespace psi_xlstm
