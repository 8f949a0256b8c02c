#pragma once

#include <string>
#include <utility>
#include <vector>

#include "simulators/ngspice/worker.hpp"
#include "simulators/simulator.hpp"

namespace psi_xlstm {

/// ngspice as a shared library, in a worker process.
class Ngspice : public Simulator {
 public:
  explicit Ngspice(SimulatorOptions options = {}) : options_(std::move(options)) {}

  std::string name() const override { return "ngspice"; }
  std::string version() const override;
  std::vector<EmittedForm> forms() const override;
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
  /// Throws SpiceError where it does not load the user's own compiled models.
  void check_own_libraries() const;
  SimulatorOptions options_for(const EmittedModel& model, double time_limit_s) const;

  SimulatorOptions options_;
};

}  // namespace psi_xlstm
