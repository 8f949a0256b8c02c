#pragma once

#include "config/limits.hpp"
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

  static constexpr double kLargestLimit = 1e6;

  template <class Self, class Visitor>
  static void fields(Self& c, Visitor& visit) {
    visit("relative_tolerance", c.relative_tolerance, between(1e-7, 0.1));
    visit("amplitude", c.amplitude, between(0, kLargestVoltage));
    visit("frequency", c.frequency, between(0, kLargestFrequency));
    visit("max_step", c.max_step, between(0, kLongestTime));
    visit("edge_time", c.edge_time, between(0, kLongestTime));
    visit("series_resistance", c.series_resistance, between(0, kLargestResistance));
    visit("start_voltage", c.start_voltage, between(-kLargestVoltage, kLargestVoltage));
    visit("periods", c.periods, between(1, 10000));
    visit("training_like_max_step", c.training_like_max_step, between(0, kLongestTime));
    visit("limit_training_like", c.limit_training_like, positive_up_to(kLargestLimit));
    visit("limit", c.limit, positive_up_to(kLargestLimit));
    visit("limit_forms", c.limit_forms, positive_up_to(kLargestLimit));
    visit("limit_static", c.limit_static, positive_up_to(kLargestLimit));
    visit("limit_ac", c.limit_ac, positive_up_to(kLargestLimit));
    visit("refinement_factor", c.refinement_factor, positive_up_to(1e6));
    visit("frozen_factor", c.frozen_factor, positive_up_to(1e6));
    visit("smallest_swing", c.smallest_swing, between(0, kLargestLimit));
    visit("time_limit_s", c.time_limit_s, positive_up_to(1e6));
  }
};

}  // namespace psi_xlstm
