#pragma once

#include <string>
#include <vector>

#include "config/limits.hpp"
#include "core/json/config_io.hpp"

namespace psi_xlstm {

/// The co-simulation of an emitted model against the reference integration of its network: which
/// stimuli, and the largest error that passes. 0 means: derived from the training data.
struct CosimConfig {
  double relative_tolerance = 1e-4;
  double amplitude = 0;
  double frequency = 0;
  double max_step = 0;
  double edge_time = 0;
  double series_resistance = 0;
  double start_voltage = 0;
  int periods = 10;
  double training_like_max_step = 0;
  double limit_training_like = 5e-4;
  double limit = 2e-4;
  double limit_forms = 1e-4;
  double limit_static = 1e-9;
  double limit_ac = 1e-6;
  double refinement_factor = 5;
  double frozen_factor = 100;
  double smallest_swing = 0.2;
  double time_limit_s = 120;
  std::vector<std::string> simulators = {};

  static constexpr double kLargestLimit = 1e6;

  template <class Self, class Visitor>
  static void fields(Self& c, Visitor& visit) {
    visit("relative_tolerance", c.relative_tolerance,
          between(1e-7, 0.1).about("reltol of the simulator"));
    visit("amplitude", c.amplitude,
          between(0, kLargestVoltage).about("Of the standard stimuli [V]"));
    visit("frequency", c.frequency,
          between(0, kLargestFrequency).about("Of the standard stimuli [Hz]"));
    visit(
        "max_step", c.max_step,
        between(0, kLongestTime).about("Of the standard stimuli [s]; 0: a hundredth of a period"));
    visit("edge_time", c.edge_time,
          between(0, kLongestTime).about("Of the pulses [s]; 0: a tenth of max_step"));
    visit("series_resistance", c.series_resistance,
          between(0, kLargestResistance).about("Of the closed loop [Ohm]"));
    visit("start_voltage", c.start_voltage,
          between(-kLargestVoltage, kLargestVoltage)
              .about("Of the run that starts away from 0 V [V]"));
    visit("periods", c.periods,
          between(1, 10000).about("Length of the standard stimuli; grows until G has moved"));
    visit("training_like_max_step", c.training_like_max_step,
          between(0, kLongestTime).about("Of the training-like stimulus [s]"));
    visit("limit_training_like", c.limit_training_like,
          positive_up_to(kLargestLimit)
              .about("Largest error over full scale, training-like stimulus"));
    visit("limit", c.limit,
          positive_up_to(kLargestLimit).about("Largest error over full scale, other transients"));
    visit("limit_forms", c.limit_forms,
          positive_up_to(kLargestLimit)
              .about("A compiled form against the subcircuit, in a circuit"));
    visit("limit_static", c.limit_static,
          positive_up_to(kLargestLimit).about("Operating point and DC sweep, relative"));
    visit("limit_ac", c.limit_ac,
          positive_up_to(kLargestLimit).about("AC against the closed form, relative"));
    visit("refinement_factor", c.refinement_factor,
          positive_up_to(1e6).about("The error falls at least so much when the step is fifthed"));
    visit("frozen_factor", c.frozen_factor,
          positive_up_to(1e6).about("A frozen state fails the limit at least so many times"));
    visit("smallest_swing", c.smallest_swing,
          between(0, kLargestLimit).about("Least relative change of G that a stimulus must cause"));
    visit("time_limit_s", c.time_limit_s, positive_up_to(1e6).about("For one simulation [s]"));
    visit("simulators", c.simulators,
          one_of({"ngspice", "vacask", "neospice", "all"})
              .about("None: those that this machine has; all: what is missing is named"));
  }
};

}  // namespace psi_xlstm
