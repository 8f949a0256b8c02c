#pragma once

#include <string>

#include "psi_xlstm/ir/network.hpp"

namespace psi_xlstm::hdl {

/// Why no model may be called `name`, after "which ": a keyword of Verilog-AMS (LRM 2.4, Annex B)
/// or a device type of SPICE. Empty where one may.
std::string problem_with_model_name(const std::string& name);

/// Throws EmitError where there is a problem with the name of `network`, a terminal is named by a
/// terminal by a name that the printers use inside the model, or two terminals alike.
void check_names(const ir::Network& network);

}  // namespace psi_xlstm::hdl
