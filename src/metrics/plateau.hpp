#pragma once

/// @file
/// The end of a plateau in a noisy waveform: a constant level that turns into a straight fall.

#include <span>

namespace psi_xlstm {

/// Where a plateau ends.
struct PlateauEnd {
  double level = 0;          ///< Of the plateau, in the unit of the waveform.
  double time = 0;           ///< Its end, the corner of level and fall [s].
  double low = 0, high = 0;  ///< 95 % interval of `time` [s].
  bool found = false;        ///< The waveform falls below half of its level, after a plateau.
};

/// Fits  y = level for t < time, level - slope (t - time) after  to the samples that come before
/// the waveform has fallen to half of its level, by least squares; level and slope may have either
/// sign, the fall is towards zero. The interval is that of the fit, with the noise found on the
/// plateau, and not narrower than half a sample to either side divided by sqrt(3) times 1.96, the
/// resolution of the sampling; where the fall has fewer than three samples the end is in the middle
/// between plateau and fall, half a sample to either side. `time` [s], evenly spaced, and `y` are
/// of the same length N. Throws ShapeError otherwise, or for fewer than 10 samples.
PlateauEnd plateau_end(std::span<const double> time, std::span<const double> y);

}  // namespace psi_xlstm
