#pragma once

// What spice_benchmark.cpp simulates again and again.

#include <string>
#include <vector>

#include "bench/spice_benchmark.hpp"
#include "bench/spice_benchmark_circuits.hpp"
#include "hdl/emitted_model.hpp"
#include "psi_xlstm/ir/network.hpp"
#include "simulators/ngspice/simulator.hpp"

namespace psi_xlstm {

/// One circuit that is simulated several times.
struct SpiceRun {
  std::string netlist;
  TransientOptions options;
  SimulatorOptions simulator;
  std::vector<double> seconds = {};  ///< What each simulation had of a core [s].
  TransientResult last = {};

  bool failed() const { return !last.usable(); }
  /// Another measurement, unless one has failed or all together have taken long enough.
  void repeat();
  double median_seconds() const;
  /// How many messages of the last simulation warn.
  int warnings() const;
};

/// An array of one device.
struct ArrayRun {
  std::string model;
  int devices = 0;
  SpiceRun run;

  /// Of one device and one of `count` iterations or steps [ns].
  double nanoseconds_per(int count) const;
};

/// A crossbar of a compiled student, and of resistors.
struct CrossbarRun {
  int n = 0;
  SpiceRun student, resistors;
};

/// `count` times `device` under `source`, which drives node "in", in fixed steps [s].
ArrayRun array_run(const BenchmarkDevice& device,
                   int count,
                   const std::string& source,
                   double step,
                   double stop,
                   const SimulatorOptions& simulator);

/// n x n cells whose conductances cover the range that `student` was trained in; `model` is its
/// compiled form.
CrossbarRun crossbar_run(int n,
                         const ir::Network& student,
                         const EmittedModel& model,
                         const SimulatorOptions& simulator);

/// What the measurements of a run say; all of it succeeded at least once.
DeviceSpeed speed_of(const ArrayRun& array);
WaveformSpeed speed_along_waveform(const ArrayRun& array);
CrossbarSpeed speed_of(const std::string& model, const CrossbarRun& crossbar);

/// Between the currents of the source in two results: the largest at the times of `a`, over its
/// largest value.
double difference(const TransientResult& a, const TransientResult& b);

}  // namespace psi_xlstm
