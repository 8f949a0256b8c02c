#pragma once

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "psi_xlstm/ir/network.hpp"

namespace psi_xlstm::testing {

/// The ports p1, p2, ... and states that start at rest; nothing is computed yet.
inline ir::Network bare_network(const std::string& name,
                                int ports,
                                std::vector<int> rate_of_state) {
  ir::Network network;
  network.name = name;
  network.ports.clear();
  for (int p = 1; p <= ports; ++p) network.ports.push_back("p" + std::to_string(p));
  network.rate_of_state = std::move(rate_of_state);
  network.start = ir::Start::kRest;
  network.role.emplace();
  return network;
}

/// Gives every parameter from `first` on a number of its own of 0.3 to 0.7 in size, every third one
/// negative, and the network ranges of order 1.
inline void fill_in(ir::Network& network, std::size_t first) {
  for (std::size_t q = first; q < network.parameters.size(); ++q) {
    network.parameters[q] = 0.3 + 0.4 * static_cast<double>((7 * q + 3) % 11) / 11;
    if (q % 3 == 1) network.parameters[q] *= -1;
  }
  network.box = {.voltage_min = std::vector<double>(network.ports.size(), -1.0),
                 .voltage_max = std::vector<double>(network.ports.size(), 1.0),
                 .conductance_min = 0.1,
                 .conductance_max = 10,
                 .step_max = 0.01,
                 .duration = 10,
                 .drive_frequency = 0.5,
                 .median_rate = 1,
                 .fastest_rate = 5};
}

}  // namespace psi_xlstm::testing
