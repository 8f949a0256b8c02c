#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "simulators/simulator.hpp"

namespace psi_xlstm {

/// neospice, a SPICE with a Python interface, in a Python process of its own.
class Neospice : public Simulator {
 public:
  /// `python` has the module neospice; empty: what PSI_NEOSPICE names, else the one that
  /// scripts/simulators.sh installed. Throws SpiceError where there is none.
  explicit Neospice(std::filesystem::path python = {});

  /// Whether there is one to be found.
  static bool found();

  std::string name() const override { return "neospice"; }
  std::string version() const override;
  std::vector<EmittedForm> forms() const override { return {EmittedForm::kSubcircuit}; }
  EmittedModel prepared(const ir::Network& network, EmittedForm form) const override;
  DeviceTransient transient(const EmittedModel& model,
                            const TestCircuit& circuit,
                            const TransientSettings& settings) const override;
  DevicePoint operating_point(const EmittedModel& model,
                              const TestCircuit& circuit,
                              int states,
                              const StaticSettings& settings) const override;
  DeviceCurve dc_sweep(const EmittedModel& model,
                       const TestCircuit& circuit,
                       const VoltageSweep& sweep,
                       const StaticSettings& settings) const override;
  DeviceResponse ac(const EmittedModel& model,
                    const TestCircuit& circuit,
                    const FrequencySweep& sweep,
                    const StaticSettings& settings) const override;
  CircuitRun circuit(const Circuit& circuit,
                     const EmittedModel& model,
                     const TransientSettings& settings) const override;

 private:
  std::filesystem::path python_;
};

}  // namespace psi_xlstm
