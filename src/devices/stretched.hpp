#pragma once

/// @file
/// A device without fixed time constants: its memory relaxes by a stretched exponential
/// (R. Kohlrausch 1854; G. Williams and D. C. Watts, Trans. Faraday Soc. 66 (1970)),
///
///     I = V (g0 + g z),    z(t) = integral of V(s)^2 k(t - s) ds,    k = -d/dt exp(-(t/tau)^beta),
///
/// so that at constant V from rest z = V^2 (1 - exp(-(t/tau)^beta)). With 0 < beta < 1 this is a
/// continuum of exponentials, none of which stands out.

#include "config/data.hpp"
#include "psi_xlstm/data/record.hpp"

namespace psi_xlstm {

/// The device and how it is driven.
struct StretchedConfig {
  double gain = 0.6e-3;  ///< g [S/V^2]
  double tau = 1.2e-3;   ///< [s]
  double beta = 0.5;     ///< Exponent, in (0, 1] (dimensionless).
  Mem3Config drive;      ///< g0, waveform, noise and the rest; its gains and taus are not used.
};

/// exp(-(t/tau)^beta) as a sum of exponentials, sum_j weight_j exp(-t/tau_j): exact to 1e-5 for all
/// t >= 0 at beta = 0.5.
struct ExponentialSum {
  std::vector<double> weights;  ///< Dimensionless, sum 1.
  std::vector<double> taus;     ///< [s]
};

/// The sum for tau [s] and beta. Its terms follow the density of relaxation rates, a one-sided
/// stable law (M. Kanter, Ann. Probab. 3 (1975)), on a logarithmic grid; what relaxes faster than
/// `fastest` [s] is one term at `fastest`. Throws ConfigError unless tau, fastest > 0 and beta is
/// in (0, 1].
ExponentialSum stretched_exponential(double tau, double beta, double fastest);

/// The device as a MEM3 device with very many states, resolved to a hundredth of the sample step.
Mem3Config stretched_device(const StretchedConfig& config);

}  // namespace psi_xlstm
