#pragma once

#include "core/config_io.hpp"

namespace psi_xlstm {

/// The co-simulation of an emitted model against the reference integration of its network: which
/// stimuli, and the largest error that passes. 0 means: derived from the training data.
struct CosimConfig {
  double relative_tolerance = 1e-4;   ///< reltol of the simulator.
  double amplitude = 0;               ///< Of the standard stimuli [V].
  double frequency = 0;               ///< Of the standard stimuli [Hz].
  double max_step = 0;                ///< Of the standard stimuli [s]; 0: a hundredth of a period.
  double edge_time = 0;               ///< Of the pulses [s]; 0: a tenth of max_step.
  double series_resistance = 0;       ///< Of the closed loop [Ohm].
  double start_voltage = 0;           ///< Of the run that starts away from 0 V [V].
  int periods = 10;                   ///< Length of the standard stimuli; grows until G has moved.
  double training_like_max_step = 0;  ///< Of the training-like stimulus [s].
  double limit_training_like = 5e-4;  ///< Largest error over full scale, training-like stimulus.
  double limit = 2e-4;                ///< Largest error over full scale, other transients.
  double limit_forms = 1e-4;          ///< A compiled form against the subcircuit, in a circuit.
  double limit_static = 1e-9;         ///< Operating point and DC sweep, relative.
  double limit_ac = 1e-6;             ///< AC against the closed form, relative.
  double refinement_factor = 5;  ///< The error falls at least so much when the step is fifthed.
  double frozen_factor = 100;    ///< A frozen state fails the limit at least so many times.
  double smallest_swing = 0.2;   ///< Least relative change of G that a stimulus must cause.
  double time_limit_s = 120;     ///< For one simulation [s].

  template <class Self, class Visitor>
  static void fields(Self& c, Visitor& visit) {
    visit("relative_tolerance", c.relative_tolerance, between(1e-7, 0.1));
    visit("amplitude", c.amplitude, at_least(0));
    visit("frequency", c.frequency, at_least(0));
    visit("max_step", c.max_step, at_least(0));
    visit("edge_time", c.edge_time, at_least(0));
    visit("series_resistance", c.series_resistance, at_least(0));
    visit("start_voltage", c.start_voltage);
    visit("periods", c.periods, between(1, 10000));
    visit("training_like_max_step", c.training_like_max_step, at_least(0));
    visit("limit_training_like", c.limit_training_like, greater_than(0));
    visit("limit", c.limit, greater_than(0));
    visit("limit_forms", c.limit_forms, greater_than(0));
    visit("limit_static", c.limit_static, greater_than(0));
    visit("limit_ac", c.limit_ac, greater_than(0));
    visit("refinement_factor", c.refinement_factor, greater_than(0));
    visit("frozen_factor", c.frozen_factor, greater_than(0));
    visit("smallest_swing", c.smallest_swing, at_least(0));
    visit("time_limit_s", c.time_limit_s, greater_than(0));
  }
};

}  // namespace psi_xlstm
