#pragma once

#include <string_view>

#include "psi_xlstm/ir/network.hpp"

namespace psi_xlstm::hdl {

/// Whether `word` is a keyword of Verilog-AMS (LRM 2.4, Annex B), which no module may be named
/// after.
bool is_reserved_word(std::string_view word);

/// Throws EmitError where the model or a terminal of `network` is named by a reserved word, a
/// terminal by a name that the printers use inside the model, or two terminals alike.
void check_names(const ir::Network& network);

}  // namespace psi_xlstm::hdl
