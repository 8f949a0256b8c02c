#pragma once

#include <optional>
#include <string>
#include <vector>

#include "psi_xlstm/data/record.hpp"
#include "psi_xlstm/ir/network.hpp"

namespace psi_xlstm {

/// Replaces the current of `record` by that of `network` under the record's voltage, from the
/// initial conductance `g0` [S]; without one, from the record's own (known, or estimated from its
/// current), else from the middle of the conductances of the training box. Returns warnings: a
/// voltage outside the training box, a conductance outside the range the model can hold, an assumed
/// start.
std::vector<std::string> predict_in_place(const ir::Network& network,
                                          std::optional<double> g0,
                                          Record& record);

}  // namespace psi_xlstm
