#pragma once

/// @file
/// The published xLSTM cells: M. Beck et al., "xLSTM: Extended Long Short-Term Memory",
/// arXiv:2405.04517 ("xLSTM"), in the form of the official code (sigmoid forget gate, eps in the
/// mLSTM), with a time step that may vary. The low-rank memory is that of S. L. Jurj, IEEE Access
/// 14 (2026) 52272-52289 ("Psi"). The other convention of this library is in relaxation.hpp.
///
/// Time steps: r = dt/dt0 is the step over the reference step of the model. Memories decay by
/// f0^r instead of f0 = sigmoid(f~), and take up (1 - f0^r)/(1 - f0) times the drive, which is
/// tau dc/dt = u - c solved over the step. r = 1 is the cell of the literature, r = 0 leaves the
/// memory as it is.
///
/// Stabiliser: memories are stored times exp(-m), so that exp(i~) cannot overflow. m does not
/// change outputs (but for eps) and counts as a constant in gradients.
///
/// Axes: B batch, H hidden units of an sLSTM, N heads, D head width, R rank.

#include <torch/types.h>

#include <cstdint>

namespace psi_xlstm::equations {

/// Added to the denominator of an mLSTM, in stabilised units.
inline constexpr double kMlstmEps = 1e-6;

/// The stabiliser of an sLSTM that has seen nothing: any first input wins against it. Equal to the
/// rule of the official code, m = i~ on the first step, but row by row.
inline constexpr double kEmptyStabiliser = -1e30;

/// The logarithms of both gates over one step, before the stabiliser.
struct LogGates {
  torch::Tensor input;   ///< i~ + ln((1 - f0^r)/(1 - f0)); minus infinity where r = 0.
  torch::Tensor forget;  ///< r ln sigmoid(f~).
};

/// xLSTM Eqs. (12) and (13) over a step of r = `step_ratio` (undefined: 1), of as many axes as the
/// gates, each of their length or 1.
LogGates log_gates(const torch::Tensor& input_gate,
                   const torch::Tensor& forget_gate,
                   const torch::Tensor& step_ratio = {});

/// What an sLSTM carries from one step to the next, all [B, H].
struct SlstmState {
  torch::Tensor c;  ///< Memory, times exp(-m).
  torch::Tensor n;  ///< Normaliser, times exp(-m). At least 1 after a step from an empty state.
  torch::Tensor m;  ///< Stabiliser, a log magnitude.
  torch::Tensor y;  ///< Output, which the gates of the next step see.
};

/// An sLSTM before its first sample: c = n = y = 0, m = kEmptyStabiliser.
SlstmState empty_slstm_state(std::int64_t batch,
                             std::int64_t hidden,
                             const torch::TensorOptions& options = {});

/// xLSTM Eqs. (8)-(17): the state, and in y the output, after one step. `drive` is W x + b
/// [B, 4 H], gates in the order i, f, z, o; `recurrent` is R [4 H, H]; `step_ratio` is r [B]
/// (undefined: 1). Rows with r = 0 stay as they are, y included. Throws ShapeError on other sizes.
SlstmState slstm_step(const SlstmState& state,
                      const torch::Tensor& drive,
                      const torch::Tensor& recurrent,
                      const torch::Tensor& step_ratio = {});

/// What an mLSTM carries from one step to the next. With a low-rank memory D is the rank.
struct MlstmState {
  torch::Tensor C;  ///< Matrix memory, times exp(-m) [B, N, D, D]; rows value, columns key.
  torch::Tensor n;  ///< Normaliser, times exp(-m)    [B, N, D].
  torch::Tensor m;  ///< Stabiliser, a log magnitude  [B, N].
};

/// An mLSTM before its first sample, as in the official code: all zero.
MlstmState empty_mlstm_state(std::int64_t batch,
                             std::int64_t heads,
                             std::int64_t width,
                             const torch::TensorOptions& options = {});

/// What an mLSTM sees in one step.
struct MlstmInput {
  torch::Tensor q, k, v;  ///< Query, key (through scaled_key), value [B, N, D].
  torch::Tensor i, f;     ///< Gate pre-activations, before exp and sigmoid [B, N].
};

/// xLSTM Eq. (23): a key [..., D] over sqrt(D), D the full head width. The whole key is divided,
/// bias included, as in the official code.
torch::Tensor scaled_key(const torch::Tensor& key);

/// xLSTM Eqs. (15)-(17), (19), (20): the state after one step; `step_ratio` is r [B] (undefined:
/// 1). Throws ShapeError on sizes that do not fit together.
MlstmState mlstm_update(const MlstmState& state,
                        const MlstmInput& input,
                        const torch::Tensor& step_ratio = {});

/// xLSTM Eq. (21) without the output gate: C q/(max(|n.q|, exp(-m)) + eps)  [B, N, D]. The 1 of
/// the paper is exp(-m) here, since C and n carry that factor.
torch::Tensor mlstm_readout(const MlstmState& state,
                            const torch::Tensor& q,
                            double eps = kMlstmEps);

/// An mLSTM with the memory C = U C~ V^T of rank R: Psi Eqs. (8)-(10). The published one has no
/// normaliser; here C~ has the one of the full mLSTM, mlstm_update and mlstm_readout on the
/// projected input. `left` is U, `right` is V, both [N, D, R].
///
/// Returns q~ = V^T q, k~ = V^T k (k through scaled_key with the full D), v~ = U^T v  [B, N, R], or
/// [T, B, N, R] for a whole sequence, and the gates unchanged. Throws ShapeError on other sizes.
MlstmInput low_rank_input(const MlstmInput& input,
                          const torch::Tensor& left,
                          const torch::Tensor& right);

/// The way back: h = U h~, from [..., N, R] to [..., N, D]. Throws ShapeError on other sizes.
torch::Tensor low_rank_output(const torch::Tensor& h, const torch::Tensor& left);

}  // namespace psi_xlstm::equations
