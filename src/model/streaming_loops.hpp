#pragma once

// The two inner loops of the feed-forward baseline, in single precision.

namespace psi_xlstm {

/// Rows of weights and of outputs are padded to whole groups of so many.
inline constexpr int kStreamingGroup = 64;

/// out[o] = sum_i in[i] rows[i][o] for o = 0..width-1; `rows` is [inputs][width], `width` a
/// multiple of kStreamingGroup.
void weighted_rows(float* out, const float* rows, const float* in, int inputs, int width);

/// x[i] = tanh(x[i]) for i = 0..width-1, to 1e-6; `width` as above.
void tanh_in_place(float* x, int width);

}  // namespace psi_xlstm
