#include "simulators/circuit_run.hpp"

namespace psi_xlstm {

std::vector<const CircuitElement*> voltage_sources(const Circuit& circuit) {
  std::vector<const CircuitElement*> sources;
  for (const CircuitElement& element : circuit.elements) {
    if (element.kind == ElementKind::kVoltageSource) sources.push_back(&element);
  }
  return sources;
}

}  // namespace psi_xlstm
