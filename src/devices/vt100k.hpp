#pragma once

/// @file
/// A data set of one VTEAM device that is rich enough to learn the device from.

#include "config/data.hpp"
#include "psi_xlstm/data/record.hpp"

namespace psi_xlstm {

/// Simulates 14 noisy training records (9 sines of 50, 100 and 150 kHz with 0.6 to 1.2 V,
/// 2 multisines, a 100 kHz ramp of amplitude, 2 pulse trains), 2 noisy validation records, and
/// 7 noise-free test records with frequencies, amplitudes, pulses and a multisine that are not in
/// training. Start states are random, the initial conductances exact; an id tells the drive, e.g.
/// "sine_100kHz_1.0V". Throws ConfigError if the device's parameters are not usable, and DataError
/// if a record would have less than 50 or more than 10 million samples.
Dataset vt100k_dataset(const VteamConfig& config);

}  // namespace psi_xlstm
