#pragma once

/// @file
/// Designs the excitation: bursts whose times and levels make the Cramer-Rao bound of the wanted
/// time constants as small as a search finds.

#include <cstdint>
#include <string>
#include <vector>

#include "tau/advice.hpp"
#include "tau/excitation.hpp"

namespace psi_xlstm::tau {

/// What is wanted and what is given.
struct DesignRequest {
  std::vector<double> taus;  ///< Processes present together [s]; empty: every device of the range.
  AdviceRequest conditions;  ///< Range, noise, amplitude, sample rate, conductances.
  double duration = 100e-3;  ///< Of the waveform [s].
  int levels = 24;           ///< Number of levels of a round, at least 2.
  int rounds = 20;           ///< Passes of the search over all times and levels.
  std::uint32_t seed = 1;    ///< Of the order in which times and levels are tried.
};

/// One waveform and what it can tell: one number per process of `taus`, or, for a range, the worst
/// process of every device of devices_of_range().
struct DesignedWaveform {
  BurstWaveform waveform;
  std::vector<double> sd_ln_tau;  ///< Bounds with the noise of the comparison (dimensionless).
  double worst_sd = 0;            ///< The largest of them.
  /// Bounds with a noise of the wanted fraction of the sd of the waveform's own current, which is
  /// what the generators of data/ add.
  std::vector<double> sd_own_noise;
  double worst_own_noise = 0;  ///< The largest of them.
};

struct Design {
  DesignedWaveform designed;
  DesignedWaveform plain;  ///< Log-spaced bursts over the same range, same duration and amplitude.
  double noise = 0;        ///< Of the comparison [A]; of the range's first device.
  int evaluations = 0;     ///< Bounds computed by the search.
};

/// Searches, coordinate by coordinate, over the logarithms of the times and of the levels between a
/// fiftieth of the amplitude and the amplitude, from log-spaced bursts on, in one round or in
/// several; the bounds that are returned are those of all samples. Both waveforms are compared with
/// the same noise in amperes, that which `noise` is of the plain bursts' current: an instrument
/// does not get better because a waveform rests. Signs are set so that the mean is small.
/// Deterministic. Throws ConfigError where the request makes no sense.
Design design_bursts(const DesignRequest& request);

}  // namespace psi_xlstm::tau
