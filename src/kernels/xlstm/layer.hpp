#pragma once

/// @file
/// A layer of a network of the published xLSTM cells: packed numbers, what a run keeps, and the
/// calls of the loops. The network walks through time in blocks of steps, every layer a block, so
/// that the intermediate results of a block stay in the second-level cache.

#include <algorithm>
#include <cstring>
#include <memory>
#include <string>
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

/// What a layer is made of.
template <class Real>
struct XlstmLayerPlan {
  LayerShape shape;
  int inputs = 0;
  std::string name;                    ///< Of its blocks, "layers.0".
  std::vector<ParameterBlock> blocks;  ///< Of the whole network.
  FoldedInput<Real>* fold = nullptr;   ///< Null but in the first layer.
  const XlstmLoops<Real>& loops;

  ParameterBlock block_of(const char* part) const { return block(blocks, name + part); }
};

/// Rows of a block of steps that a layer works on beside those of its trace.
template <class Real>
struct XlstmRows {
  const Real* x = nullptr;  ///< Inputs.
  long x_stride = 0;
  const HeadRows<Real>* head = nullptr;  ///< See makes_output().
  // backward
  Real* d_y = nullptr;  ///< By the outputs of the layer; overwritten.
  Real* d_x = nullptr;  ///< By the inputs, set or added to; null in the first layer.
  long d_x_stride = 0;
  bool accumulate = false;  ///< d_x += instead of d_x =
};

template <class Real>
class XlstmLayer {
 public:
  explicit XlstmLayer(const XlstmLayerPlan<Real>& plan)
      : shape_(plan.shape),
        loops_(plan.loops),
        padded_(rounded_up(plan.shape.hidden, plan.loops.lanes)) {}
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
  /// A block of steps, in ascending order.
  virtual void forward(XlstmTrace<Real>& trace,
                       const XlstmRun<Real>& run,
                       const RunBlock& at,
                       const XlstmRows<Real>& rows) const = 0;
  virtual void end(XlstmTrace<Real>& trace,
                   const XlstmRun<Real>& run,
                   XlstmLayerState<Real>& state) const = 0;

  virtual void begin_backward(const XlstmRun<Real>& run) = 0;
  /// A block of steps, in descending order.
  virtual void backward(XlstmTrace<Real>& trace,
                        const XlstmRun<Real>& run,
                        const RunBlock& at,
                        const XlstmRows<Real>& rows) = 0;
  /// The sums into the flat gradient. `parameters` as in set_parameters().
  virtual void end_backward(const Real* parameters, Real* gradient) = 0;

 protected:
  static std::size_t size(int rows, int columns) {
    return static_cast<std::size_t>(rows) * static_cast<std::size_t>(columns);
  }

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

template <class Real>
std::unique_ptr<XlstmLayer<Real>> make_slstm_layer(const XlstmLayerPlan<Real>& plan);
template <class Real>
std::unique_ptr<XlstmLayer<Real>> make_mlstm_layer(const XlstmLayerPlan<Real>& plan);

}  // namespace psi_xlstm::kernels
