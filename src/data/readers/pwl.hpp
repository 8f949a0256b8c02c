#pragma once

/// @file
/// Piecewise linear voltages as files of two columns, the form that LTspice, signal generators and
/// people read: time [s] and voltage [V] per line, "#", "*" and ";" start comments.
///
/// Axis: N breakpoints.

#include <filesystem>
#include <string>
#include <vector>

namespace psi_xlstm {

/// A voltage against time: linear between the points, constant before the first and after the last.
struct PwlWaveform {
  std::vector<double> times;   ///< [s], strictly increasing, [N], N >= 1.
  std::vector<double> values;  ///< [V], [N].

  /// The voltage [V] at `time` [s].
  double value(double time) const;
};

/// Reads a file of two columns, separated by blanks, a tab or a comma. Throws DataError naming file
/// and line where that is not what is there, where a number is not finite, or where time does not
/// increase.
PwlWaveform read_pwl(const std::filesystem::path& file);

/// The text of such a file, numbers that read back as the same doubles. Throws DataError if
/// `waveform` is empty, not finite, or its times do not increase.
std::string pwl_text(const PwlWaveform& waveform);

/// A voltage source for ngspice, "v<name> <positive> <negative> pwl(...)" with continuation lines.
/// Throws as pwl_text does, and ConfigError if a name is no identifier.
std::string pwl_source(const PwlWaveform& waveform,
                       const std::string& name,
                       const std::string& positive,
                       const std::string& negative);

}  // namespace psi_xlstm
