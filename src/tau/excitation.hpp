#pragma once

/// @file
/// Waveforms of bursts: constant levels, one after the other. Between two levels the voltage moves
/// in a straight line, from one sample to the next, so that sampled points and straight lines
/// between them are the whole waveform.
///
/// Axes: M levels, N samples.

#include <vector>

#include "data/readers/pwl.hpp"
#include "tau/fisher.hpp"

namespace psi_xlstm::tau {

/// Levels, each held for a time.
struct BurstWaveform {
  std::vector<double> durations;  ///< [s], > 0, [M].
  std::vector<double> levels;     ///< [V], [M].

  double duration() const;  ///< Of all levels [s].
};

/// What log-spaced bursts are made of.
struct BurstPlan {
  double shortest = 0.1e-3;  ///< First burst [s].
  double longest = 10e-3;    ///< Last burst of a round [s].
  double amplitude = 1;      ///< Level during a burst [V].
  double read_level = 0.2;   ///< Level between bursts, of the amplitude (dimensionless).
  double duration = 100e-3;  ///< Of the waveform [s].
};

/// Bursts of log-spaced lengths, at least three per decade, each followed by the read level for as
/// long as it lasted, over and over; the sign changes with every burst, so that the mean is small.
/// The last level is cut where the waveform ends. Throws ConfigError unless 0 < shortest < longest,
/// and amplitude and duration are > 0.
BurstWaveform log_spaced_bursts(const BurstPlan& plan);

/// The waveform with its levels moved to the nearest sample times of `sample_rate` [1/s] (at least
/// one sample each) as breakpoints. Throws ConfigError if the rate is not > 0.
PwlWaveform breakpoints(const BurstWaveform& waveform, double sample_rate);

/// Times [s] and voltages [V] of the samples 0, 1/rate, ... below the waveform's end, [N].
struct SampledWaveform {
  std::vector<double> time, voltage;
};
SampledWaveform sampled(const BurstWaveform& waveform, double sample_rate);

/// Few nodes that stand for all samples, with weights: in each level as many as its relaxations
/// need, log-spaced from one sample on, linear where the level is short. For fast evaluation of
/// bounds, which differ from those of all samples by less than 1 %.
struct WeightedNodes {
  std::vector<double> time, voltage, weights;

  SampledDrive view() const { return {.time = time, .voltage = voltage, .weights = weights}; }
};
WeightedNodes nodes(const BurstWaveform& waveform, double sample_rate);

}  // namespace psi_xlstm::tau
