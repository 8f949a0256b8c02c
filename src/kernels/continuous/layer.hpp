#pragma once

/// @file
/// Layers of a continuous network: weights in the layout of the loops, buffers of the last forward
/// pass, and gradients.
///
/// Axes: T steps, T + 1 edges, B sequences, K inputs, N pre-activations, H units; K (above the
/// first layer), N and H are padded to a multiple of kPadding, and what is beyond is zero.

#include <string>
#include <vector>

#include "kernels/continuous/arguments.hpp"
#include "kernels/simd/network_shape.hpp"

namespace psi_xlstm::kernels {

inline constexpr int kPadding = 16;

inline int padded(int count) { return (count + kPadding - 1) / kPadding * kPadding; }

/// c[K, N] += a[M, K]^T b[M, N], in pieces of rows that stay in the cache.
template <class Real>
void add_products(
    const ContinuousLoops<Real>& loops, Real* c, const Real* a, const Real* b, int m, int k, int n);

/// sums[N] += the sum of the rows of x[M, N].
template <class Real>
void add_rows(const ContinuousLoops<Real>& loops, Real* sums, const Real* x, int m, int n);

/// Trained numbers or their derivatives by the name of their block.
template <class Real>
class Parameters {
 public:
  Parameters(const std::vector<ParameterBlock>& blocks, Real* values)
      : blocks_(blocks), values_(values) {}
  Real* operator()(const std::string& name) const { return values_ + block(blocks_, name).offset; }

 private:
  const std::vector<ParameterBlock>& blocks_;
  Real* values_;
};

/// Linear(inputs, width) in front of the first layer; it has no activation, so the first layer's
/// weights take it in.
template <class Real>
struct InputProjection {
  int inputs = 0, width = 0;
  const Real *weight = nullptr, *bias = nullptr;
  Real *d_weight = nullptr, *d_bias = nullptr;
};

/// out = W x + b for rows of x.
template <class Real>
class Affine {
 public:
  Affine(int inputs, int outputs, bool first)
      : inputs_(inputs),
        outputs_(outputs),
        first_(first),
        weight(size()),
        bias(outputs_),
        d_weight(size()),
        d_bias(outputs_) {}

  /// Packs `weight` and `bias`, with `input` in front of the first layer.
  void pack(const InputProjection<Real>& input);

  /// out [M, N] of x [M, K].
  void forward(const ContinuousLoops<Real>& loops, Real* out, const Real* x, int m) const;

  /// Adds to the packed gradients; `dx` [M, K] (null: not wanted) of `dout` [M, N].
  void backward(
      const ContinuousLoops<Real>& loops, Real* dx, const Real* dout, const Real* x, int m);

  /// Moves the packed gradients to `d_weight`, `d_bias` and `input`, and forgets them.
  void unpack(const InputProjection<Real>& input);

  /// K of the packed rows.
  int columns() const { return packed_inputs_; }

 private:
  std::size_t size() const { return static_cast<std::size_t>(inputs_) * outputs_; }

  int inputs_, outputs_;
  bool first_;
  int packed_inputs_ = 0;
  std::vector<Real> packed_, transposed_, packed_bias_, d_packed_, d_packed_bias_;

 public:
  std::vector<Real> weight;    ///< [N, inputs], one row per pre-activation.
  std::vector<Real> bias;      ///< [N]
  std::vector<Real> d_weight;  ///< Gradient by `weight`.
  std::vector<Real> d_bias;    ///< Gradient by `bias`.
};

/// Steps of sequences side by side.
template <class Real>
struct ContinuousRun {
  int steps = 0, sequences = 0;
  const Real* x = nullptr;    ///< Inputs of the layer, [T + 1][B][K].
  const Real* rho = nullptr;  ///< [T][B]
  bool from_rest = false;
};

/// What every layer can do. Pointers it returns stay valid until the next call.
template <class Real>
class ContinuousLayer {
 public:
  virtual ~ContinuousLayer() = default;
  virtual int stride() const = 0;        ///< H of the output rows.
  virtual int input_stride() const = 0;  ///< K of the input rows.

  virtual void set_parameters(const Parameters<const Real>& values,
                              const InputProjection<Real>& input) = 0;

  /// The state at rest under `x` [B][K]; returns the output there, [B][H].
  virtual const Real* rest(const Real* x, int sequences) = 0;

  /// Runs from the rest just computed or from `state`; leaves the last state there.
  virtual void forward(const ContinuousRun<Real>& run, std::vector<Real>& state) = 0;
  virtual const Real* output() const = 0;  ///< [T + 1][B][H]

  /// What step() has to know of the last edge of the last pass, of one sequence, beside the state.
  virtual void last_edge(std::vector<Real>& edge) const = 0;

  /// One step of one sequence, `x` [K] at its right edge. Takes `state` and `edge` from the left
  /// edge to the right one and returns the output there, [H]. Keeps what backward() needs.
  virtual const Real* step(const Real* x,
                           Real rho,
                           std::vector<Real>& state,
                           std::vector<Real>& edge) = 0;

  /// Reverse of the last pass: `dx` [T + 1][B][K] and `dx_rest` [B][K] are set where not null;
  /// `d_rest` is the derivative by the output at rest, null: zero.
  virtual void backward(const Real* d_output, const Real* d_rest, Real* dx, Real* dx_rest) = 0;

  /// Writes the gradients, and forgets them.
  virtual void collect(const Parameters<Real>& gradient, const InputProjection<Real>& input) = 0;
};

}  // namespace psi_xlstm::kernels
