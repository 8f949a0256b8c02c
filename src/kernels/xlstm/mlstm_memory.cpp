#include "kernels/xlstm/mlstm_memory.hpp"

#include <algorithm>

namespace psi_xlstm::kernels {

template <class Real>
MlstmMemory<Real>::MlstmMemory(const MlstmLayout& layout, const XlstmLoops<Real>& loops)
    : layout_(layout),
      loops_(loops),
      head_of_(layout.head_of.begin(), layout.head_of.end()),
      entry_of_(layout.entry_of.begin(), layout.entry_of.end()),
      lanes_{layout.heads, layout.dimension, layout.heads_per_group, layout.groups,
             layout.lanes, head_of_.data(),  entry_of_.data()} {}

// Calls work(index of n[j], in the loops' array, index of C[j][0], in the loops' array) for every
// sequence, head and j.
template <class Real>
template <class Work>
void MlstmMemory<Real>::for_each_column(int sequences, Work work) const {
  const int d = layout_.dimension;
  for (int b = 0; b < sequences; ++b) {
    for (int h = 0; h < layout_.heads; ++h) {
      for (int j = 0; j < d; ++j) {
        const long n = (static_cast<long>(b) * layout_.heads + h) * d + j;
        work(n, static_cast<long>(b) * layout_.width + layout_.column(h, j), n * d,
             b * layout_.memory_size() + layout_.memory_at(h, j, 0));
      }
    }
  }
}

template <class Real>
void MlstmMemory<Real>::reserve(Trace& own, const Run& run) const {
  const int steps = run.keep ? run.steps : run.block;
  // room for a vector that begins at the last number
  const std::size_t gates = static_cast<std::size_t>((steps + 1) * gate_lanes(run) + loops_.lanes);
  for (AlignedBuffer<Real>* gate : {&own.input, &own.forget, &own.slope, &own.drive, &own.factor,
                                    &own.sign, &own.floor, &own.dot}) {
    gate->reserve(gates);
  }
  own.m.reserve(static_cast<std::size_t>(gate_lanes(run)));
  if (!layout_.dense()) {
    own.own_memory.reserve(static_cast<std::size_t>(memory_size(run)));
    own.own_normaliser.reserve(static_cast<std::size_t>(normaliser_size(run)));
  }
  if (run.keep) {
    const long blocks = (run.steps + run.block - 1) / run.block;
    own.memories.reserve(static_cast<std::size_t>(blocks * memory_size(run)));
    own.normalisers.reserve(static_cast<std::size_t>(blocks * normaliser_size(run)));
  }
}

template <class Real>
void MlstmMemory<Real>::begin(Trace& own, const Run& run, State& state) const {
  reserve(own, run);
  std::fill(std::copy(state.m.begin(), state.m.end(), own.m.data()), own.m.data() + gate_lanes(run),
            Real(0));
  if (layout_.dense()) {
    own.memory = state.c.data();
    own.normaliser = state.n.data();
    return;
  }
  own.memory = own.own_memory.data();
  own.normaliser = own.own_normaliser.data();
  std::fill_n(own.memory, memory_size(run), Real(0));  // also where no head is
  std::fill_n(own.normaliser, normaliser_size(run), Real(0));
  for_each_column(run.sequences, [&](long n, long own_n, long c, long own_c) {
    std::copy_n(&state.c[c], layout_.dimension, own.memory + own_c);
    own.normaliser[own_n] = state.n[n];
  });
}

template <class Real>
void MlstmMemory<Real>::end(const Trace& own, const Run& run, State& state) const {
  std::copy_n(own.m.data(), state.m.size(), state.m.data());
  if (layout_.dense()) return;
  for_each_column(run.sequences, [&](long n, long own_n, long c, long own_c) {
    std::copy_n(own.memory + own_c, layout_.dimension, &state.c[c]);
    state.n[n] = own.normaliser[own_n];
  });
}

template <class Real>
MlstmRows<Real> MlstmMemory<Real>::forward(Trace& own,
                                           const Run& run,
                                           const RunBlock& at,
                                           const MlstmBlockRows<Real>& rows) const {
  loops_.gates_forward(gates(own, run, at, rows.projection));
  if (run.keep) {
    if (at.first + at.steps == run.steps) {  // back in time, nothing comes from beyond the end
      std::fill_n(own.forget.data() + run.steps * gate_lanes(run), gate_lanes(run), Real(0));
    }
    if (at.first == 0) std::copy_n(own.memory, memory_size(run), own.memories.data());
    std::copy_n(own.normaliser, normaliser_size(run),
                own.normalisers.data() + at.index * normaliser_size(run));
  }
  scan_forward(own, run, at, rows);
  return row_work(own, run, at, rows.h);
}

template <class Real>
void MlstmMemory<Real>::begin_backward(const Run& run) {
  const std::size_t lanes = static_cast<std::size_t>(gate_lanes(run));
  for (AlignedBuffer<Real>* gate : {&d_dot_, &d_input_, &d_forget_}) {
    gate->reserve(static_cast<std::size_t>(run.block + 1) * lanes + loops_.lanes);
  }
  d_sum_.clear(lanes);
  across_.reserve(static_cast<std::size_t>(memory_size(run)));
  d_memory_.clear(static_cast<std::size_t>(memory_size(run)));
  d_across_.clear(static_cast<std::size_t>(memory_size(run)));
  d_normaliser_.clear(static_cast<std::size_t>(normaliser_size(run)));
  again_.reserve(static_cast<std::size_t>(normaliser_size(run)));
}

template <class Real>
MlstmRows<Real> MlstmMemory<Real>::reverse_rows(
    Trace& own, const Run& run, const RunBlock& at, Real* h, Real* d_h) {
  MlstmRows<Real> work = row_work(own, run, at, h);
  work.d_h = d_h;
  work.d_dot = d_dot_.data();
  return work;
}

template <class Real>
void MlstmMemory<Real>::backward(Trace& own,
                                 const Run& run,
                                 const RunBlock& at,
                                 const MlstmBlockRows<Real>& rows,
                                 const Real* d_h,
                                 Real* d_projection) {
  const long width = layout_.width;
  MlstmRows<Real> work = row_work(own, run, at, rows.h);
  query_gradient(own, run, at, rows.projection, d_h, d_projection);
  key_and_value_gradients(own, run, at, rows.projection, d_h, d_projection);
  work.q = rows.projection;
  work.k = rows.projection + width;
  work.stride = layout_.columns;
  work.dq = d_projection;
  work.dk = d_projection + width;
  work.dv = d_projection + 2 * width;
  work.d_input = d_input_.data();
  work.d_forget = d_forget_.data();
  loops_.gate_gradients(work);
  MlstmGates<Real> gate = gates(own, run, at, rows.projection);
  gate.d_input = d_input_.data();
  gate.d_forget = d_forget_.data();
  gate.d_sum = d_sum_.data();
  gate.d_projection = d_projection + layout_.gates;
  loops_.gates_backward(gate);
}

template <class Real>
MlstmGates<Real> MlstmMemory<Real>::gates(Trace& own,
                                          const Run& run,
                                          const RunBlock& at,
                                          const Real* projection) const {
  const long lanes = gate_lanes(run), offset = at.kept_step * lanes;
  MlstmGates<Real> a{};
  a.steps = at.steps;
  a.sequences = run.sequences;
  a.heads = layout_.heads;
  a.lanes = lanes;
  a.rho = run.rho ? run.rho + at.row : nullptr;
  a.projection = projection + layout_.gates;
  a.projection_stride = layout_.columns;
  a.input = own.input.data() + offset;
  a.forget = own.forget.data() + offset;
  a.slope = own.slope.data() + offset;
  a.drive = own.drive.data() + offset;
  a.floor = own.floor.data();
  a.m = own.m.data();
  return a;
}

// A scan forward in time.
template <class Real>
MemoryScan<Real> MlstmMemory<Real>::scan(const Trace& own,
                                         const Run& run,
                                         const RunBlock& at) const {
  const long lanes = gate_lanes(run);
  MemoryScan<Real> a{};
  a.in = lanes_;
  a.steps = at.steps;
  a.sequences = run.sequences;
  a.step_rows = run.sequences;
  a.forget = own.forget.data() + at.kept_step * lanes;
  a.input = own.input.data() + at.kept_step * lanes;
  a.forget_step = a.input_step = lanes;
  return a;
}

template <class Real>
MlstmRows<Real> MlstmMemory<Real>::row_work(Trace& own,
                                            const Run& run,
                                            const RunBlock& at,
                                            Real* h) const {
  const long offset = at.kept_step * gate_lanes(run);
  MlstmRows<Real> a{};
  a.in = lanes_;
  a.rows = at.rows;
  a.sequences = run.sequences;
  a.gate_lanes = gate_lanes(run);
  a.dot = own.dot.data();
  a.floor = own.floor.data();
  a.factor = own.factor.data() + offset;
  a.sign = own.sign.data() + offset;
  a.h = h;
  a.input = own.input.data() + offset;
  return a;
}

template <class Real>
void MlstmMemory<Real>::scan_forward(Trace& own,
                                     const Run& run,
                                     const RunBlock& at,
                                     const MlstmBlockRows<Real>& rows) const {
  const long columns = layout_.columns;
  const Real* q = rows.projection;
  MemoryScan<Real> memory = scan(own, run, at);
  VectorScan<Real> vector{};
  vector.in = lanes_;
  vector.steps = at.steps;
  vector.sequences = run.sequences;
  vector.b = q + layout_.width;
  vector.w = q;
  vector.b_stride = vector.w_stride = columns;
  vector.forget = memory.forget;
  vector.input = memory.input;
  vector.gate_lanes = gate_lanes(run);
  vector.dot = own.dot.data();
  vector.state = own.normaliser;
  loops_.vector_scan(vector);
  memory.a = q + layout_.width;
  memory.b = q + 2 * layout_.width;
  memory.w = q;
  memory.a_stride = memory.b_stride = memory.w_stride = columns;
  memory.out = rows.h;
  memory.out_stride = layout_.width;
  // From block to block in what is kept of their starts, the last one into the state.
  const bool last = at.first + at.steps == run.steps;
  Real* const kept = run.keep ? own.memories.data() + at.index * memory_size(run) : own.memory;
  memory.start = kept;
  memory.state = run.keep && !last ? kept + memory_size(run) : own.memory;
  loops_.memory_scan(memory);
}

// dq: once more forward through the block, d_h being by the numerators.
template <class Real>
void MlstmMemory<Real>::query_gradient(
    Trace& own, const Run& run, const RunBlock& at, const Real* q, const Real* d_h, Real* dq) {
  const long columns = layout_.columns, width = layout_.width;
  const Real* start = own.memories.data() + at.index * memory_size(run);
  for (int b = 0; b < run.sequences; ++b) {  // C^T of every head
    for (int h = 0; h < layout_.heads; ++h) {
      const long head = b * layout_.memory_size() + layout_.memory_at(h, 0, 0);
      loops_.transpose(across_.data() + head, layout_.lanes, start + head, layout_.lanes,
                       layout_.dimension, layout_.dimension);
    }
  }
  std::copy_n(own.normalisers.data() + at.index * normaliser_size(run), normaliser_size(run),
              again_.data());
  const long lanes = gate_lanes(run);
  MemoryScan<Real> memory = scan(own, run, at);
  memory.a = q + 2 * width;
  memory.b = q + width;
  memory.a_stride = memory.b_stride = memory.out_stride = columns;
  memory.w = d_h;
  memory.w_stride = width;
  memory.out = dq;
  memory.start = memory.state = across_.data();
  memory.extra = again_.data();
  memory.extra_a = ones(lanes);
  memory.extra_w = d_dot_.data();
  memory.extra_w_step = lanes;
  loops_.memory_scan(memory);
}

// dk and dv without their input gates: back in time, with the forget gates of the step after.
template <class Real>
void MlstmMemory<Real>::key_and_value_gradients(
    Trace& own, const Run& run, const RunBlock& at, const Real* q, const Real* d_h, Real* dq) {
  const long columns = layout_.columns, width = layout_.width, lanes = gate_lanes(run);
  const long last = static_cast<long>(at.rows) - run.sequences;  // first row of the last step
  const Real* forget = own.forget.data() + (at.kept_step + at.steps) * lanes;
  d_h += last * width;
  q += last * columns;
  dq += last * columns;
  MemoryScan<Real> memory = scan(own, run, at);
  memory.step_rows = -memory.step_rows;
  memory.forget = forget;
  memory.forget_step = -lanes;
  memory.input = ones(lanes);
  memory.input_step = 0;
  memory.a = d_h;
  memory.a_stride = width;
  memory.b = q;
  memory.w = q + 2 * width;
  memory.b_stride = memory.w_stride = memory.out_stride = columns;
  memory.out = dq + width;
  memory.start = memory.state = d_across_.data();
  memory.extra = d_normaliser_.data();
  memory.extra_a = d_dot_.data() + static_cast<long>(at.steps - 1) * lanes;
  memory.extra_a_step = -lanes;
  memory.extra_w = memory.input;
  loops_.memory_scan(memory);

  memory.a = q;
  memory.a_stride = columns;
  memory.b = d_h;
  memory.b_stride = width;
  memory.w = q + width;
  memory.out = dq + 2 * width;
  memory.start = memory.state = d_memory_.data();
  memory.extra = nullptr;
  loops_.memory_scan(memory);
}

template <class Real>
const Real* MlstmMemory<Real>::ones(long lanes) {
  const std::size_t count = static_cast<std::size_t>(lanes + loops_.lanes);
  ones_.reserve(count);
  std::fill_n(ones_.data(), count, Real(1));
  return ones_.data();
}

template class MlstmMemory<float>;
template class MlstmMemory<double>;

}  // namespace psi_xlstm::kernels
