#pragma once

/// @file
/// Voltage waveforms as plain data: the same numbers give the value at any time, the breakpoints,
/// and the sources of a netlist.

#include <map>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "circuit/voltage_table.hpp"

namespace psi_xlstm {

/// A constant voltage.
struct ConstantTerm {
  double voltage = 0;  ///< [V]
};

/// offset + amplitude sin(2 pi frequency max(t - delay, 0) + phase).
struct SineTerm {
  double offset = 0;     ///< [V]
  double amplitude = 0;  ///< [V]
  double frequency = 0;  ///< [Hz], > 0.
  double delay = 0;      ///< [s], >= 0.
  double phase_deg = 0;  ///< [degrees]
};

/// From low to high and back with straight edges: low until delay, high from delay + rise, for
/// width, low again after fall; repeated every period.
struct PulseTerm {
  double low = 0;     ///< [V]
  double high = 0;    ///< [V]
  double delay = 0;   ///< [s], >= 0.
  double rise = 0;    ///< [s], > 0.
  double fall = 0;    ///< [s], > 0.
  double width = 0;   ///< [s], > 0.
  double period = 0;  ///< [s], at least rise + width + fall; 0: one pulse only.
};

/// amplitude (exp(-(t - start) decay_rate) - exp(-(t - start) / rise_time)) after start, else 0.
struct DecayingJumpTerm {
  double amplitude = 0;     ///< [V]
  double start = 0;         ///< [s], >= 0.
  double decay_rate = 0;    ///< [1/s], > 0.
  double rise_time = 1e-9;  ///< [s], > 0.
};

/// More corners than a waveform may have: a short line can ask for billions of pulses.
inline constexpr double kMostBreakpoints = 1e6;

/// A waveform: the sum of its terms.
struct Stimulus {
  using Term = std::variant<ConstantTerm, SineTerm, PulseTerm, DecayingJumpTerm, VoltageTable>;
  std::vector<Term> terms;

  /// The voltage [V] at `time` >= 0 [s], as ngspice computes it in a transient analysis.
  double value(double time) const;

  /// The times in (0, stop) [s] where the value or its slope jumps, sorted, none twice. Throws
  /// SpiceError where they are more than kMostBreakpoints.
  std::vector<double> breakpoints(double stop) const;

  /// At most how many breakpoints there are until `stop` [s]: counted, not made.
  double breakpoint_count(double stop) const;

  /// Sources in series from node `positive` to node `negative` that give this waveform, one line
  /// per source; the first is named `source_name` (it begins with v), the others and the nodes
  /// between them `source_name`_<k>. A table becomes an external source, of which ngspice knows no
  /// breakpoints, or, where `tables_as_numbers`, a piecewise linear one. Throws SpiceError if a
  /// name is no identifier or a number is outside its range.
  std::string netlist(std::string_view source_name,
                      std::string_view positive,
                      std::string_view negative,
                      bool tables_as_numbers = false) const;

  /// The tables that the external sources of netlist(source_name, ...) are to be served from, by
  /// the name of the source.
  std::map<std::string, VoltageTable> tables(std::string_view source_name) const;
};

/// Throws SpiceError, which names the term, if a number of `stimulus` is outside its range or there
/// is no term.
void check_stimulus(const Stimulus& stimulus);

}  // namespace psi_xlstm
