#pragma once

/// @file
/// Which emitted forms of a network the ngspice of this machine can run. It is asked, not looked
/// up: a library that it refuses, or that ends it, cannot be run.

#include <string>
#include <vector>

#include "hdl/emitted_model.hpp"
#include "simulators/ngspice/worker.hpp"

namespace psi_xlstm {

/// `simulator` with the library that must be loaded for `model`.
SimulatorOptions with_library(const EmittedModel& model, SimulatorOptions simulator);

/// Why compiled models cannot be simulated, one sentence; empty if they can. Throws SpiceError if
/// there is no ngspice at all.
std::string problem_with_osdi(const SimulatorOptions& simulator);

/// The releases of OSDI whose libraries ngspice loads: it is given the smallest of devices,
/// compiled for each. Empty where compiled models cannot be simulated. Throws SpiceError if there
/// is no ngspice at all, EmitError where the compiler fails.
std::vector<hdl::OsdiRelease> loaded_releases(const SimulatorOptions& simulator);

/// Why ngspice cannot load the library of `model`, one sentence; empty if it can, or if there is
/// none. Throws SpiceError if there is no ngspice at all.
std::string problem_with_model(const EmittedModel& model, const SimulatorOptions& simulator);

}  // namespace psi_xlstm
