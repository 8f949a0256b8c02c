#pragma once

/// @file
/// A layer of a network of the published xLSTM cells: packed numbers, what a run keeps, and the
/// calls of the loops. The network walks through time in blocks of steps, every layer a block, so
/// that the intermediate results of a block stay in the second-level cache.

#include <algorithm>
#include <cstring>
#include <memory>
#include <vector>

#include "kernels/simd/buffers.hpp"
#include "kernels/xlstm/arguments.hpp"
#include "kernels/xlstm/input_map.hpp"
#include "kernels/xlstm/network.hpp"

namespace psi_xlstm::kernels {

/// What one forward pass is about. Rows are ordered [T][B].
template <class Real>
struct XlstmRun {
  int steps = 0, sequences = 0;
  const Real* rho = nullptr;  ///< [T][B] or null
  bool keep = false;          ///< for a reverse pass
  int block = 1;              ///< Steps of a block; the last one may be shorter.
};

struct XlstmStateSizes {
  std::size_t c, n, m, y;
};

/// A block of steps: its first step and row, and where these are in arrays that hold one block
/// only, as they do where nothing is kept.
struct RunBlock {
  int first, steps, rows;
  long row, kept_row, kept_step, index;
};

/// The block that begins with step `first`.
template <class Real>
RunBlock block_of(const XlstmRun<Real>& run, int first) {
  const int last = std::min(run.steps, first + run.block);
  const long row = static_cast<long>(first) * run.sequences;
  return {.first = first,
          .steps = last - first,
          .rows = (last - first) * run.sequences,
          .row = row,
          .kept_row = run.keep ? row : 0,
          .kept_step = run.keep ? first : 0,
          .index = first / run.block};
}

/// What a layer keeps of a run. One for batches and one for streaming.
template <class Real>
struct XlstmTrace {
  virtual ~XlstmTrace() = default;
  AlignedBuffer<Real> y;  ///< [T + 1][B][padded units]; the first B rows are of the state.
};

template <class Real>
class XlstmLayer {
 public:
  XlstmLayer(int inputs, const LayerShape& shape, const XlstmLoops<Real>& loops)
      : inputs_(inputs),
        shape_(shape),
        loops_(loops),
        padded_(rounded_up(shape.hidden, loops.lanes)) {}
  virtual ~XlstmLayer() = default;

  /// Length of a row of the output.
  int padded() const { return padded_; }

  /// `parameters` is the flat array of the network.
  virtual void set_parameters(const Real* parameters) = 0;
  /// Numbers of the parts of the state of `sequences` sequences.
  virtual XlstmStateSizes state_sizes(int sequences) const = 0;
  /// The start: all zero but the m of an sLSTM, so that its first step takes m = i~.
  XlstmLayerState<Real> initial_state(int sequences) const {
    const XlstmStateSizes sizes = state_sizes(sequences);
    return {std::vector<Real>(sizes.c), std::vector<Real>(sizes.n),
            std::vector<Real>(sizes.m, Real(shape_.kind == LayerKind::kSlstm ? -1e30 : 0)),
            std::vector<Real>(sizes.y)};
  }

  virtual std::unique_ptr<XlstmTrace<Real>> make_trace() const = 0;
  /// `state` may be worked on from here to end().
  virtual void begin(XlstmTrace<Real>& trace,
                     const XlstmRun<Real>& run,
                     XlstmLayerState<Real>& state) const = 0;
  /// Whether forward() and backward() also make the output of the network from the rows they have
  /// at hand, if this layer is the last one; else `head` is null.
  virtual bool makes_output(const XlstmRun<Real>&) const { return false; }
  /// A block of steps, in ascending order; x is its first row of inputs.
  virtual void forward(XlstmTrace<Real>& trace,
                       const XlstmRun<Real>& run,
                       const RunBlock& at,
                       const Real* x,
                       long x_stride,
                       const HeadRows<Real>* head) const = 0;
  virtual void end(XlstmTrace<Real>& trace,
                   const XlstmRun<Real>& run,
                   XlstmLayerState<Real>& state) const = 0;

  virtual void begin_backward(const XlstmRun<Real>& run) = 0;
  /// A block of steps, in descending order. d_y is the derivative by its outputs and is
  /// overwritten; d_x, by its inputs, null in the first layer, is set or added to.
  virtual void backward(XlstmTrace<Real>& trace,
                        const XlstmRun<Real>& run,
                        const RunBlock& at,
                        const Real* x,
                        long x_stride,
                        Real* d_y,
                        Real* d_x,
                        long d_x_stride,
                        bool accumulate,
                        const HeadRows<Real>* head) = 0;
  /// The sums into the flat gradient. `parameters` as in set_parameters().
  virtual void end_backward(const Real* parameters, Real* gradient) = 0;

 protected:
  int inputs_;
  LayerShape shape_;
  const XlstmLoops<Real>& loops_;
  int padded_;
};

/// Copies `count` numbers, at most a vector. A whole one, the usual case, without a call: in
/// streaming, every step copies many.
template <class Real>
inline void copy_up_to_a_vector(Real* to, const Real* from, int count) {
  const std::size_t bytes = static_cast<std::size_t>(count) * sizeof(Real);
  switch (bytes) {
    case 16:
      std::memcpy(to, from, 16);
      break;
    case 32:
      std::memcpy(to, from, 32);
      break;
    case 64:
      std::memcpy(to, from, 64);
      break;
    default:
      std::memcpy(to, from, bytes);
  }
}

/// Copies [rows][columns] between arrays whose rows have other lengths.
template <class Real>
void copy_rows(
    Real* to, long to_stride, const Real* from, long from_stride, long rows, long columns) {
  if (to_stride == columns && from_stride == columns) {
    std::copy_n(from, rows * columns, to);
    return;
  }
  for (long r = 0; r < rows; ++r) std::copy_n(from + r * from_stride, columns, to + r * to_stride);
}

/// Layer `index` of `shape`; `fold` is null but in the first one.
template <class Real>
std::unique_ptr<XlstmLayer<Real>> make_slstm_layer(const NetworkShape& shape,
                                                   int index,
                                                   FoldedInput<Real>* fold,
                                                   const XlstmLoops<Real>& loops);
template <class Real>
std::unique_ptr<XlstmLayer<Real>> make_mlstm_layer(const NetworkShape& shape,
                                                   int index,
                                                   FoldedInput<Real>* fold,
                                                   const XlstmLoops<Real>& loops);

}  // namespace psi_xlstm::kernels
