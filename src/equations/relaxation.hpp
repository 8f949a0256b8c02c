#pragma once

/// @file
/// The relaxation convention: xLSTM cells (M. Beck et al., "xLSTM: Extended Long Short-Term
/// Memory", arXiv:2405.04517) as ordinary differential equations, for circuits. Differences from
/// cells.hpp: the drive is i z instead of i z/(1 - f), so that the memory relaxes towards it; the
/// input gate is bounded, so no stabiliser is needed; the gates see h = c/n, not the output, which
/// the output gate would else define through itself; the denominator of an mLSTM is smooth.
///
///     sLSTM   a(x, h) = W x + b + R h = (i~, f~, z~, o~),  h = c/n
///             lambda = softplus(-f~)/dt0,  i = exp(5 tanh(i~/5)),  z = tanh(z~)
///             dc/dt = lambda (i z - c),  dn/dt = lambda (i - n),  y = sigmoid(o~) h
///     mLSTM   q, k (over sqrt(D)), v, i~, f~ affine in x
///             dC/dt = lambda (i v k^T - C),  dn/dt = lambda (i k - n),
///             h = C q/sqrt((n.q)^2 + 1)
///
/// A step from edge 0 to edge 1 uses the gates at both edges:
///
///     mix(c) = c + (1 - exp(-dt (l0 + l1)/2)) ((l0 u0 + l1 u1)/(l0 + l1) - c),
///
/// exact for constant rates and drives, of second order otherwise. Where gates see h, edge 1 is
/// first predicted with h of edge 0, then corrected.
///
/// Axes: B batch, H hidden units of an sLSTM, N heads, D head width (or rank).

#include <torch/types.h>

#include "equations/cells.hpp"

namespace psi_xlstm::equations {

/// Bound a of ln i in the input gate.
inline constexpr double kInputGateBound = 5;

/// Fixed-point steps that lead to the rest state of an sLSTM.
inline constexpr int kRestIterations = 8;

/// The input gate i = exp(a tanh(i~/a)), between exp(-a) and exp(a), element by element.
torch::Tensor bounded_input_gate(const torch::Tensor& input_gate);

/// Rate and drive of a memory at one edge of a step.
struct EdgeDrive {
  torch::Tensor rate;   ///< lambda [1/s], of a shape that broadcasts to the memory's.
  torch::Tensor drive;  ///< u, what the memory relaxes to, of the memory's shape.
};

/// The memory after a step dt [s], by the formula at the top; memory and dt broadcast. Where both
/// rates are 0 the memory stays.
torch::Tensor mix(const torch::Tensor& memory,
                  const EdgeDrive& edge0,
                  const EdgeDrive& edge1,
                  const torch::Tensor& dt);

/// State of an sLSTM, both [B, H]. n is positive.
struct SlstmMemory {
  torch::Tensor c, n;
};

/// What an sLSTM's gates say at one instant, all [B, H].
struct SlstmGates {
  torch::Tensor rate;  ///< lambda [1/s].
  torch::Tensor i, z;  ///< Input gate and candidate: c relaxes to i z, n to i.
  torch::Tensor o;     ///< Output gate, 0 to 1.
};

/// The gates where the input drives with `drive` = W x + b [B, 4 H], order i, f, z, o, and the cell
/// stands at h [B, H]; `recurrent` is R [4 H, H], dt0 the reference step [s]. Throws ShapeError on
/// other sizes, ConfigError unless dt0 is positive.
SlstmGates slstm_gates(const torch::Tensor& drive,
                       const torch::Tensor& recurrent,
                       const torch::Tensor& h,
                       double dt0);

/// The time derivative (dc/dt, dn/dt) [1/s] of the equations at the top.
SlstmMemory slstm_derivative(const SlstmMemory& memory, const SlstmGates& gates);

/// The output y = sigmoid(o~) c/n  [B, H].
torch::Tensor slstm_output(const SlstmMemory& memory, const SlstmGates& gates);

/// The memory after dt [B] seconds between two edges with the input drives `drive0` and `drive1`
/// [B, 4 H]: predict, evaluate, correct. Throws as slstm_gates does.
SlstmMemory slstm_relax(const SlstmMemory& memory,
                        const torch::Tensor& drive0,
                        const torch::Tensor& drive1,
                        const torch::Tensor& recurrent,
                        const torch::Tensor& dt,
                        double dt0);

/// The memory at rest under a constant `drive` [B, 4 H]: h = tanh(z~(x, h)), iterated
/// kRestIterations times from h = 0; then n = i, c = n h. Exact where R = 0.
SlstmMemory slstm_rest(const torch::Tensor& drive, const torch::Tensor& recurrent);

/// State of an mLSTM. With a low-rank memory D is the rank.
struct MlstmMemory {
  torch::Tensor C;  ///< Matrix memory [B, N, D, D]; rows value, columns key.
  torch::Tensor n;  ///< Normaliser    [B, N, D].
};

/// The time derivative (dC/dt, dn/dt) [1/s] under `input`, key through scaled_key.
MlstmMemory mlstm_derivative(const MlstmMemory& memory, const MlstmInput& input, double dt0);

/// The memory after dt [B] seconds between two edges with the inputs `input0` and `input1`. Throws
/// ShapeError on sizes that do not fit together, ConfigError unless dt0 is positive.
MlstmMemory mlstm_relax(const MlstmMemory& memory,
                        const MlstmInput& input0,
                        const MlstmInput& input1,
                        const torch::Tensor& dt,
                        double dt0);

/// h = C q/sqrt((n.q)^2 + 1)  [B, N, D].
torch::Tensor mlstm_smooth_readout(const MlstmMemory& memory, const torch::Tensor& q);

/// The memory at rest under a constant `input`: C = i v k^T, n = i k.
MlstmMemory mlstm_rest(const MlstmInput& input);

}  // namespace psi_xlstm::equations
