#pragma once

/// @file
/// The memory of an mLSTM layer with its gates and normaliser: what lies between the projections
/// q, k, v, i~, f~ and the outputs of the heads, forward and in reverse.
///
/// Axes as in arguments.hpp: L gate lanes, D entries and `width` lanes of all heads.

#include <vector>

#include "kernels/xlstm/layer.hpp"
#include "kernels/xlstm/mlstm_layout.hpp"

namespace psi_xlstm::kernels {

/// What the memory keeps of a run.
template <class Real>
struct MlstmMemoryTrace {
  // Of all steps for a reverse pass, else of one block.
  AlignedBuffer<Real> input, forget, slope, drive;  // [T + 1][L]
  AlignedBuffer<Real> factor, sign;                 // [T][L]
  AlignedBuffer<Real> memories, normalisers;        // at the start of each block
  // Of one block.
  AlignedBuffer<Real> floor, dot;  // [T][L]
  // Running: [B][groups][D][lanes], [B][groups][lanes]; those of the state where they lie like
  // that.
  Real *memory = nullptr, *normaliser = nullptr;
  AlignedBuffer<Real> own_memory, own_normaliser;
  AlignedBuffer<Real> m;  // [L]
};

/// The first row of a block's projections or outputs.
template <class Real>
struct MlstmBlockRows {
  const Real* projection;  ///< [T][B][layout.columns]
  Real* h;                 ///< Outputs of the heads, [T][B][layout.width].
};

template <class Real>
class MlstmMemory {
 public:
  using Run = XlstmRun<Real>;
  using Trace = MlstmMemoryTrace<Real>;
  using State = XlstmLayerState<Real>;

  /// `layout` and `loops` must outlive this.
  MlstmMemory(const MlstmLayout& layout, const XlstmLoops<Real>& loops);

  /// `state` is worked on from here to end().
  void begin(Trace& own, const Run& run, State& state) const;
  /// Sets rows.h to the numerators; the result is what normalises them.
  MlstmRows<Real> forward(Trace& own,
                          const Run& run,
                          const RunBlock& at,
                          const MlstmBlockRows<Real>& rows) const;
  void end(const Trace& own, const Run& run, State& state) const;

  void begin_backward(const Run& run);
  /// What makes d_h, the derivative by the outputs h, that by the numerators.
  MlstmRows<Real> reverse_rows(Trace& own, const Run& run, const RunBlock& at, Real* h, Real* d_h);
  /// After that; d_projection is set.
  void backward(Trace& own,
                const Run& run,
                const RunBlock& at,
                const MlstmBlockRows<Real>& rows,
                const Real* d_h,
                Real* d_projection);

 private:
  long gate_lanes(const Run& run) const {
    return rounded_up(run.sequences * layout_.heads, loops_.lanes);
  }
  long memory_size(const Run& run) const { return run.sequences * layout_.memory_size(); }
  long normaliser_size(const Run& run) const {
    return static_cast<long>(run.sequences) * layout_.width;
  }
  template <class Work>
  void for_each_column(int sequences, Work work) const;
  void reserve(Trace& own, const Run& run) const;

  MlstmGates<Real> gates(Trace& own,
                         const Run& run,
                         const RunBlock& at,
                         const Real* projection) const;
  MemoryScan<Real> scan(const Trace& own, const Run& run, const RunBlock& at) const;
  MlstmRows<Real> row_work(Trace& own, const Run& run, const RunBlock& at, Real* h) const;
  void scan_forward(Trace& own,
                    const Run& run,
                    const RunBlock& at,
                    const MlstmBlockRows<Real>& rows) const;
  void query_gradient(
      Trace& own, const Run& run, const RunBlock& at, const Real* q, const Real* d_h, Real* dq);
  void key_and_value_gradients(
      Trace& own, const Run& run, const RunBlock& at, const Real* q, const Real* d_h, Real* dq);
  const Real* ones(long lanes);

  const MlstmLayout& layout_;
  const XlstmLoops<Real>& loops_;
  std::vector<typename HeadLanes<Real>::Integer> head_of_, entry_of_;
  HeadLanes<Real> lanes_;
  // Carried back through time, and work of a block.
  AlignedBuffer<Real> d_memory_, d_across_, d_normaliser_;
  AlignedBuffer<Real> across_, again_, d_dot_, d_input_, d_forget_, ones_;
  AlignedBuffer<double> d_sum_;
};

}  // namespace psi_xlstm::kernels
