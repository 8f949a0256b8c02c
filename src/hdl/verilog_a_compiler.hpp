#pragma once

/// @file
/// OpenVAF, where the machine has it: turns the emitted Verilog-A itself into a library that
/// ngspice loads.

#include <filesystem>
#include <optional>
#include <string>

#include "core/temporary_folder.hpp"
#include "hdl/verilog_a.hpp"
#include "psi_xlstm/ir/network.hpp"

namespace psi_xlstm::hdl {

/// The compiler that is used: `named` where it is not empty, else the environment variable
/// PSI_OPENVAF, else openvaf or openvaf-r from PATH or from scripts/simulators.sh. Nothing where
/// there is none; what was named counts even where it does not exist.
std::optional<std::filesystem::path> verilog_a_compiler(const std::filesystem::path& named);

/// A module as a library in a folder of its own, which is removed with this object.
class VerilogALibrary {
 public:
  /// Compiles verilog_a(network, shape), first with its request for a longest time step
  /// ($bound_step, at which OpenVAF 23.5 crashes), then without. Throws EmitError, with what the
  /// compiler said, where it cannot be started, fails, crashes, takes too long or makes no OSDI
  /// library.
  VerilogALibrary(const ir::Network& network,
                  const std::filesystem::path& compiler,
                  VerilogAShape shape = VerilogAShape::kBySize);

  const std::filesystem::path& file() const { return file_; }
  /// Whether it asks for its longest time step, and so has the parameter dtmax.
  bool bounds_step() const { return bounds_step_; }

 private:
  TemporaryFolder folder_;
  std::filesystem::path file_;
  bool bounds_step_ = false;
};

}  // namespace psi_xlstm::hdl
