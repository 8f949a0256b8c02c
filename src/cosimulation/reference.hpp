#pragma once

/// @file
/// The reference of every co-simulation: the device's own differential equation, driven by a
/// stimulus through a resistor, integrated by CVODE to a far smaller error than a simulator makes.
///
///   dc/dt = derivative(v, c),   v + R current(v, c) = stimulus(t)
///
/// Axes: S states, N output times.

#include <functional>
#include <string>
#include <vector>

#include "circuit/stimulus.hpp"

namespace psi_xlstm {

/// A device between two terminals. Both functions take the device voltage [V] and the state [S].
struct StateEquation {
  int states = 0;  ///< S; 0: a static device, `derivative` is then never called.
  /// Writes dc/dt [S] in [1/s] (times the unit of the state).
  std::function<void(double voltage, const double* state, double* derivative)> derivative;
  /// The current into the positive terminal [A].
  std::function<double(double voltage, const double* state)> current;
};

/// How accurately to integrate.
struct ReferenceOptions {
  double relative_tolerance = 1e-10;  ///< Of every state, per step.
  double absolute_tolerance = 1e-12;  ///< In the unit of the state, per step.
  double max_step = 0;                ///< [s]; 0: as long as the tolerances allow.
  /// Backward differentiation instead of Adams' formulas: fewer steps where a state relaxes far
  /// faster than the stimulus moves; elsewhere twice the steps and three times the error.
  bool stiff = false;
};

/// What the device does at the output times.
struct ReferenceResult {
  std::string reason;                       ///< One sentence if the integration failed, else empty.
  std::vector<double> voltage;              ///< Of the device [V], [N].
  std::vector<double> current;              ///< Through the device [A], [N].
  std::vector<std::vector<double>> states;  ///< [N][S].
  long steps = 0;                           ///< Integration steps taken.

  bool usable() const { return reason.empty(); }
};

/// Integrates `device` behind `series_resistance` [Ohm] under `stimulus` from `initial_state` [S]
/// at t = 0 and reports at `output_times` [N] ([s], >= 0, none before the one ahead of it). Starts
/// afresh at every breakpoint of the stimulus. A failed integration ends the vectors early and is a
/// `reason`. Throws SpiceError if a size, a number or a function of the input is wrong.
ReferenceResult integrate_reference(const StateEquation& device,
                                    const Stimulus& stimulus,
                                    double series_resistance,
                                    const std::vector<double>& initial_state,
                                    const std::vector<double>& output_times,
                                    const ReferenceOptions& options);

/// The voltage v [V] with v + series_resistance * current(v) = drive [V], to about 1e-14 of it; NaN
/// if none is found.
double solve_device_voltage(const std::function<double(double voltage)>& current,
                            double series_resistance,
                            double drive);

}  // namespace psi_xlstm
