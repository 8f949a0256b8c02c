#pragma once

/// @file
/// The published mLSTM (cells.hpp) over a whole sequence, some steps at once: M. Beck, K. Poeppel,
/// P. Lippe and S. Hochreiter, "Tiled Flash Linear Attention: More Efficient Linear RNN and xLSTM
/// Kernels", arXiv:2503.14376, the chunkwise form; written from the equations. With, inside a chunk
/// of L steps that starts from (C, n, m),
///
///     b_j = ln f_1 + ... + ln f_j,    m_j = max(b_j + m, max over s <= j of b_j - b_s + i~_s)
///     S_js = exp(b_j - b_s + i~_s - m_j) (k_s . q_j)  for s <= j,    w_j = exp(b_j + m - m_j)
///     h_j = (w_j C q_j + sum_s S_js v_s)/(max(|w_j n.q_j + sum_s S_js|, exp(-m_j)) + eps)
///     C <- w_L C + sum_s exp(b_L - b_s + i~_s - m_L) v_s k_s^T,  n likewise,  m <- m_L.
///
/// m_j is the stabiliser of the step form, so both forms agree to rounding, eps included. L = 1 is
/// the step form, L = T the parallel form. Matrix products of L steps replace L products with one
/// vector: for devices where many small operations are dear. On a CPU L = 32 to 64 is fastest.
/// No training here runs in chunks: it is the oracle of kernels that do, and reads a long text
/// fast.
///
/// Axes: B batch, N heads, T steps, D head width, L chunk length.

#include <torch/types.h>

#include <cstdint>

#include "equations/cells.hpp"

namespace psi_xlstm::equations {

/// What a chunkwise run did.
struct MlstmSequence {
  torch::Tensor h;   ///< [B, N, T, D]
  MlstmState state;  ///< After the last step.
};

/// Runs a sequence from `state`: q, k (through scaled_key), v of `input` are [B, N, T, D], i and f
/// [B, N, T]; `step_ratio` is dt/dt0 [B, T], or undefined for 1. The last chunk may be shorter than
/// `chunk_length`. Throws ShapeError on sizes that do not fit together or a length below 1.
MlstmSequence mlstm_chunkwise(const MlstmInput& input,
                              const MlstmState& state,
                              std::int64_t chunk_length,
                              const torch::Tensor& step_ratio = {},
                              double eps = kMlstmEps);

}  // namespace psi_xlstm::equations
