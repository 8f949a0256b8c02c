#pragma once

/// @file
/// The compiled C of a model beside its Verilog-A, compiled by OpenVAF, in one simulator and one
/// run: N devices, each behind a resistor at one source (1 V, 100 kHz, steps of 100 ns). What the
/// simulator itself needs is told by the same circuit with a resistor in place of every device but
/// one.

#include <functional>
#include <string>
#include <vector>

#include "bench/result.hpp"
#include "psi_xlstm/ir/network.hpp"
#include "report/table.hpp"
#include "simulators/vacask/vacask.hpp"

namespace psi_xlstm {

/// N devices of one form. Times are the shortest of the repetitions.
struct FormSpeed {
  std::string form;                    ///< "osdi", "verilog_a", or "resistors".
  int devices = 0;                     ///< N
  double ns_per_device_load = 0;       ///< Evaluate it and put it into the matrix [ns].
  double ns_per_device_iteration = 0;  ///< The whole Newton iteration over N [ns].
  int loads = 0;                       ///< In one transient.
  int repetitions = 0;

  template <class Self, class Visitor>
  static void fields(Self& s, Visitor& visit) {
    visit("form", s.form);
    visit("devices", s.devices);
    visit("ns_per_device_load", s.ns_per_device_load);
    visit("ns_per_device_iteration", s.ns_per_device_iteration);
    visit("loads", s.loads);
    visit("repetitions", s.repetitions);
  }
};

/// How far the currents of the two forms are apart.
struct FormDifference {
  int devices = 0;
  double over_full_scale = 0;  ///< The largest, of all devices and times.

  template <class Self, class Visitor>
  static void fields(Self& d, Visitor& visit) {
    visit("devices", d.devices);
    visit("over_full_scale", d.over_full_scale);
  }
};

/// What is stored.
struct FormsBenchmark {
  std::string simulator;  ///< Its name.
  std::string student;    ///< Where the model came from.
  std::vector<FormSpeed> speed;
  std::vector<FormDifference> difference;
  std::vector<std::string> failures;  ///< One sentence per simulation that gave no result.

  template <class Self, class Visitor>
  static void fields(Self& b, Visitor& visit) {
    visit("simulator", b.simulator);
    visit("student", b.student);
    visit("speed", b.speed);
    visit("difference", b.difference);
    visit("failures", b.failures);
  }
};

/// The two forms may differ by so much of full scale: they are the same equations.
inline constexpr double kSameEquations = 1e-9;

struct FormsBenchmarkOptions {
  std::vector<int> devices = {1, 100, 1000};
  int repetitions = 5;
  double device_steps = 2e5;  ///< N times the steps of a transient; at least 200 steps.
  double time_limit_s = 300;
};

/// Told how far the measurement is (0 to 1), and what comes next. May throw to end it.
using FormsProgress = std::function<void(double done, const std::string& detail)>;

/// Measures `student`, one port, in `simulator`, in turns. Throws SpiceError and EmitError where a
/// form cannot be run there.
FormsBenchmark forms_benchmark(const ir::Network& student,
                               const std::string& origin,
                               const Vacask& simulator,
                               const FormsBenchmarkOptions& options,
                               const FormsProgress& progress);

/// The row of `form` with `devices` devices; nothing where there is none.
const FormSpeed* find_form(const FormsBenchmark& benchmark, const std::string& form, int devices);

/// A failure, or forms that differ by more than kSameEquations; one sentence, or empty.
std::string problem_of(const FormsBenchmark& benchmark);

/// Times and their ratios; `machine`: what they were measured on.
std::vector<Table> forms_benchmark_tables(const FormsBenchmark& benchmark, const Machine& machine);

}  // namespace psi_xlstm
