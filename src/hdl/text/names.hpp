#pragma once

#include <string>
#include <vector>

#include "psi_xlstm/ir/network.hpp"

namespace psi_xlstm::hdl {

/// Why no model may be called `name`, after "which ": a keyword of Verilog-AMS (LRM 2.4, Annex B)
/// a device type of SPICE, or a word that Spectre, HSPICE, Xyce or LTspice keep for themselves, in
/// any case. Empty where one may.
std::string problem_with_model_name(const std::string& name);

/// `name`, with "_device" behind it where there is a problem with it.
std::string usable_model_name(const std::string& name);

/// A network whose name and terminals every simulator takes.
struct RenamedNetwork {
  ir::Network network;
  std::vector<std::string> changes;  ///< A sentence for each name that got a suffix.
};

/// `network` with "_device" behind its name and "_terminal" behind those of terminals where one may
/// not use them; two terminals of one name are left as they are.
RenamedNetwork with_usable_names(const ir::Network& network);

/// Throws EmitError where there is a problem with the name of `network`, a terminal is named by a
/// terminal by a name that the printers use inside the model, or two terminals alike.
void check_names(const ir::Network& network);

}  // namespace psi_xlstm::hdl
