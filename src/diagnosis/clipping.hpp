#pragma once

#include <optional>
#include <string>

#include "psi_xlstm/data/record.hpp"

namespace psi_xlstm {

/// Samples that stand still at an end of their range although the other channel moves.
struct Clipping {
  std::string channel;     ///< "current" or "voltage".
  std::string unit;        ///< Of `level`.
  int samples = 0;         ///< In all such stretches.
  double level = 0;        ///< Where they stand.
  double other_first = 0;  ///< The other channel at the start of the longest stretch ...
  double other_last = 0;   ///< ... and at its end, or its turning point for the voltage.
};

/// Clipped samples of `record`, a transient of one port: the current within 1e-3 of its full scale
/// for five samples or more while the voltage moves by a tenth of its range (and by more than its
/// noise and a thousandth of its full scale), with a corner at one end of the stretch at least;
/// else the voltage on one value while the current rises and falls by a tenth of its range. Nothing
/// where there are none.
std::optional<Clipping> clipping_of(const Record& record);

}  // namespace psi_xlstm
