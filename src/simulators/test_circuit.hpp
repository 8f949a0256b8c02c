#pragma once

/// @file
/// One device with what drives it, as data from which each simulator writes its own netlist, and
/// what a simulator says of it. Currents are those into the device's first terminal.

#include <complex>
#include <string>
#include <vector>

#include "circuit/stimulus.hpp"
#include "hdl/emitted_model.hpp"

namespace psi_xlstm {

/// A source between the node "in" and ground, a resistor behind it where there is one, and the
/// device from there to ground.
struct TestCircuit {
  Stimulus stimulus;             ///< Of the source.
  double series_resistance = 0;  ///< [Ohm]; 0: none.
  InstanceParameters device;
};

/// How to simulate in time, from 0 s on.
struct TransientSettings {
  double stop_time = 0;  ///< [s]
  double max_step = 0;   ///< Longest time step [s].
  double relative_tolerance = 1e-4;
  /// Largest error of one step over what the tolerance says; 0: the simulator's own, several.
  double step_error_ratio = 0;
  double time_limit_s = 60;
};

/// How to simulate what does not move: the device's state is held, or is in balance (hold = 0).
struct StaticSettings {
  double relative_tolerance = 1e-6;
  double voltage_tolerance = 1e-6;   ///< [V]
  double current_tolerance = 1e-12;  ///< [A]
  double time_limit_s = 60;
};

/// Voltages of the source, in equal steps.
struct VoltageSweep {
  double start = 0, stop = 0;  ///< [V], stop > start.
  int steps = 1;
};

/// Frequencies evenly on a logarithmic axis.
struct FrequencySweep {
  double start = 0, stop = 0;  ///< [Hz]
  int points_per_decade = 10;
};

/// What a simulator counted; 0 where it did not say.
struct TransientCounters {
  int accepted_points = 0;
  int rejected_points = 0;
  int iterations = 0;       ///< Newton iterations, operating point included.
  double seconds = 0;       ///< What the analysis had of a core, from its first point on [s].
  int loads = 0;            ///< How often all devices were evaluated and put into the matrix.
  double load_seconds = 0;  ///< What that took [s].
};

/// How a simulation ended.
struct SimulationEnd {
  std::string reason;        ///< One sentence if it failed, else empty.
  bool out_of_time = false;  ///< It did not fail: it was not finished in time.

  bool usable() const { return reason.empty(); }
};

struct DeviceTransient : SimulationEnd {
  std::vector<double> time;     ///< Every point that was computed [s], [N].
  std::vector<double> current;  ///< [A], [N].
  TransientCounters counters;
};

struct DevicePoint : SimulationEnd {
  double current = 0;          ///< [A]
  std::vector<double> states;  ///< Voltages of the state nodes [V], [S].
};

struct DeviceCurve : SimulationEnd {
  std::vector<double> voltage;  ///< [V], [N].
  std::vector<double> current;  ///< [A], [N].
};

struct DeviceResponse : SimulationEnd {
  std::vector<double> frequency;                 ///< [Hz], [N].
  std::vector<std::complex<double>> admittance;  ///< [S], [N].
};

}  // namespace psi_xlstm
