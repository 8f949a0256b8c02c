#pragma once

/// @file
/// The VTEAM memristor, S. Kvatinsky, M. Ramadan, E. G. Friedman and A. Kolodny, "VTEAM: A General
/// Model for Voltage-Controlled Memristors", IEEE TCAS-II 62(8) (2015), with the state w in metres:
///
///     dw/dt = k_off (V/v_off - 1)^alpha_off f_off   for V > v_off > 0,
///             k_on  (V/v_on  - 1)^alpha_on  f_on    for V < v_on < 0,    0 between,
///     u = (w - w_on)/(w_off - w_on), held in [0, 1]; at a bound the rate outwards is zero.
///
///     linear:       I = V / (r_on + (r_off - r_on) u)
///     exponential:  I = V / (r_on (r_off/r_on)^u)
///
/// Windows, s = 1 on the way down (f_on) and 0 on the way up (f_off):
///
///     none         1
///     joglekar     1 - |2u - 1|^(2p)
///     biolek       1 - |u - s|^(2p)
///     prodromakis  j (1 - ((u - 1/2)^2 + 3/4)^p)
///     kvatinsky    f_off = exp(-exp((w - a_off)/w_c)),  f_on = exp(-exp((a_on - w)/w_c))
///
/// Axis: N samples.

#include <functional>
#include <vector>

#include "config/data.hpp"
#include "core/rng.hpp"
#include "psi_xlstm/data/record.hpp"

namespace psi_xlstm {

/// The default VTEAM set of the Technion and MemTorch libraries: 50 ohm to 1 kohm, no window. It
/// switches from rail to rail in nanoseconds.
VteamParameters vteam_memtorch();

/// The Knowm set for self-directed-channel devices: 30 to 150 kohm, slow (below 1 kHz). Its state
/// has no length: w goes from 0 to 1, so k is in 1/s.
VteamParameters vteam_knowm();

/// The default of VteamParameters: 1 to 20 kohm, Biolek window, an open loop at 50 to 150 kHz that
/// forgets its start.
VteamParameters vteam_vt100k();

/// A harder device for the same frequencies: other thresholds and exponents on the two sides, and
/// an exponential resistance.
VteamParameters vteam_asymmetric();

/// The equations above for one set of parameters.
class VteamDevice {
 public:
  /// Throws ConfigError if a threshold or a speed has the wrong sign, or if a resistance, exponent
  /// or length is not positive.
  explicit VteamDevice(const VteamParameters& parameters);

  /// Returns du/dt [1/s] of the relative state u (dimensionless) at the voltage V [V].
  double rate(double V, double u) const;

  /// Returns the conductance [S] at the relative state u, held in [0, 1].
  double conductance(double u) const;

 private:
  double window(double u, bool up) const;

  VteamParameters p_;
};

/// Simulates a device from the relative state `initial_state` (0 at w_on, 1 at w_off) under
/// `voltage` [V], a function of time [s], and samples it at `time` [s], strictly increasing, [N].
/// The record has clean_current, equal to current, and initial_conductance; its id is empty.
///
/// Integrated by the Dormand-Prince 5(4) pair with error control between any two samples, so jumps
/// and kinks of the drive and threshold crossings cost steps, not accuracy: the current is within
/// 1e-6 of the exact one, relative. A pulse much shorter than the time between two samples can be
/// missed. Throws ConfigError as VteamDevice does, and DataError if `time` is empty or does not
/// increase, if `initial_state` is outside [0, 1], or if drive and state move so fast that one
/// sample would take more than a million steps.
Record simulate_vteam(const VteamParameters& parameters,
                      const std::vector<double>& time,
                      const std::function<double(double)>& voltage,
                      double initial_state);

/// Adds normal noise to the current of port 0 of `record`, with a standard deviation of `fraction`
/// (dimensionless) times the population standard deviation of its clean current. Throws DataError
/// without a clean current.
void add_noise(Record& record, double fraction, Rng& rng);

}  // namespace psi_xlstm
