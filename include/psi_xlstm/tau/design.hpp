#pragma once

/// @file
/// Designs the excitation: bursts whose times and levels make the Cramer-Rao bound of the wanted
/// time constants as small as a search finds.

#include <cstdint>
#include <string>
#include <vector>

#include "psi_xlstm/tau/advice.hpp"
#include "psi_xlstm/tau/excitation.hpp"

namespace psi_xlstm::tau {

/// What is wanted and what is given.
struct DesignRequest {
  std::vector<double> taus;  ///< Processes present together [s]; empty: every device of the range.
  AdviceRequest conditions;  ///< Range, noise, amplitude, sample rate, conductances.
  double duration = 100e-3;  ///< Of the waveform [s].
  int levels = 24;           ///< Number of levels, at least 2.
  int rounds = 6;            ///< Passes of the search over all times and levels.
  std::uint32_t seed = 1;    ///< Of the order in which times and levels are tried.
};

/// One waveform and what it can tell.
struct DesignedWaveform {
  BurstWaveform waveform;
  std::vector<double> sd_ln_tau;  ///< Per process of `taus`, or the worst per device of the range.
  double worst_sd = 0;            ///< The largest of them.
};

struct Design {
  DesignedWaveform designed;
  DesignedWaveform plain;  ///< Log-spaced bursts over the same range, same duration and amplitude.
  int evaluations = 0;     ///< Bounds computed by the search.
};

/// Searches, coordinate by coordinate, over the logarithms of the times and over the levels between
/// a fiftieth of the amplitude and the amplitude, from log-spaced bursts on and from a few other
/// starts; the bounds that are returned are those of all samples. The noise of each waveform is
/// `noise` times the sd of its own current, as the generators add it; signs alternate so that
/// levels do not gain by a mean. Deterministic. Throws ConfigError where the request makes no
/// sense.
Design design_bursts(const DesignRequest& request);

}  // namespace psi_xlstm::tau
