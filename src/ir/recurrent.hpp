#pragma once

/// @file
/// A trained network of the relaxation convention (equations/relaxation.hpp) as an ir::Network: the
/// border that the clustering and the low-rank student cross on their way into a circuit.
///
///     sLSTM   states h = c/n and s = ln n of every unit, K distinct rates lambda =
///     softplus(-f~)/dt0
///             dh/dt = lambda i e^-s (z - h),   ds/dt = lambda (i e^-s - 1),   y = sigmoid(o~) h
///     mLSTM   states C [N, D, D] and n [N, D], one rate per head
///             dC/dt = lambda (i v k^T - C),   dn/dt = lambda (i k - n),   h = C q/sqrt((n.q)^2 +
///             1)
///     output  I = V g0 exp(y - y_rest)
///
/// The start is the rest of every layer at 0 V, as in training; it depends on ln(g0/gs), the second
/// input. Maps without a bend between them (input map, projections of a low-rank memory, weights of
/// a LayerNorm) are multiplied out.
///
/// Axes: N heads, D head width or rank, S states: those of the first layer, then of the next; of an
/// sLSTM h then s, of an mLSTM C (rows value, columns key) then n, head by head.

#include <span>
#include <string>

#include "kernels/simd/network_shape.hpp"
#include "psi_xlstm/ir/network.hpp"

namespace psi_xlstm::ir {

/// The numbers of a trained network and their units.
struct RecurrentNumbers {
  kernels::NetworkShape shape;
  std::span<const double> parameters;  ///< In the order of kernels::parameter_blocks.
  double conductance_scale = 1;        ///< gs [S]: the second input is ln(g0/gs).
  double reference_step = 1;           ///< dt0 [s].
  TrainingBox box;
};

/// `numbers` as a network called `name` with the ports p and n. What each layer passes on is a
/// junction. Throws ShapeError where the shape is of the other convention or has other inputs than
/// two, or the parameters do not fit it.
Network recurrent_network(const RecurrentNumbers& numbers, const std::string& name);

}  // namespace psi_xlstm::ir
