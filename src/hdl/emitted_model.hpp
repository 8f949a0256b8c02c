#pragma once

/// @file
/// The forms in which a circuit simulator can run a network, behind one interface: a netlist does
/// not see which one it uses.

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "hdl/osdi/library.hpp"
#include "hdl/verilog_a.hpp"
#include "hdl/verilog_a_compiler.hpp"
#include "psi_xlstm/ir/network.hpp"

namespace psi_xlstm {

/// How a network is run.
enum class EmittedForm {
  kSubcircuit,
  kOsdi,     ///< C, compiled by the machine's C compiler.
  kVerilogA  ///< Verilog-A, compiled by OpenVAF.
};

/// "subcircuit", "osdi" or "verilog_a", the path of a CosimRow.
const char* path_of(EmittedForm form);

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
  /// written in `shape` and compiled by hdl::verilog_a_compiler(`verilog_a_compiler`), kOsdi is
  /// compiled for `release`.
  EmittedModel(const ir::Network& network,
               EmittedForm form,
               const std::filesystem::path& verilog_a_compiler = {},
               hdl::OsdiRelease release = hdl::OsdiRelease::k03,
               hdl::VerilogAShape shape = hdl::VerilogAShape::kBySize);

  std::string path() const { return path_of(form_); }
  EmittedForm form() const { return form_; }
  bool is_compiled() const { return form_ != EmittedForm::kSubcircuit; }
  /// The compiled file that a simulator must load first; empty for a subcircuit.
  std::filesystem::path library() const;
  /// The name of the module or subcircuit.
  const std::string& name() const { return name_; }
  /// What of `parameters` the model has, as names and numbers of any netlist.
  std::vector<std::pair<std::string, std::string>> assignments(
      const InstanceParameters& parameters) const;
  /// The lines that must stand in the netlist before the model is used.
  const std::string& definition() const { return definition_; }
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

}  // namespace psi_xlstm
