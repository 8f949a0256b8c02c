#pragma once

#include <optional>

#include "psi_xlstm/data/record.hpp"

namespace psi_xlstm {

/// What a device takes and gives back. A resistor of whatever kind gives nothing back.
struct Energy {
  double returned = 0;  ///< Part of sum |V I| at V I < 0, 0 .. 1.
  /// Voltages where the current is zero or changes its sign: the first one, their mean and their
  /// root mean square [V]; absent where the current never does.
  std::optional<double> first_open, mean_open, rms_open;
};

/// The energy of `record`, a transient of one port, with `offset` [A] taken off its current. What
/// noise gives back does not count (samples of less than a twentieth of the largest voltage, a
/// hundredth of the largest current or three standard deviations of its noise), nor what a skew of
/// up to two samples explains.
Energy energy_of(const Record& record, double offset = 0);

}  // namespace psi_xlstm
