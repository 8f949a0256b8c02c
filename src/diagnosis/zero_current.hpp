#pragma once

#include <vector>

#include "psi_xlstm/data/record.hpp"

namespace psi_xlstm {

/// The current where the voltage goes through zero. A passive device has none there, so what is
/// measured belongs to the set-up: an offset of the current, and a delay of the current's channel,
/// which gives opposite signs to crossings upwards and downwards. At crossing k, with the slope s_k
/// of the current [A/s],
///
///   I_k = offset - delay s_k,
///
/// solved by weighted least squares over all crossings of all records. I_k is the constant of a fit
/// of I = I_k + G V + H V t to the samples around the crossing, while the voltage is monotone.
struct ZeroCurrent {
  int crossings = 0;       ///< Used; 0: nothing is known and all else is 0.
  bool separable = false;  ///< Four crossings or more, in both directions; else `delay` is 0 and
                           ///< not known.
  double offset = 0;       ///< [A]
  double offset_sd = 0;    ///< Standard deviation of `offset` [A].
  double delay = 0;        ///< Of the current behind the voltage [s].
  double delay_sd = 0;     ///< Standard deviation of `delay` [s].
  double slope = 0;        ///< Root mean square of s_k [A/s].
  double conductance = 0;  ///< Mean of G at the crossings [S].
};

/// The same for transient records of one port.
ZeroCurrent zero_current(const std::vector<Record>& records);

}  // namespace psi_xlstm
