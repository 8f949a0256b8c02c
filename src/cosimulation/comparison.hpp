#pragma once

/// @file
/// One transient of one model: the same stimulus through the simulator and through the reference
/// integration (reference.hpp), compared on the current through the device at every time point of
/// the simulator.

#include "cosimulation/cases.hpp"
#include "cosimulation/reference.hpp"
#include "cosimulation/report.hpp"
#include "hdl/emitted_model.hpp"
#include "psi_xlstm/ir/network.hpp"
#include "simulators/simulator.hpp"

namespace psi_xlstm {

/// The network's own differential equation, for the reference integration. The result keeps a
/// reference to `network` and is not thread-safe. Throws ShapeError where `network` is not one
/// conductance (ir::require_one_conductance).
StateEquation state_equation(const ir::Network& network);

/// A network whose states never move: what a comparison must tell from the true one.
ir::Network frozen(const ir::Network& network);

/// Runs `model` in `simulator`, within `time_limit_s` [s], and `network` in the
/// reference, both under `wanted`. A failure of either is a reason.
CosimOutcome compare_transient(const ir::Network& network,
                               const EmittedModel& model,
                               const CosimCase& wanted,
                               const Simulator& simulator,
                               double time_limit_s = 60);

}  // namespace psi_xlstm
