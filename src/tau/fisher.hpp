#pragma once

/// @file
/// What a record can say about time constants, before anything is fitted: the Fisher information of
///
///     conductance   I = V (g0 + sum_k g_k z_k)        current   I = V g0 + sum_k g_k z_k
///     tau_k dz_k/dt = d(V) - z_k
///
/// under normal noise, and the Cramer-Rao bound that follows from it: no unbiased estimate of
/// ln tau_k has a smaller standard deviation. Conductances and time constants are all unknown;
/// where the start is unknown, so are z_k(0).
///
/// Axes: N samples, K processes, P = 1 + 2K (3K with an unknown start) parameters.

#include <Eigen/Dense>
#include <functional>
#include <span>
#include <vector>

#include "tau/response.hpp"

namespace psi_xlstm::tau {

/// A device with K relaxation processes.
struct RelaxationDevice {
  double g0 = 1e-3;                ///< Conductance with all z = 0 [S].
  std::vector<double> gains;       ///< g_k [S, or A, per unit of d], [K].
  std::vector<double> taus;        ///< [s], > 0, [K].
  Form form = Form::kConductance;  ///< What the processes modulate.
};

/// The samples of a record, and how often each counts.
struct SampledDrive {
  std::span<const double> time;     ///< [s], strictly increasing, [N].
  std::span<const double> voltage;  ///< [V], [N].
  /// How many samples each one stands for (dimensionless), [N]; empty: one. Lets few nodes stand
  /// for a long record.
  std::span<const double> weights = {};
};

/// How a voltage drives the processes: d(V).
using DriveFunction = std::function<double(double)>;

/// V^2, the drive of MEM3.
double square_drive(double V);

struct BoundOptions {
  double noise = 0;                    ///< Standard deviation of the current's noise [A], > 0.
  bool known_start = true;             ///< z(0) is known (at rest); else K more unknowns.
  DriveFunction drive = square_drive;  ///< d(V).
};

/// The Cramer-Rao bound of one device under one drive.
struct Bound {
  std::vector<double> sd_ln_tau;  ///< Smallest sd of ln tau_k (dimensionless), [K]; may be inf.
  std::vector<double> sd_gain;    ///< Smallest sd of g_k, relative to g_k (dimensionless), [K].
  Eigen::MatrixXd correlation;    ///< Of the estimates of ln tau, [K, K]; identity where singular.
  /// Of the information, columns scaled to 1; inf where singular, sd_gain too: the time constants
  /// may be told all the same.
  double condition = 0;

  double worst() const;  ///< The largest sd_ln_tau.
};

/// A square root R of the Fisher information F = R^T R, upper triangular, [P, P], for unit noise
/// [1/A^2 times the units of the parameters]. Parameters: g0, g_1..g_K, ln tau_1..ln tau_K, then
/// z_1(0)..z_K(0) where the start is unknown. d is taken as linear between samples, for which the
/// update of z and of its derivative is exact. Computed by QR, so that information that is singular
/// in J^T J (condition numbers up to 1e26) is still told from none. Throws ShapeError if the
/// samples or the device do not fit together, and DataError if time does not increase or a tau is
/// not positive.
Eigen::MatrixXd information_root(const RelaxationDevice& device,
                                 const SampledDrive& samples,
                                 const BoundOptions& options);

/// The Cramer-Rao bound. Throws as information_root does, and ConfigError if the noise is not > 0.
Bound cramer_rao_bound(const RelaxationDevice& device,
                       const SampledDrive& samples,
                       const BoundOptions& options);

/// The current [A], [N], of `device` at rest at the first sample, d linear between the samples.
/// Throws as information_root does.
std::vector<double> relaxation_current(const RelaxationDevice& device,
                                       const SampledDrive& samples,
                                       const DriveFunction& drive);

/// The root mean square of the noise [A] that `fraction` of the (weighted) standard deviation of
/// the current means, as the generators of data/ count it.
double noise_of(const RelaxationDevice& device,
                const SampledDrive& samples,
                const DriveFunction& drive,
                double fraction);

}  // namespace psi_xlstm::tau
