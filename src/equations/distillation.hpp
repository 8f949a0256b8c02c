#pragma once

/// @file
/// The distillation loss of the study, called RRAD there: S. L. Jurj, IEEE Access 14 (2026)
/// 52272-52289 ("Psi"), Eq. (4),
///
///     L = L_data + alpha L_hidden + beta L_gradient + gamma L_structure.
///
/// S is the student, T the teacher. Two terms are those of the text, not of the released code: the
/// code matches outputs only, where L_hidden has hidden states as well; and it takes the derivative
/// by an explicit time input, where L_gradient has the total one along the trajectory.
///
/// Axes: N samples in a row, B sequences, H hidden units of the student, G of the teacher, J rows,
/// I numbers in a row, K centres.

#include <torch/types.h>

namespace psi_xlstm::equations {

/// A trajectory as the loss sees it.
struct Response {
  torch::Tensor output;  ///< y [N, B].
  torch::Tensor hidden;  ///< h [N, B, H or G].
};

/// The mean of (found - wanted)^2, of one shape. Throws ShapeError if they have two.
torch::Tensor mean_squared_error(const torch::Tensor& found, const torch::Tensor& wanted);

/// L_hidden = MSE(y_S, y_T) + MSE(P h_S, h_T), with P = `projection` [G, H], trained along and
/// without bias. Throws ShapeError on sizes that do not fit together.
torch::Tensor hidden_loss(const Response& student,
                          const Response& teacher,
                          const torch::Tensor& projection);

/// The total time derivative along a trajectory x [N, ...], by differences of neighbours, in units
/// of 1/time_scale: (x_{k+1} - x_k) time_scale/dt_k  [N - 1, ...], with dt [N - 1, B] in the unit
/// of time_scale (seconds); where x is [N, B, H] all H share a step. A window that goes on where
/// another ended takes the last sample of that one along. Throws ShapeError on other sizes.
torch::Tensor total_derivative(const torch::Tensor& x, const torch::Tensor& dt, double time_scale);

/// L_gradient = MSE(dy_S/dt, dy_T/dt) + MSE(d(P h_S)/dt, dh_T/dt), derivatives by total_derivative.
torch::Tensor gradient_loss(const Response& student,
                            const Response& teacher,
                            const torch::Tensor& projection,
                            const torch::Tensor& dt,
                            double time_scale);

/// The rows of an sLSTM's forget gates, from weight [4 H, I] in the order i, f, z, o: rows H to
/// 2 H - 1  [H, I]. With `bias` [4 H] it becomes one more column [H, I + 1]: the bias holds most of
/// a time constant, which the published term leaves out. Throws ShapeError on other sizes.
torch::Tensor forget_gate_rows(const torch::Tensor& weight, const torch::Tensor& bias = {});

/// Psi Eq. (5): L_structure = mean over rows j of min over k of |row_j - centre_k|^2, for rows
/// [J, I] and centres [K, I]. Throws ShapeError on other sizes.
torch::Tensor structure_loss(const torch::Tensor& rows, const torch::Tensor& centres);

}  // namespace psi_xlstm::equations
