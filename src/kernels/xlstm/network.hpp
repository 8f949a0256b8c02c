#pragma once

/// @file
/// Networks of the xLSTM cells (the sLSTM and mLSTM as published, M. Beck et al.,
/// xLSTM, NeurIPS 2024): forward pass, exact reverse and streaming step on plain arrays.
///
/// Axes: T steps, B sequences, I inputs, H units of a layer, D = H / heads. A step of duration
/// rho (over the reference step dt0) with pre-activations f~, i~, z~, o~ of the gates:
///
///     lf = rho ln sigmoid(f~)
///     ii = i~ + ln((1 - exp(lf)) / (1 - sigmoid(f~)))          (= i~ at rho = 1)
///     m' = max(ii, lf + m),  J = exp(ii - m'),  F = exp(lf + m - m')
///
///     sLSTM  c' = F c + J tanh(z~),  n' = F n + J,  y = sigmoid(o~) c' / n'
///     mLSTM  C' = F C + J v k^T,  n' = F n + J k,  h = C' q / (max(|n'.q|, exp(-m')) + 1e-6),
///            k over sqrt(D); y = LayerNorm(h) over all units (population variance, 1e-5)
///
/// A low-rank mLSTM has q~ = V^T q, k~ = V^T k, v~ = U^T v and h = U h~ of each head. m is a
/// constant in the reverse pass. At the start c = n = y = 0, m = -1e30 (sLSTM) or 0 (mLSTM). At
/// rho = 0 nothing happens: the states stay, and the output is the last one; shorter sequences of a
/// batch are padded so.

#include <cstddef>
#include <memory>
#include <span>
#include <vector>

#include "kernels/simd/instruction_set.hpp"
#include "kernels/simd/network_shape.hpp"

namespace psi_xlstm::kernels {

/// The states of one layer for B sequences; D of a low-rank memory is its rank.
template <class Real>
struct XlstmLayerState {
  std::vector<Real> c;  ///< sLSTM: [B][H]; mLSTM: the memory, [B][heads][D of k][D of v].
  std::vector<Real> n;  ///< sLSTM: [B][H]; mLSTM: [B][heads][D].
  std::vector<Real> m;  ///< sLSTM: [B][H]; mLSTM: [B][heads].
  std::vector<Real> y;  ///< The last output, [B][H].
};

/// The states of every layer for B sequences; a plain value.
template <class Real>
struct XlstmState {
  int sequences = 0;
  std::vector<XlstmLayerState<Real>> layers;
};

/// Sequences that run side by side.
template <class Real>
struct XlstmBatch {
  int steps = 0;                     ///< T
  int sequences = 1;                 ///< B
  const Real* inputs = nullptr;      ///< [T][B][I]
  const Real* step_ratio = nullptr;  ///< rho >= 0, [T][B]; null: 1 everywhere.
};

/// A network of xLSTM cells. Results are the same bytes in every run on one
/// instruction set. Not for use by two threads at once.
template <class Real>
class XlstmNetwork {
 public:
  /// Throws ShapeError where `shape` makes no sense or is of the other convention, ConfigError
  /// where the instruction set is not available.
  explicit XlstmNetwork(const NetworkShape& shape,
                        InstructionSet instruction_set = best_instruction_set());
  ~XlstmNetwork();
  XlstmNetwork(XlstmNetwork&&) noexcept;
  XlstmNetwork& operator=(XlstmNetwork&&) noexcept;

  const NetworkShape& shape() const;
  InstructionSet instruction_set() const;

  /// Takes the trained numbers, in the order of parameter_blocks. Throws ShapeError for another
  /// count. All numbers are zero before.
  void set_parameters(std::span<const Real> parameters);

  /// The start of `sequences` sequences.
  XlstmState<Real> initial_state(int sequences) const;

  /// Runs `batch` from `state` and leaves the last states there. Returns
  /// y = output.weight h + output.bias, [T][B], valid until the next call of forward(). With
  /// `keep`, what backward() needs is kept; without, less memory is used. Throws ShapeError where
  /// `state` does not fit.
  std::span<const Real> forward(const XlstmBatch<Real>& batch, XlstmState<Real>& state, bool keep);

  /// The outputs of layer `layer` in the last forward(): [T][B][hidden_stride(layer)], of which the
  /// first H numbers of a row count; the rest is zero. Valid until the next call of forward().
  std::span<const Real> hidden(int layer) const;

  /// Length of a row of hidden(layer): H rounded up to whole vectors.
  int hidden_stride(int layer) const;

  /// Derivatives of sum(d_output y) + sum over layers of sum(d_hidden[l] hidden(l)) by the trained
  /// numbers, through the last forward(), which must have kept what this needs (set_parameters()
  /// drops that); the states it started from are constants. `d_output` is [T][B]; `d_hidden` is
  /// empty or has one entry per layer, null or in the layout of hidden(l). `gradient` is
  /// overwritten; that of centres is zero. May be called again with other derivatives. Throws
  /// ShapeError where something does not fit.
  void backward(std::span<const Real> d_output,
                const std::vector<const Real*>& d_hidden,
                std::span<Real> gradient);

  /// Streaming of one sequence begins at `state`. Throws ShapeError where it does not fit.
  void begin_stream(const XlstmState<Real>& state);

  /// The next step of the stream, which begins at initial_state(1) where begin_stream() was not
  /// called. `input` is [I]. Allocates nothing after the first steps. Keeps nothing; what the last
  /// forward() kept stays. Throws ShapeError where `input` does not fit.
  Real step(std::span<const Real> input, Real step_ratio = 1);

  /// Where the stream is.
  XlstmState<Real> stream_state();

 private:
  class Body;
  std::unique_ptr<Body> body_;
};

extern template class XlstmNetwork<float>;
extern template class XlstmNetwork<double>;

}  // namespace psi_xlstm::kernels
