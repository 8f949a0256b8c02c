#pragma once

/// @file
/// The step that simulate() takes as a network of its own, so that whatever prints, bounds or
/// evaluates a network can do so with one step of it: a controller, a table of fixed-point numbers.

#include "psi_xlstm/ir/network.hpp"

namespace psi_xlstm::ir {

/// The exponential trapezoidal step of `network` with its predictor (ir/dynamics.hpp), S states and
/// P ports, as a DAG of the same operations. Its 2P+1 ports are
///
///   <port>_before [P]   voltages at the left end of the step [V]
///   <port>        [P]   voltages at its right end [V]
///   dt                  its length [s]
///
/// its states those at the left end. Its targets are the states at the right end, [S], its currents
/// f and its charges Q those at the right end, [2P+1]: zero but for the P in the middle. What uses
/// it makes dQ/dt of the charges of its steps, as simulate() does. Its rate means nothing. Throws
/// ShapeError where validate(network) does and where something depends on the start (at_start()
/// fixes it).
Network discrete_step(const Network& network);

}  // namespace psi_xlstm::ir
