#pragma once

/// @file
/// The forms in which ngspice can run a network, behind one interface: a netlist does not see which
/// one it uses.

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "hdl/osdi/library.hpp"
#include "hdl/osdi/version.hpp"
#include "hdl/verilog_a_compiler.hpp"
#include "simulators/ngspice/worker.hpp"
#include "psi_xlstm/ir/network.hpp"

namespace psi_xlstm {

/// How a network is run.
enum class EmittedForm {
  kSubcircuit,
  kOsdi,     ///< C, compiled by the machine's C compiler.
  kVerilogA  ///< Verilog-A, compiled by OpenVAF.
};

/// What may be set on one instance; absent: the default of the model.
struct InstanceParameters {
  std::optional<double> conductance;  ///< g0 [S]; nothing where the model has no such parameter.
  std::optional<bool> hold;           ///< Likewise.
  std::optional<double> max_step;     ///< The longest time step [s] that a compiled model allows.
};

/// One emitted form of a network, ready for a netlist. A compiled one lives as long as this object.
class EmittedModel {
 public:
  /// Throws EmitError where the network cannot be emitted or compiled. The form kVerilogA is
  /// compiled by hdl::verilog_a_compiler(`verilog_a_compiler`).
  EmittedModel(const ir::Network& network,
               EmittedForm form,
               const std::filesystem::path& verilog_a_compiler = {});

  /// "subcircuit", "osdi" or "verilog_a", the path of a CosimRow.
  std::string path() const;
  EmittedForm form() const { return form_; }
  bool is_compiled() const { return form_ != EmittedForm::kSubcircuit; }
  /// The file that ngspice loads; empty for a subcircuit.
  std::filesystem::path library() const;
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
  /// The same with parameters as text, e.g. " g0=2e-4 area={a}"; the caller has checked it.
  std::string element(const std::string& instance,
                      const std::string& plus,
                      const std::string& minus,
                      const std::string& assignments,
                      double max_step) const;
  /// The name of the vector of state node `state` = 0..S-1 of that instance.
  std::string state_vector(const std::string& instance, int state) const;

 private:
  std::string name_, definition_;
  EmittedForm form_;
  bool tied_ = false, has_states_ = false, bounds_step_ = false;
  std::unique_ptr<hdl::OsdiLibrary> library_;
  std::unique_ptr<hdl::VerilogALibrary> verilog_a_;
};

/// The forms that can be compared on this machine, the subcircuit first, among `paths` (as
/// EmittedModel::path(); empty: all). What is there but cannot be used adds a sentence to
/// `left_out`; a Verilog-A compiler that is not there adds none unless it is asked for. Throws
/// SpiceError where a path has another name.
std::vector<EmittedModel> emitted_models(const ir::Network& network,
                                         const SimulatorOptions& simulator,
                                         std::string& left_out,
                                         const std::vector<std::string>& paths = {});

/// Why compiled models cannot be simulated, one sentence; empty if they can. Throws SpiceError if
/// there is no ngspice at all.
std::string problem_with_osdi(const SimulatorOptions& simulator);

/// Why the ngspice called `version` ("ngspice-39 shared library") cannot load libraries of that
/// release of the interface, as the end of a sentence; empty if it can.
std::string problem_with_version(const std::string& version, const hdl::OsdiVersion& library);

/// Why what OpenVAF makes of a model cannot be simulated, one sentence; empty if it can. Throws
/// SpiceError if there is no ngspice at all.
std::string problem_with_verilog_a(const EmittedModel& model, const SimulatorOptions& simulator);

}  // namespace psi_xlstm
