#pragma once

/// @file
/// The proof that an emitted model computes what its network computes: the same stimulus through
/// ngspice and through the reference integration (reference.hpp), compared on the current through
/// the device at every time point of the simulator.

#include <string>
#include <vector>

#include "circuit/stimulus.hpp"
#include "config/cosim.hpp"
#include "cosimulation/emitted_model.hpp"
#include "cosimulation/reference.hpp"
#include "cosimulation/report.hpp"
#include "psi_xlstm/ir/network.hpp"
#include "simulators/ngspice/simulator.hpp"

namespace psi_xlstm {

/// One transient to compare.
struct CosimCase {
  std::string name;
  Stimulus stimulus;
  double stop_time = 0;          ///< [s]
  double max_step = 0;           ///< [s]
  double series_resistance = 0;  ///< Between source and device [Ohm].
  double conductance = 0;        ///< g0 [S].
  double relative_tolerance = 1e-4;
  double limit = 0;  ///< Largest error over full scale that passes; 0: not judged.
};

/// The network's own differential equation, for the reference integration. The result keeps a
/// reference to `network` and is not thread-safe.
StateEquation state_equation(const ir::Network& network);

/// A network whose states never move: what a comparison must tell from the true one.
ir::Network frozen(const ir::Network& network);

/// Runs `model` in ngspice and `network` in the reference, both under `wanted`. A failure of either
/// is a reason.
CosimOutcome compare_transient(const ir::Network& network,
                               const EmittedModel& model,
                               const CosimCase& wanted,
                               const SimulatorOptions& simulator);

/// The standard stimuli for a model: sine, pulse train, series resistor, start away from 0 V; each
/// long enough to move the conductance by config.smallest_swing where the model can.
std::vector<CosimCase> standard_cases(const ir::Network& network,
                                      const CosimConfig& config,
                                      double conductance);

/// Compares everything that `config` asks for, in one form. `training_like` may be without terms:
/// then it is left out.
CosimReport cosimulate(const ir::Network& network,
                       const CosimConfig& config,
                       const CosimCase& training_like,
                       double conductance,
                       const SimulatorOptions& simulator,
                       EmittedForm form);

/// The same with a form that is there already, `model` of `network`.
CosimReport cosimulate(const ir::Network& network,
                       const CosimConfig& config,
                       const CosimCase& training_like,
                       double conductance,
                       const SimulatorOptions& simulator,
                       const EmittedModel& model);

/// The same in every form that this machine can run (emitted_models()).
CosimReport cosimulate_all(const ir::Network& network,
                           const CosimConfig& config,
                           const CosimCase& training_like,
                           double conductance,
                           const SimulatorOptions& simulator);

/// Operating point and DC sweep to three times the training voltage with held state, and AC at
/// several biases with the state at its equilibrium, each against its closed form:
///
///   Y(jw) = dI/dV + dI/dc (jw - A)^-1 B,   A = d(dc/dt)/dc,  B = d(dc/dt)/dV
std::vector<CosimRow> static_checks(const ir::Network& network,
                                    const EmittedModel& model,
                                    const CosimConfig& config,
                                    double conductance,
                                    const SimulatorOptions& simulator);

}  // namespace psi_xlstm
