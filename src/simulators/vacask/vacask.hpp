#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "simulators/simulator.hpp"

namespace psi_xlstm {

/// VACASK, a program that reads netlists of its own and compiled models of OSDI 0.4 and later.
class Vacask : public Simulator {
 public:
  struct Options {
    std::filesystem::path program = {};  ///< Empty: installed_program("PSI_VACASK", "vacask").
    std::filesystem::path verilog_a_compiler = {};  ///< As of SimulatorOptions.
    std::vector<std::filesystem::path> osdi = {};   ///< Likewise.
  };

  Vacask() : Vacask(Options{}) {}
  /// Throws SpiceError where there is no such program.
  explicit Vacask(Options options);

  /// Whether there is one to be found.
  static bool found();

  std::string name() const override { return "vacask"; }
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
  Options options_;
};

}  // namespace psi_xlstm
