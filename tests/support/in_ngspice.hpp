#pragma once

/// @file
/// A circuit in ngspice alone.

#include <memory>
#include <string>
#include <vector>

#include "cosimulation/circuit_cosimulation.hpp"
#include "simulators/ngspice/ngspice.hpp"

namespace psi_xlstm::testing {

/// cosimulate_circuit() in the ngspice of `options`.
inline CosimReport in_ngspice(const ir::Network& network,
                              const Circuit& circuit,
                              const CosimConfig& config,
                              const SimulatorOptions& options,
                              const std::vector<std::string>& paths = {}) {
  const std::unique_ptr<Simulator> simulators[] = {std::make_unique<Ngspice>(options)};
  return cosimulate_circuit(network, circuit, config, simulators, paths);
}

}  // namespace psi_xlstm::testing
