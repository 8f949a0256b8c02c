#pragma once

/// @file
/// What a network does in time: where its states start, the step they take from one sample to the
/// next, and the differential equation that step approximates.
///
/// Axes: N samples, P ports, S states.

#include <span>
#include <vector>

#include "ir/evaluator.hpp"
#include "psi_xlstm/ir/network.hpp"

namespace psi_xlstm::ir {

/// The equilibrium of the states at V = 0, by Newton's method from c = 0 [S]. For constant targets
/// that is the target itself; with Start::kNode the start for g0 = gs.
std::vector<double> rest_state(const Network& network);

/// The readout y at which the head gives the conductance `g0` [S] at V -> 0.
double readout_for(const Network& network, double g0);

/// `network` at the initial conductance `g0` [S]: what depends on the start alone is a constant. A
/// copy of a network without kStart.
Network at_start(const Network& network, double g0);

/// The states at the start for the initial conductance `g0` [S] (not used by Start::kRest):
///
///   c(0) = z_rest + k (y0 - e - k.z_rest) / |k|^2,    y0 = readout_for(g0)
///
/// so that the conductance at V -> 0 is g0. |c(0)| > 1 means that g0 lies outside the band the
/// model can hold. With Start::kNode the value of that node (at_start() fixes it).
std::vector<double> initial_state(const Network& network, double g0);

/// The states and the currents along a drive.
struct PortTrajectory {
  std::vector<std::vector<double>> currents;  ///< f + dQ/dt [A], [P][N].
  std::vector<std::vector<double>> charges;   ///< Q [C], [P][N]; empty where there are none.
  std::vector<double> conductance;            ///< [S], [N]; empty where it stands for none.
  std::vector<std::vector<double>> states;    ///< [S][N].
};

/// That of a network with one port.
struct Trajectory {
  std::vector<double> current;      ///< [A], [N].
  std::vector<double> conductance;  ///< Current over voltage, defined at V = 0 too [S], [N].
  std::vector<std::vector<double>> states;  ///< [S][N].
};

/// Runs the discrete network over N samples: exponential trapezoidal steps (rates and targets at
/// both ends of the step, "edges"), predictor-corrector where the gates see the states:
///
///   f  = exp(-dt (l0 + l1) / 2),   zm = (l0 z0 + l1 z1) / (l0 + l1)
///   c <- zm + f (c - zm)
///
/// The derivative of a charge is that of the parabola through the last three samples (of the line
/// through the first two; 0 at the first one, where the device rests).
///
/// `time` [s], [N]; `voltages` [V], [P][N]; `initial` [S]. Throws ShapeError on sizes that differ
/// and for another number of ports than the network's.
PortTrajectory simulate(const Network& network,
                        std::span<const double> time,
                        std::span<const std::span<const double>> voltages,
                        std::span<const double> initial);
PortTrajectory simulate(const Network& network,
                        std::span<const double> time,
                        const std::vector<std::vector<double>>& voltages,
                        std::span<const double> initial);

/// The same of a network with one port; `voltage` [V], [N].
Trajectory simulate(const Network& network,
                    std::span<const double> time,
                    std::span<const double> voltage,
                    std::span<const double> initial);

/// dc/dt of the differential equation at one point [1/s]. `ports` [P] in V, `states` and
/// `derivative` [S]. Throws ShapeError on sizes that differ.
void state_derivative(Evaluator& evaluator,
                      const Network& network,
                      std::span<const double> ports,
                      std::span<const double> states,
                      std::span<double> derivative);

/// The relaxation time constants 1/lambda_k at V = 0 in the state that belongs to `g0` [S]: [s],
/// [K].
std::vector<double> zero_bias_time_constants(const Network& network, double g0);

/// The rate of change of the log conductance at V = 0 in the state that belongs to `g0` [1/s]:
/// 0 for a device that holds its state. The quality number "rate at 0 V".
double zero_bias_rate(const Network& network, double g0);

/// The largest |zero_bias_rate| over the conductances of the training box, with its sign [1/s]; 0
/// where the network stands for no conductance.
double worst_zero_bias_rate(const Network& network);

}  // namespace psi_xlstm::ir
