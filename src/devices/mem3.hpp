#pragma once

/// @file
/// MEM3: a memristive device with exactly known time constants,
///
///     I = V (g0 + sum_k g_k z_k),    tau_k dz_k/dt = V^2 - z_k,
///
/// passive while all g are positive, at rest z = 0. The square makes it rectify, which is what lets
/// slow time constants be seen through a fast carrier.
///
/// Axes: N samples, K time constants.

#include <functional>
#include <vector>

#include "config/data.hpp"
#include "psi_xlstm/data/record.hpp"

namespace psi_xlstm {

/// Simulates the device from rest under `voltage` [V], a function of time [s], sampled at `time`
/// [s], strictly increasing, [N]. Of `config` only g0, gains and taus are used. The record has
/// clean_current, equal to current, and initial_conductance; its id is empty.
///
/// The decay exp(-h/tau) over a sample step h is exact, the integral of V^2 over it is taken by the
/// three-point Gauss rule on the voltage between the samples. For a sine of frequency f its error
/// is about (4 pi f h)^6 / 2e6 of the change of z in that step: with 20 samples per period of the
/// default device, 1e-11 of the largest current. Jumps of the voltage must fall on sample times.
/// Throws ConfigError if gains and taus are not of the same number or a tau is not positive, and
/// DataError if `time` is empty or does not increase.
Record simulate_mem3(const Mem3Config& config,
                     const std::vector<double>& time,
                     const std::function<double(double)>& voltage);

/// The drive of `config` [V] over time [s]:
///
///     bursts     A(t) sin(2 pi carrier t); A is the amplitude for 0.1 ms, then a fifth of it (the
///                read tone) for 0.1 ms, and so on with seven log-spaced lengths up to 10 ms, over
///                and over; lengths are whole half periods of the carrier, so V is continuous
///     step       the amplitude
///     published  amplitude times published_drive() with tones of 1 and 50 kHz
///
/// Throws ConfigError for bursts with fewer than 4 samples in a period of their carrier.
std::function<double(double)> mem3_drive(const Mem3Config& config);

/// Simulates one record under `voltage` [V], a function of time [s], with noise, from rest: with
/// the drive of `config` it is the first of mem3_dataset(). Throws as mem3_dataset does.
Record mem3_record(const Mem3Config& config, const std::function<double(double)>& voltage);

/// Simulates three records of the waveform: "<waveform>_train" with noise, "<waveform>_validation"
/// with 0.8 times the amplitude and its own noise, "<waveform>_test" with 0.9 times the amplitude
/// and no noise. Throws as simulate_mem3 and mem3_drive do, and DataError if a record would have
/// less than 50 or more than 50 million samples.
Dataset mem3_dataset(const Mem3Config& config);

}  // namespace psi_xlstm
