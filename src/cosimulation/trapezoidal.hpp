#pragma once

/// @file
/// What the trapezoidal rule alone does to a model: how long a step may be before the error of the
/// integration, not of the emitted model, decides a comparison.

#include <vector>

#include "circuit/stimulus.hpp"
#include "psi_xlstm/ir/network.hpp"

namespace psi_xlstm {

/// A device behind a resistor, as in a transient comparison.
struct DrivenNetwork {
  const ir::Network& network;
  const Stimulus& stimulus;
  double series_resistance = 0;  ///< [Ohm]
  double conductance = 0;        ///< g0 [S].
};

/// The currents [A] at the ends of the steps, [N + 1], and how far the conductance moved. NaN from
/// where a step has no solution on.
struct TrapezoidalRun {
  std::vector<double> current;
  double conductance_swing = 0;  ///< max G / min G - 1.
};

/// Integrates `driven` over steps between `times` [N + 1] ([s], rising, from 0):
///
///   c(k+1) = c(k) + h/2 (f(t(k), c(k)) + f(t(k+1), c(k+1))),   f = lambda (z - c)
TrapezoidalRun trapezoidal_run(const DrivenNetwork& driven, const std::vector<double>& times);

/// How steps are taken: as a simulator takes them that controls its error.
struct StepLengths {
  double longest = 0;  ///< [s]
  double first = 0;    ///< After 0 and after every breakpoint [s]; then 5 % longer each time.
};

/// The ends of steps from 0 to `stop` [s] that meet every breakpoint but those of tables, which a
/// simulator does not know.
std::vector<double> step_ends(const Stimulus& stimulus, double stop, const StepLengths& steps);

/// The largest error of the trapezoidal rule over the largest current where the steps have their
/// full length (the shorter ones are those that a simulator makes short enough by itself): from the
/// difference to half of every step, which is three quarters of it. Infinite where there is no
/// solution.
double trapezoidal_error(const DrivenNetwork& driven, double stop, const StepLengths& steps);

}  // namespace psi_xlstm
