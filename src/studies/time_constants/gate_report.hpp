#pragma once

// What a reader sees of the forget gates of networks, beside the time constants of their device.

#include <nlohmann/json_fwd.hpp>
#include <vector>

#include "report/table.hpp"
#include "studies/time_constants/gate_times.hpp"
#include "tau/estimate.hpp"

namespace psi_xlstm {

/// The entry "networks" of tau.json.
nlohmann::ordered_json gates_json(const std::vector<NetworkGates>& networks);

/// The centres of tied gates, where there are any, and K-means of all gates, next to what the
/// records say; nothing without networks.
std::vector<Table> gate_tables(const std::vector<NetworkGates>& networks,
                               const tau::TauEstimate& estimate);

}  // namespace psi_xlstm
