#pragma once

/// @file
/// The forms in which ngspice can run a network, behind one interface: a netlist does not see which
/// one it uses.

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "psi_xlstm/hdl/osdi_library.hpp"
#include "psi_xlstm/ir/network.hpp"
#include "psi_xlstm/spice/worker_process.hpp"

namespace psi_xlstm {

/// How a network is run.
enum class EmittedForm { kSubcircuit, kOsdi };

/// What may be set on one instance; absent: the default of the model.
struct InstanceParameters {
  std::optional<double> conductance;  ///< g0 [S]; nothing where the model has no such parameter.
  std::optional<bool> hold;           ///< Likewise.
  std::optional<double> max_step;     ///< The longest time step [s] that a compiled model allows.
};

/// One emitted form of a network, ready for a netlist. A compiled one lives as long as this object.
class EmittedModel {
 public:
  /// Throws EmitError where the network cannot be emitted or compiled.
  EmittedModel(const ir::Network& network, EmittedForm form);

  /// "subcircuit" or "osdi", the path of a CosimRow.
  std::string path() const { return library_ ? "osdi" : "subcircuit"; }
  /// The lines that must stand in the netlist before the model is used.
  const std::string& definition() const { return definition_; }
  /// `simulator` with the library that must be loaded for it.
  SimulatorOptions with_library(SimulatorOptions simulator) const;
  /// The line that puts instance `instance` (an identifier) between nodes `plus` and `minus`. The
  /// network must have one port.
  std::string element(const std::string& instance,
                      const std::string& plus,
                      const std::string& minus,
                      const InstanceParameters& parameters) const;
  /// The name of the vector of state node `state` = 0..S-1 of that instance.
  std::string state_vector(const std::string& instance, int state) const;

 private:
  std::string name_, definition_;
  bool tied_ = false, has_states_ = false;
  std::unique_ptr<hdl::OsdiLibrary> library_;
};

/// Why compiled models cannot be simulated, one sentence; empty if they can. Throws SpiceError if
/// there is no ngspice at all.
std::string problem_with_osdi(const SimulatorOptions& simulator);

}  // namespace psi_xlstm
