#pragma once

/// @file
/// A whole circuit solved without a SPICE: the nodal equations as they stand, the network's own
/// equations at every device, integrated by IDA (SUNDIALS) to a far smaller error than a simulator
/// makes.
///
///   sum of the currents out of each node = 0
///   v(plus) - v(minus) = wave(t), expression, or L di/dt        one row per such branch
///   dc/dt = lambda(v, c) (z(v, c) - c)                          one row per state
///
/// It starts at the operating point with every device in its start state, as the emitted models do.
///
/// Axes: N output times.

#include <string>
#include <vector>

#include "circuit/circuit.hpp"
#include "psi_xlstm/ir/network.hpp"

namespace psi_xlstm {

/// How accurately to integrate.
struct CircuitReferenceOptions {
  double relative_tolerance = 1e-9;   ///< Of every unknown, per step.
  double absolute_tolerance = 1e-12;  ///< [V], [A] or the unit of the state, per step.
  double max_step = 0;                ///< [s]; > 0.
  double default_conductance = 0;     ///< g0 of the devices that give none [S].
};

/// What the circuit does at the output times.
struct CircuitSolution {
  std::string reason;                        ///< One sentence if it failed, else empty.
  std::vector<std::vector<double>> nodes;    ///< In the order of Circuit::nodes [V], [..][N].
  std::vector<std::vector<double>> devices;  ///< Currents, as Circuit::devices [A], [..][N].
  std::vector<std::vector<double>> sources;  ///< Currents of the voltage sources among
                                             ///< Circuit::elements, in order [A], [..][N].
  std::vector<double> conductance_swing;     ///< max G / min G - 1 of every device.
  long steps = 0;                            ///< Integration steps taken.

  bool usable() const { return reason.empty(); }
};

/// Solves `circuit` with `network` at its devices and reports at `output_times` [N] ([s], >= 0,
/// sorted). Starts afresh at every breakpoint of a source. Throws SpiceError where
/// circuit.not_covered says what it cannot solve, or an input is wrong.
CircuitSolution solve_circuit(const Circuit& circuit,
                              const ir::Network& network,
                              const std::vector<double>& output_times,
                              const CircuitReferenceOptions& options);

}  // namespace psi_xlstm
