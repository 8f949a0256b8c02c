#pragma once

/// @file
/// Which transients are compared, how long, and in which steps. A model of rates over decades is
/// never simulated over its longest time at its shortest step: a stimulus that leaves the fast
/// states in balance is followed in steps of its own, and the fast states have a stimulus of
/// theirs.

#include <string>
#include <vector>

#include "circuit/stimulus.hpp"
#include "config/cosim.hpp"
#include "psi_xlstm/ir/network.hpp"

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
  /// Some states relax far faster than the stimulus moves.
  bool stiff = false;
  /// It is there for the fast states: it need not move the conductance.
  bool may_rest = false;

  /// How many steps of max_step it has, at least 1.
  double steps() const { return stop_time > max_step ? stop_time / max_step : 1; }
};

/// The time limit [s] of a simulation of so many steps: `limit` [s] up to 10,000, then in
/// proportion.
double time_limit_for(double steps, double limit);

/// Throws ConfigError where `wanted` has more steps than anybody can wait for: a max_step that was
/// given bounds no work by itself.
void check_steps(const CosimCase& wanted);

/// The standard stimuli for a model: sine, pulse train, series resistor, start away from 0 V; each
/// long enough to move the conductance by config.smallest_swing where more time helps. A model with
/// states far faster than its drive has pulses with slow edges, and short ones with steep edges
/// too. Throws ShapeError where `network` is not one conductance, and as check_steps() does.
std::vector<CosimCase> standard_cases(const ir::Network& network,
                                      const CosimConfig& config,
                                      double conductance);

/// Bounds the work of `wanted`: where stop_time in steps of max_step, which resolve every state,
/// would be too much, the longest steps in which the trapezoidal rule keeps within a tenth of the
/// limit take their place, and where these are too many too, the stop time is brought forward.
void bound_work(const ir::Network& network, CosimCase& wanted);

}  // namespace psi_xlstm
