#pragma once

#include <optional>
#include <string>
#include <vector>

#include "model/model.hpp"
#include "psi_xlstm/data/record.hpp"

namespace psi_xlstm::model {

/// Replaces the current of `record` by that of `model` under the record's voltage, from the initial
/// conductance `g0` [S]; without one, from the record's own (known, or estimated from its current),
/// else from the middle of the model's range. Returns warnings: a voltage or a time outside the
/// training data, a conductance outside the model's range, an assumed start, a `g0` that the model
/// does not see. Throws DataError where the record has another number of ports than the model, or
/// the current becomes infinite.
std::vector<std::string> predict_in_place(const Model& model,
                                          std::optional<double> g0,
                                          Record& record);

}  // namespace psi_xlstm::model
