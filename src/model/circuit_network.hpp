#pragma once

/// @file
/// From a network of a study to the one that is emitted.

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "fit/train.hpp"
#include "model/stored_network.hpp"
#include "psi_xlstm/ir/network.hpp"

namespace psi_xlstm {

/// The recurrent network in `file`; nothing where the file holds a compact student. Throws
/// DataError where it is missing or neither of them.
std::optional<StoredNetwork> load_recurrent(const std::filesystem::path& file);

/// Why no circuit can hold `stored`, one sentence; empty where one can. It must be recurrent, of
/// the known-start protocol, and know the box of its training data.
std::string why_no_circuit(const StoredNetwork& stored);

/// `stored` for a circuit, named after its model. Throws DataError with why_no_circuit().
ir::Network circuit_network(const StoredNetwork& stored);

/// The box of `stored` on the records it was trained on, run in steps of several samples.
ir::TrainingBox network_box(const StoredNetwork& stored,
                            const std::vector<fit::TrainingRecord>& records);

}  // namespace psi_xlstm
