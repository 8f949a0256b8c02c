#pragma once

/// @file
/// What a trained model costs inside ngspice, beside what a designer would otherwise use: a
/// hand-written memristor, a transistor, a diode, a capacitor; in arrays of independent devices, in
/// crossbars with wires, and against the network it could replace. All measured in one run, in
/// turns, in one thread.
///
///   devices    N devices, each behind 10 Ohm at one source: 1 V, 100 kHz, fixed time step
///   crossbars  n x n cells, 1 Ohm per segment of wire, V/2 write pulse, then a read, 10 us
///   waveform   the begin of the last published drive at 50 ns per step

#include <functional>
#include <string>
#include <vector>

#include "bench/result.hpp"
#include "bench/stream_benchmark.hpp"
#include "psi_xlstm/ir/network.hpp"
#include "report/figure.hpp"
#include "report/table.hpp"
#include "simulators/ngspice/worker.hpp"

namespace psi_xlstm {

/// N devices of one model. Times are what the transient had of a core.
struct DeviceSpeed {
  std::string model;                   ///< E.g. "student_m8_osdi", "vteam_subcircuit", "rc".
  int devices = 0;                     ///< N
  double ns_per_device_iteration = 0;  ///< total_s / (N iterations) [ns].
  int iterations = 0;                  ///< Newton iterations.
  int rejected = 0;                    ///< Time points that were computed again.
  double total_s = 0;                  ///< Median over the repetitions.
  int time_points = 0;
  double step_s = 0;    ///< Of the simulated time.
  int repetitions = 0;  ///< How many were measured.

  template <class Self, class Visitor>
  static void fields(Self& s, Visitor& visit) {
    visit("model", s.model);
    visit("devices", s.devices);
    visit("ns_per_device_iteration", s.ns_per_device_iteration);
    visit("iterations", s.iterations);
    visit("rejected", s.rejected);
    visit("total_s", s.total_s);
    visit("time_points", s.time_points);
    visit("step_s", s.step_s);
    visit("repetitions", s.repetitions);
  }
};

/// One crossbar of models, and the same with plain resistors of the same conductances.
struct CrossbarSpeed {
  int n = 0;
  std::string model;
  double total_s = 0;           ///< Median over the repetitions, operating point not included.
  double plain_resistor_s = 0;  ///< The same.
  int iterations = 0;
  int plain_resistor_iterations = 0;
  int rejected = 0;
  int warnings = 0;  ///< Messages of ngspice or of the device that warn.
  double max_step_s = 0;
  int repetitions = 0;

  template <class Self, class Visitor>
  static void fields(Self& s, Visitor& visit) {
    visit("n", s.n);
    visit("model", s.model);
    visit("total_s", s.total_s);
    visit("plain_resistor_s", s.plain_resistor_s);
    visit("iterations", s.iterations);
    visit("plain_resistor_iterations", s.plain_resistor_iterations);
    visit("rejected", s.rejected);
    visit("warnings", s.warnings);
    visit("max_step_s", s.max_step_s);
    visit("repetitions", s.repetitions);
  }
};

/// The student in ngspice under the drive that the teachers are streamed along.
struct WaveformSpeed {
  std::string model;
  int devices = 0;
  int steps = 0;  ///< Time points of ngspice.
  double ns_per_device_step = 0;

  template <class Self, class Visitor>
  static void fields(Self& s, Visitor& visit) {
    visit("model", s.model);
    visit("devices", s.devices);
    visit("steps", s.steps);
    visit("ns_per_device_step", s.ns_per_device_step);
  }
};

/// Two forms of one device under the same drive: what is timed must also be right.
struct FormAgreement {
  std::string model, other;
  int devices = 0;
  double difference = 0;  ///< Largest of the source's current, over its largest value.

  template <class Self, class Visitor>
  static void fields(Self& a, Visitor& visit) {
    visit("model", a.model);
    visit("other", a.other);
    visit("devices", a.devices);
    visit("difference", a.difference);
  }
};

/// What the numbers were measured with.
struct SpiceConditions {
  std::string ngspice;   ///< Version.
  std::string student;   ///< Where it came from.
  std::string left_out;  ///< What could not be measured, and why; empty: nothing.

  template <class Self, class Visitor>
  static void fields(Self& c, Visitor& visit) {
    visit("ngspice", c.ngspice);
    visit("student", c.student);
    visit("left_out", c.left_out);
  }
};

/// What is stored: config_text() and read_config() of core/json/config_io.hpp write and read it.
struct SpiceBenchmark {
  std::vector<DeviceSpeed> device;
  std::vector<CrossbarSpeed> crossbar;
  std::vector<WaveformSpeed> waveform;
  std::vector<TeacherSpeed> teacher;
  std::vector<FormAgreement> agreement;
  std::vector<std::string> failures;  ///< One sentence per simulation that gave no result.
  SpiceConditions conditions;

  template <class Self, class Visitor>
  static void fields(Self& b, Visitor& visit) {
    visit("device", b.device);
    visit("crossbar", b.crossbar);
    visit("waveform", b.waveform);
    visit("teacher", b.teacher);
    visit("agreement", b.agreement);
    visit("failures", b.failures);
    visit("conditions", b.conditions);
  }
};

/// The forms of one device may differ by so much.
inline constexpr double kFormTolerance = 2e-3;

/// What is measured, and how often.
struct SpiceBenchmarkOptions {
  std::vector<int> devices = {1, 20, 100, 1000};  ///< N
  std::vector<int> crossbars = {8, 16, 32, 64};   ///< n
  std::vector<int> waveforms = {1, 100};          ///< Devices under the published drive.
  int repetitions = 5;                            ///< Fewer where a circuit takes longer than 15 s.
  /// Of arrays up to 20 devices at 10 ns per step; half of it above; from 1000 devices on a fifth
  /// of it at 100 ns per step [s].
  double stop_time = 100e-6;
  double waveform_length = 0.5e-3;  ///< [s]
  SimulatorOptions simulator = {.time_limit_s = 900};
};

/// A few small circuits, once: seconds instead of minutes, and times that mean little.
SpiceBenchmarkOptions quick_spice_benchmark();

/// Told how far the measurement is (0 to 1), and what comes next. May throw to end it.
using SpiceProgress = std::function<void(double done, const std::string& detail)>;

/// Measures `student`, one port, with states and a start that is tied to g0; `origin` says where it
/// came from. Without OSDI, what needs it is left out, and the conditions say so. `teacher` and
/// `failures` beyond ngspice's are the caller's. Throws ConfigError for another network, EmitError
/// and SpiceError as EmittedModel and transient() do.
SpiceBenchmark spice_benchmark(const ir::Network& student,
                               const std::string& origin,
                               const SpiceBenchmarkOptions& options,
                               const SpiceProgress& progress);

/// The row of `model` with `devices` devices; nothing where there is none.
const DeviceSpeed* find_device(const SpiceBenchmark& benchmark,
                               const std::string& model,
                               int devices);

/// What keeps `benchmark` from being complete and right: a failure, or forms of one device that
/// differ by more than kFormTolerance; one sentence, empty if nothing does.
std::string problem_of(const SpiceBenchmark& benchmark);

/// Devices, the ratios between them, crossbars, and the teacher beside the student; `machine`: what
/// they were measured on.
std::vector<Table> spice_benchmark_tables(const SpiceBenchmark& benchmark, const Machine& machine);

/// Cost per device against the number of devices, and time against the size of the crossbar.
Figure spice_benchmark_figure(const SpiceBenchmark& benchmark);

}  // namespace psi_xlstm
