#pragma once

#include <string>
#include <vector>

#include "hdl/emitted_model.hpp"
#include "psi_xlstm/ir/network.hpp"
#include "simulators/circuit_run.hpp"
#include "simulators/test_circuit.hpp"

namespace psi_xlstm {

/// A circuit simulator of this machine. What it does with a circuit, also crashing, hanging and
/// refusing it, is the `reason` of a result; every function throws SpiceError where its input is
/// wrong or the simulator is not there. May be used from several threads.
class Simulator {
 public:
  virtual ~Simulator() = default;

  /// As in a table: "ngspice".
  virtual std::string name() const = 0;

  /// Which one it is, in a few words, with the path of what is run; asks it.
  virtual std::string version() const = 0;

  /// The forms that it reads and whose compiler, where they need one from elsewhere, is there.
  virtual std::vector<EmittedForm> forms() const = 0;

  /// `network` in one of these forms; a compiled one is loaded once for a trial. Throws EmitError
  /// or SpiceError, with the sentence for a table, where it cannot be run here.
  virtual EmittedModel prepared(const ir::Network& network, EmittedForm form) const = 0;

  virtual DeviceTransient transient(const EmittedModel& model,
                                    const TestCircuit& circuit,
                                    const TransientSettings& settings) const = 0;
  /// The source has its voltage at t = 0. `states`: how many state nodes the device has.
  virtual DevicePoint operating_point(const EmittedModel& model,
                                      const TestCircuit& circuit,
                                      int states,
                                      const StaticSettings& settings) const = 0;
  virtual DeviceCurve dc_sweep(const EmittedModel& model,
                               const TestCircuit& circuit,
                               const VoltageSweep& sweep,
                               const StaticSettings& settings) const = 0;
  /// Of the device alone: `circuit` has no resistor.
  virtual DeviceResponse ac(const EmittedModel& model,
                            const TestCircuit& circuit,
                            const FrequencySweep& sweep,
                            const StaticSettings& settings) const = 0;

  /// A user's circuit with `model` at every device. Throws SpiceError, with the sentence for a
  /// table, where there is something in it that this simulator cannot be given.
  virtual CircuitRun circuit(const Circuit& circuit,
                             const EmittedModel& model,
                             const TransientSettings& settings) const = 0;
};

}  // namespace psi_xlstm
