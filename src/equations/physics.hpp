#pragma once

/// @file
/// What physics asks of a trajectory, as residuals that are zero where it holds. The device is that
/// of S. L. Jurj, IEEE Access 14 (2026) 52272-52289
/// ("Psi"), after S. Kvatinsky et al., "VTEAM", IEEE TCAS-II 62(8) (2015); its published loss,
/// relu(|dI/dt| - 1e6 A/s), is identically zero at currents of mA and is not used here.
///
/// Axes: T blocks of the drive, T + 1 edges of blocks, B sequences, W windows.

#include <torch/types.h>

#include <cstdint>

namespace psi_xlstm::equations {

/// A law dx/dt = rate (target - x) that is linear in the state x, element by element of a drive.
struct StateLaw {
  torch::Tensor rate;    ///< [1/s]
  torch::Tensor target;  ///< Of x, dimensionless.
};

/// Parameters of the published device; the state x = (w - w_min)/(w_max - w_min) is in [0, 1].
struct ThresholdDevice {
  double v_on = 0.5;    ///< Above it x rises [V].
  double v_off = -0.5;  ///< Below it x falls [V].
  double k_on = 8000;   ///< [1/s]
  double k_off = 8000;  ///< [1/s]
  double exponent = 3;
  double target_on = 1;          ///< Of x above v_on: w_max.
  double target_off = -1.0 / 9;  ///< Of x below v_off: w = 0, beyond the bound w_min.
  double r_on = 100;             ///< Resistance at x = 1 [ohm].
  double r_off = 10e3;           ///< Resistance at x = 0 [ohm].
};

/// Psi Eq. (12) in x, at the voltages V [V] of any shape:
///
///     rate = k_on (V/v_on - 1)^p, target = target_on       for V > v_on,
///     rate = k_off (V/v_off - 1)^p, target = target_off    for V < v_off,    rate = 0 between.
StateLaw threshold_law(const torch::Tensor& V, const ThresholdDevice& device);

/// Psi Eq. (13) solved for the state: the x whose resistance r_on x + r_off (1 - x) is 1/G, with G
/// [S] of any shape; dimensionless, not held in [0, 1].
torch::Tensor device_state(const torch::Tensor& G, const ThresholdDevice& device);

/// Integrals of a law over blocks of the drive, dimensionless, both [T, B].
struct LawIntegrals {
  torch::Tensor gain;  ///< A = integral of rate target dt.
  torch::Tensor loss;  ///< B = integral of rate dt.
};

/// The law over windows of `window` blocks that follow each other, the last one shorter where T is
/// no multiple, for the states x at the edges [T + 1, B]:
///
///     x_b - x_a - sum over blocks k = a .. b - 1 of (A_k - B_k (x_k + x_{k+1})/2)    [W, B]
///
/// Zero, but for the curvature of x inside a block, where x obeys the law. Long windows let noise
/// of x count once per window. Throws ShapeError on other sizes or a window below 1.
torch::Tensor device_law_residual(const torch::Tensor& x,
                                  const LawIntegrals& integrals,
                                  std::int64_t window);

}  // namespace psi_xlstm::equations
