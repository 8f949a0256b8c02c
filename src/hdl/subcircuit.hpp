#pragma once

#include <string>

#include "psi_xlstm/ir/network.hpp"

namespace psi_xlstm::hdl {

/// `network` as a SPICE subcircuit `<name> <ports> <reference> params: g0=... hold=1 area=1 m=1
/// noise=0 soa=0`, in the linear form: every nonlinear source has as few controlling voltages as
/// its function has arguments, and every sum is made of transconductances into 1 ohm. With hold = 1
/// the states keep their start in operating point, DC sweep and AC; with hold = 0 they go to their
/// equilibrium. The current of a charge is that of a capacitance which has it. area and m multiply
/// all currents; noise = 1: thermal noise 4 k T G of the conductance; soa = 1: the node soa of the
/// instance is above 0 V where voltage or conductance leave the training range. Runs in every SPICE
/// with B-sources. Throws EmitError where plan_emission(network) does.
std::string subcircuit(const ir::Network& network);

}  // namespace psi_xlstm::hdl
