#pragma once

#include <string>
#include <vector>

#include "circuit/circuit.hpp"
#include "simulators/test_circuit.hpp"

namespace psi_xlstm {

/// A user's circuit in one simulator, with one form of the model at its devices.
struct CircuitRun : SimulationEnd {
  std::string simulator;
  std::string path;          ///< As EmittedModel::path().
  std::vector<double> time;  ///< Of the simulator [s], [N].
  std::vector<std::vector<double>>
      devices;  ///< Currents, in the order of the circuit [A], [..][N].
  std::vector<std::vector<double>> sources;  ///< Likewise, of the voltage sources.
  std::vector<std::vector<double>> nodes;    ///< Voltages [V], [..][N].
  TransientCounters counters;

  /// "ngspice, osdi"
  std::string form() const { return simulator + ", " + path; }
};

/// The voltage sources of `circuit`, in its order: those of CircuitRun::sources.
std::vector<const CircuitElement*> voltage_sources(const Circuit& circuit);

}  // namespace psi_xlstm
