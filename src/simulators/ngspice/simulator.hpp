#pragma once

/// @file
/// ngspice as four functions: a netlist and options in, waveforms out. Every call runs in a worker
/// process of its own.
///
/// A netlist is text: elements, models and subcircuits, one per line, without a title line and
/// without analyses; netlist_check.hpp says what may stand in it. Wanted vectors are "v(<node>)",
/// "i(<voltage source>)" (positive from the first node through the source to the second) or
/// "@<device>[<quantity>]".
///
/// Every function throws SpiceError where the input is wrong: the netlist holds something that is
/// not a circuit, an option is out of range, the worker, libngspice or a device library is not
/// there. Whatever ngspice then does, also refusing the netlist, crashing or hanging, is in
/// `reason` of the result.

#include <complex>
#include <map>
#include <string>
#include <vector>

#include "circuit/voltage_table.hpp"
#include "simulators/ngspice/worker.hpp"
#include "simulators/test_circuit.hpp"

namespace psi_xlstm {

/// Options of ngspice's numerics by name, e.g. {"vntol", 1e-9}; netlist_check.hpp checks them.
using NumericOptions = std::map<std::string, double>;

/// How the transient analysis integrates.
enum class IntegrationMethod { kTrapezoidal, kGear };

/// What to simulate in time. All time points that ngspice computes are returned, none is
/// interpolated.
struct TransientOptions {
  double stop_time = 0;   ///< [s]
  double max_step = 0;    ///< Longest time step [s]; must be given: no tolerance replaces it.
  double print_step = 0;  ///< Sets the first step, a tenth of it [s]; 0: max_step.
  /// Start from the `ic` of the netlist (else 0) instead of an operating point. ngspice then gives
  /// no point at t = 0: the first is at the end of the first step.
  bool use_initial_conditions = false;
  IntegrationMethod method = IntegrationMethod::kTrapezoidal;
  double relative_tolerance = 1e-4;  ///< reltol.
  NumericOptions options = {};
  std::vector<std::string> vectors = {};
  /// One table for every source "v<name> <node> <node> external" of the netlist. ngspice knows no
  /// breakpoints of a table: max_step must resolve it.
  std::map<std::string, VoltageTable> external = {};
};

/// A voltage or current source swept from `start` to `stop`.
struct DcOptions {
  std::string source = {};
  double start = 0, stop = 0, step = 0;  ///< [V] or [A]; stop > start, step > 0.
  double relative_tolerance = 1e-6;      ///< reltol.
  NumericOptions options = {};
  std::vector<std::string> vectors = {};
};

/// The operating point.
struct OperatingPointOptions {
  double relative_tolerance = 1e-6;  ///< reltol.
  NumericOptions options = {};
  std::vector<std::string> vectors = {};
};

/// Small signals about the operating point, at frequencies spaced evenly on a logarithmic axis.
struct AcOptions {
  double start = 0, stop = 0;  ///< [Hz]
  int points_per_decade = 10;
  double relative_tolerance = 1e-6;  ///< reltol, of the operating point.
  NumericOptions options = {};
  std::vector<std::string> vectors = {};
};

struct TransientResult {
  std::string reason;                 ///< One sentence if the simulation failed, else empty.
  bool out_of_time = false;           ///< It did not fail: it was not finished in time.
  std::vector<std::string> messages;  ///< What ngspice printed.
  std::vector<double> time;           ///< [s], [N].
  std::map<std::string, std::vector<double>> vectors;  ///< Every wanted vector [V] or [A], [N].
  TransientCounters counters;

  bool usable() const { return reason.empty(); }
};

struct DcResult {
  std::string reason;                 ///< One sentence if the simulation failed, else empty.
  bool out_of_time = false;           ///< It did not fail: it was not finished in time.
  std::vector<std::string> messages;  ///< What ngspice printed.
  std::vector<double> sweep;          ///< Value of the swept source [V] or [A], [N].
  std::map<std::string, std::vector<double>> vectors;  ///< Every wanted vector [V] or [A], [N].

  bool usable() const { return reason.empty(); }
};

struct OperatingPointResult {
  std::string reason;                    ///< One sentence if the simulation failed, else empty.
  bool out_of_time = false;              ///< It did not fail: it was not finished in time.
  std::vector<std::string> messages;     ///< What ngspice printed.
  std::map<std::string, double> values;  ///< Every wanted vector [V] or [A].

  bool usable() const { return reason.empty(); }
};

struct AcResult {
  std::string reason;                 ///< One sentence if the simulation failed, else empty.
  bool out_of_time = false;           ///< It did not fail: it was not finished in time.
  std::vector<std::string> messages;  ///< What ngspice printed.
  std::vector<double> frequency;      ///< [Hz], [N].
  std::map<std::string, std::vector<std::complex<double>>> vectors;  ///< [V] or [A], [N].

  bool usable() const { return reason.empty(); }
};

/// Which ngspice answers.
struct SimulatorInfo {
  std::string library;          ///< Path of the libngspice that was loaded.
  std::string version;          ///< E.g. "ngspice-39 shared library".
  bool has_osdi = false;        ///< Whether it can load compiled Verilog-A models.
  bool has_osdi_noise = false;  ///< Whether it asks them for their noise: from release 42 on.
  std::vector<std::string> passed_over;  ///< Of LibraryChoice.
};

/// Simulates `netlist` from 0 to stop_time. If it fails on the way, the points before are returned.
TransientResult transient(const std::string& netlist,
                          const TransientOptions& options,
                          const SimulatorOptions& simulator);

/// Sweeps one source of `netlist`.
DcResult dc_sweep(const std::string& netlist,
                  const DcOptions& options,
                  const SimulatorOptions& simulator);

/// The operating point of `netlist`.
OperatingPointResult operating_point(const std::string& netlist,
                                     const OperatingPointOptions& options,
                                     const SimulatorOptions& simulator);

/// The small-signal response of `netlist` to its sources with an `ac` value.
AcResult ac(const std::string& netlist,
            const AcOptions& options,
            const SimulatorOptions& simulator);

/// Asks the worker which ngspice it loads. Throws SpiceError if there is none.
SimulatorInfo simulator_info(const SimulatorOptions& simulator);

/// Has ngspice load the device libraries of `simulator` and nothing else: why it does not, in its
/// own words, or how it ended; empty if it does. Throws SpiceError if there is no ngspice.
std::string device_library_refusal(const SimulatorOptions& simulator);

}  // namespace psi_xlstm
