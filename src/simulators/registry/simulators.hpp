#pragma once

/// @file
/// Which simulators there are to know. Another one is a folder beside this one and a line in
/// simulators.cpp.

#include <memory>
#include <string>
#include <vector>

#include "metrics/results.hpp"
#include "simulators/ngspice/worker.hpp"
#include "simulators/simulator.hpp"

namespace psi_xlstm {

using Simulators = std::vector<std::unique_ptr<Simulator>>;

/// What a user can name.
std::vector<std::string> simulator_names();

/// One simulator of those that there are to know, as it is on this machine.
struct SimulatorState {
  std::string name;
  std::string reads;    ///< The forms that it could run.
  std::string version;  ///< Empty: it is not here, or does not work.
  std::string problem;  ///< Why not, and how to get it; else empty.
};

/// Asks all of them.
std::vector<SimulatorState> simulator_states(const SimulatorOptions& options);

/// The simulators called `names`; "all" is all of them, none at all those that this machine has.
/// What was asked for and is not here is added to `not_run`. Throws ConfigError where a name is
/// another one.
Simulators open_simulators(const std::vector<std::string>& names,
                           const SimulatorOptions& options,
                           std::vector<NotRun>& not_run);

}  // namespace psi_xlstm
