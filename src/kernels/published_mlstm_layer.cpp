#include "published_mlstm_layer.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "published_layer.hpp"

namespace psi_xlstm::kernels {
namespace {

// Axes as in published_arguments.hpp: L gate lanes, D entries and `width` lanes of all heads.
template <class Real>
struct MlstmTrace : PublishedTrace<Real> {
  // Of all steps for a reverse pass, else of one block.
  AlignedBuffer<Real> projection;                   // [T][B][columns]
  AlignedBuffer<Real> input, forget, slope, drive;  // [T + 1][L]
  AlignedBuffer<Real> factor, sign;                 // [T][L]
  AlignedBuffer<Real> numerator;                    // [T][B][width], over its denominator
  AlignedBuffer<Real> h;                            // [T][B][H], where it is not that
  AlignedBuffer<Real> statistics;                   // [T][B][2]
  AlignedBuffer<Real> memories, normalisers;        // at the start of each block
  // Of one block.
  AlignedBuffer<Real> floor, dot;  // [T][L]
  // Running: [B][groups][D][lanes], [B][groups][lanes]; those of the state where they lie like
  // that.
  Real *memory = nullptr, *normaliser = nullptr;
  AlignedBuffer<Real> own_memory, own_normaliser;
  AlignedBuffer<Real> m;  // [L]
};

template <class Real>
class MlstmLayer final : public PublishedLayer<Real> {
 public:
  using Run = PublishedRun<Real>;
  using Trace = PublishedTrace<Real>;
  using State = PublishedLayerState<Real>;
  using PublishedLayer<Real>::inputs_;
  using PublishedLayer<Real>::shape_;
  using PublishedLayer<Real>::loops_;
  using PublishedLayer<Real>::padded_;

  MlstmLayer(int inputs,
             const LayerShape& shape,
             const std::vector<ParameterBlock>& blocks,
             const std::string& name,
             FoldedInput<Real>* fold,
             const PublishedLoops<Real>& loops)
      : PublishedLayer<Real>(inputs, shape, loops),
        layout_(shape, loops.lanes),
        projections_(inputs, shape, blocks, name),
        map_(inputs, layout_.columns, layout_.column_of, fold, loops),
        norm_weight_(block(blocks, name + ".norm.weight")),
        norm_bias_(block(blocks, name + ".norm.bias")),
        packed_(size(map_.depth(), layout_.columns)),
        weight_(size(1, padded_)),
        bias_(size(1, padded_)),
        mask_(size(1, padded_)) {
    std::fill_n(mask_.data(), shape.hidden, Real(1));
    mapped_ = shape.rank > 0 || layout_.width != padded_ ||
              layout_.heads_per_group * layout_.dimension % loops.lanes != 0;
    if (mapped_) {
      if (shape.rank > 0) left_ = block(blocks, name + ".left");
      up_.reserve(size(layout_.width, padded_));
      packed_up_.reserve(size(layout_.width, padded_));
      packed_down_.reserve(size(padded_, layout_.width));
    }
  }

  void set_parameters(const Real* parameters) override {
    projections_.set_parameters(parameters);
    map_.set_parameters(projections_.weight(), projections_.bias());
    pack(packed_.data(), map_.wide(), map_.depth(), layout_.columns);
    std::copy_n(parameters + norm_weight_.offset, shape_.hidden, weight_.data());
    std::copy_n(parameters + norm_bias_.offset, shape_.hidden, bias_.data());
    if (mapped_) set_up(parameters);
  }

  PublishedStateSizes state_sizes(int sequences) const override {
    const std::size_t heads = size(sequences, shape_.heads);
    const std::size_t d = static_cast<std::size_t>(layout_.dimension);
    return {heads * d * d, heads * d, heads, size(sequences, shape_.hidden)};
  }

  std::unique_ptr<Trace> make_trace() const override {
    return std::make_unique<MlstmTrace<Real>>();
  }

  void begin(Trace& trace, const Run& run, State& state) const override {
    auto& own = static_cast<MlstmTrace<Real>&>(trace);
    reserve(own, run);
    if (padded_ != shape_.hidden) {
      std::fill_n(own.y.data(), static_cast<long>(run.sequences) * padded_, Real(0));
    }
    copy_rows<Real>(own.y.data(), padded_, state.y.data(), shape_.hidden, run.sequences,
                    shape_.hidden);
    std::fill(std::copy(state.m.begin(), state.m.end(), own.m.data()),
              own.m.data() + gate_lanes(run), Real(0));
    if (layout_.dense()) {
      own.memory = state.c.data();
      own.normaliser = state.n.data();
    } else {
      own.memory = own.own_memory.data();
      own.normaliser = own.own_normaliser.data();
      copy_memory(own.memory, own.normaliser, state, run.sequences);
    }
  }

  void forward(Trace& trace, const Run& run, int first, int last, const Real* x, long x_stride)
      const override {
    auto& own = static_cast<MlstmTrace<Real>&>(trace);
    const Block at = place(run, first, last);
    const long columns = layout_.columns;
    loops_.multiply({.c = own.projection.data() + at.kept_row * columns,
                     .c_stride = columns,
                     .a = x + at.row * x_stride,
                     .a_stride = x_stride,
                     .b = packed_.data(),
                     .b_stride = 0,
                     .bias = map_.bias(),
                     .accumulate = false,
                     .m = at.rows,
                     .k = map_.depth(),
                     .n = layout_.columns});
    loops_.gates_forward(gates(own, run, at));
    if (run.keep) {
      if (last == run.steps) {  // back in time, nothing comes from beyond the last step
        std::fill_n(own.forget.data() + last * gate_lanes(run), gate_lanes(run), Real(0));
      }
      std::copy_n(own.memory, run.sequences * layout_.memory_size(),
                  own.memories.data() + at.index * run.sequences * layout_.memory_size());
      std::copy_n(own.normaliser, run.sequences * static_cast<long>(layout_.width),
                  own.normalisers.data() + at.index * run.sequences * layout_.width);
    }
    scan_forward(own, run, at);
    MlstmRows<Real> rows = row_work(own, run, at);
    loops_.normalise(rows);
    if (mapped_) {
      loops_.multiply({.c = own.h.data() + at.kept_row * padded_,
                       .c_stride = padded_,
                       .a = rows.h,
                       .a_stride = layout_.width,
                       .b = packed_up_.data(),
                       .b_stride = 0,
                       .bias = nullptr,
                       .accumulate = false,
                       .m = at.rows,
                       .k = layout_.width,
                       .n = padded_});
    }
    loops_.norm_forward(norm(own, run, at));
    if (run.rho) repeat_outputs(own, run, at);
  }

  void end(Trace& trace, const Run& run, State& state) const override {
    auto& own = static_cast<MlstmTrace<Real>&>(trace);
    const long last = static_cast<long>(run.steps) * run.sequences;
    copy_rows<Real>(state.y.data(), shape_.hidden, own.y.data() + last * padded_, padded_,
                    run.sequences, shape_.hidden);
    std::copy_n(own.m.data(), state.m.size(), state.m.data());
    if (layout_.dense()) return;
    for_each_memory(run.sequences, [&](long n, long own_n, long c, long own_c, int count) {
      std::copy_n(own.memory + own_c, count, &state.c[c]);
      state.n[n] = own.normaliser[own_n];
    });
  }

  void begin_backward(const Run& run) override {
    map_.clear_gradient();
    const std::size_t rows = size(run.block, run.sequences);
    const std::size_t lanes = static_cast<std::size_t>(gate_lanes(run));
    d_weight_.clear(size(1, padded_));
    d_bias_.clear(size(1, padded_));
    if (mapped_) d_up_.clear(size(layout_.width, padded_));
    d_h_.reserve(rows * padded_);
    d_numerator_.reserve(rows * layout_.width);
    d_projection_.reserve(rows * layout_.columns);
    for (AlignedBuffer<Real>* gate : {&d_dot_, &d_input_, &d_forget_}) {
      gate->reserve(static_cast<std::size_t>(run.block + 1) * lanes + loops_.lanes);
    }
    d_sum_.clear(lanes);
    const std::size_t memory = static_cast<std::size_t>(run.sequences * layout_.memory_size());
    across_.reserve(memory);
    d_memory_.clear(memory);
    d_across_.clear(memory);
    d_normaliser_.clear(size(run.sequences, layout_.width));
    again_.reserve(size(run.sequences, layout_.width));
    d_pass_.clear(size(run.sequences, padded_));
  }

  void backward(Trace& trace,
                const Run& run,
                int first,
                int last,
                const Real* x,
                long x_stride,
                Real* d_y,
                Real* d_x,
                long d_x_stride,
                bool accumulate) override {
    auto& own = static_cast<MlstmTrace<Real>&>(trace);
    const Block at = place(run, first, last);
    if (run.rho) pass_outputs(run, at, d_y);
    LayerNormRows<Real> rows = norm(own, run, at);
    rows.d_y = d_y;
    rows.d_x = mapped_ ? d_h_.data() : d_numerator_.data();
    rows.d_weight = d_weight_.data();
    rows.d_bias = d_bias_.data();
    loops_.norm_backward(rows);
    if (mapped_) {
      const Real* numerator = own.numerator.data() + at.kept_row * layout_.width;
      loops_.multiply({.c = d_numerator_.data(),
                       .c_stride = layout_.width,
                       .a = d_h_.data(),
                       .a_stride = padded_,
                       .b = packed_down_.data(),
                       .b_stride = 0,
                       .bias = nullptr,
                       .accumulate = false,
                       .m = at.rows,
                       .k = padded_,
                       .n = layout_.width});
      loops_.multiply_transposed({.c = d_up_.data(),
                                  .c_stride = padded_,
                                  .a = numerator,
                                  .a_stride = layout_.width,
                                  .b = d_h_.data(),
                                  .b_stride = padded_,
                                  .bias = nullptr,
                                  .accumulate = true,
                                  .m = at.rows,
                                  .k = layout_.width,
                                  .n = padded_});
    }
    memory_backward(own, run, at);
    map_.add_gradient(x + at.row * x_stride, x_stride, d_projection_.data(), at.rows);
    if (d_x) map_.input_gradient(d_x, d_x_stride, d_projection_.data(), at.rows, accumulate);
  }

  void end_backward(const Real* parameters, Real* gradient) override {
    map_.unpack(projections_.weight(), projections_.d_weight(), projections_.d_bias());
    projections_.add_gradient(parameters, gradient);
    std::copy_n(d_weight_.data(), shape_.hidden, gradient + norm_weight_.offset);
    std::copy_n(d_bias_.data(), shape_.hidden, gradient + norm_bias_.offset);
    if (shape_.rank == 0) return;
    const int dimension = shape_.hidden / shape_.heads;
    for (int n = 0; n < shape_.hidden; ++n) {
      for (int j = 0; j < shape_.rank; ++j) {
        gradient[left_.offset + n * shape_.rank + j] +=
            d_up_.data()[static_cast<long>(layout_.column(n / dimension, j)) * padded_ + n];
      }
    }
  }

 private:
  // A block of steps: its first row, and where that is in arrays that hold one block only.
  struct Block {
    long row, kept_row;
    int steps, rows;
    long kept_step, index;
  };

  static std::size_t size(int rows, int columns) {
    return static_cast<std::size_t>(rows) * static_cast<std::size_t>(columns);
  }
  long gate_lanes(const Run& run) const {
    return rounded_up(run.sequences * shape_.heads, loops_.lanes);
  }
  Block place(const Run& run, int first, int last) const {
    const long row = static_cast<long>(first) * run.sequences;
    return {row,
            run.keep ? row : 0,
            last - first,
            (last - first) * run.sequences,
            run.keep ? first : 0,
            first / run.block};
  }

  void reserve(MlstmTrace<Real>& own, const Run& run) const {
    const int steps = run.keep ? run.steps : run.block;
    const std::size_t rows = size(steps, run.sequences);
    // room for a vector that begins at the last number
    const std::size_t gates = size(steps + 1, static_cast<int>(gate_lanes(run))) + loops_.lanes;
    own.y.reserve(size((run.steps + 1) * run.sequences, padded_));
    own.projection.reserve(rows * layout_.columns);
    for (AlignedBuffer<Real>* gate : {&own.input, &own.forget, &own.slope, &own.drive, &own.factor,
                                      &own.sign, &own.floor, &own.dot}) {
      gate->reserve(gates);
    }
    own.numerator.reserve(rows * layout_.width);
    if (mapped_) own.h.reserve(rows * padded_);
    own.statistics.reserve(rows * 2);
    if (!layout_.dense()) {
      own.own_memory.reserve(static_cast<std::size_t>(run.sequences * layout_.memory_size()));
      own.own_normaliser.reserve(size(run.sequences, layout_.width));
    }
    own.m.reserve(static_cast<std::size_t>(gate_lanes(run)));
    if (run.keep) {
      const int blocks = (run.steps + run.block - 1) / run.block;
      own.memories.reserve(
          static_cast<std::size_t>(blocks * run.sequences * layout_.memory_size()));
      own.normalisers.reserve(size(blocks * run.sequences, layout_.width));
    }
  }

  // Calls work(index of n, in the loops' array, index of C[j][0], in the loops' array, D) for every
  // sequence, head and j.
  template <class Work>
  void for_each_memory(int sequences, Work work) const {
    const int d = layout_.dimension;
    for (int b = 0; b < sequences; ++b) {
      for (int h = 0; h < shape_.heads; ++h) {
        for (int j = 0; j < d; ++j) {
          const long n = (static_cast<long>(b) * shape_.heads + h) * d + j;
          work(n, static_cast<long>(b) * layout_.width + layout_.column(h, j), n * d,
               b * layout_.memory_size() + layout_.memory_at(h, j, 0), d);
        }
      }
    }
  }

  void copy_memory(Real* memory, Real* normaliser, const State& state, int sequences) const {
    if (layout_.heads_per_group * layout_.dimension != layout_.lanes) {  // zero beyond
      std::fill_n(memory, sequences * layout_.memory_size(), Real(0));
      std::fill_n(normaliser, static_cast<long>(sequences) * layout_.width, Real(0));
    }
    for_each_memory(sequences, [&](long n, long own_n, long c, long own_c, int count) {
      std::copy_n(&state.c[c], count, memory + own_c);
      normaliser[own_n] = state.n[n];
    });
  }

  MlstmGates<Real> gates(MlstmTrace<Real>& own, const Run& run, const Block& at) const {
    const long lanes = gate_lanes(run), offset = at.kept_step * lanes;
    MlstmGates<Real> a{};
    a.steps = at.steps;
    a.sequences = run.sequences;
    a.heads = shape_.heads;
    a.lanes = lanes;
    a.rho = run.rho ? run.rho + at.row : nullptr;
    a.projection = own.projection.data() + at.kept_row * layout_.columns + layout_.gates;
    a.projection_stride = layout_.columns;
    a.input = own.input.data() + offset;
    a.forget = own.forget.data() + offset;
    a.slope = own.slope.data() + offset;
    a.drive = own.drive.data() + offset;
    a.floor = own.floor.data();
    a.m = own.m.data();
    return a;
  }

  // What both kinds of scan share, forward in time.
  template <class Scan>
  Scan scan(const MlstmTrace<Real>& own, const Run& run, const Block& at) const {
    const long lanes = gate_lanes(run);
    Scan a{};
    a.steps = at.steps;
    a.sequences = run.sequences;
    a.groups = layout_.groups;
    a.lanes = layout_.lanes;
    a.dimension = layout_.dimension;
    a.heads_per_group = layout_.heads_per_group;
    a.heads = shape_.heads;
    a.step_rows = run.sequences;
    a.forget = own.forget.data() + at.kept_step * lanes;
    a.input = own.input.data() + at.kept_step * lanes;
    a.forget_step = a.input_step = lanes;
    return a;
  }

  void scan_forward(MlstmTrace<Real>& own, const Run& run, const Block& at) const {
    const long columns = layout_.columns;
    const Real* q = own.projection.data() + at.kept_row * columns;
    auto vector = scan<VectorScan<Real>>(own, run, at);
    vector.b = q + layout_.width;
    vector.w = q;
    vector.b_stride = vector.w_stride = columns;
    vector.dot = own.dot.data();
    vector.dot_step = gate_lanes(run);
    vector.state = own.normaliser;
    loops_.vector_scan(vector);
    auto memory = scan<MemoryScan<Real>>(own, run, at);
    memory.a = q + layout_.width;
    memory.b = q + 2 * layout_.width;
    memory.w = q;
    memory.a_stride = memory.b_stride = memory.w_stride = columns;
    memory.out = own.numerator.data() + at.kept_row * layout_.width;
    memory.out_stride = layout_.width;
    memory.state = own.memory;
    loops_.memory_scan(memory);
  }

  MlstmRows<Real> row_work(MlstmTrace<Real>& own, const Run& run, const Block& at) const {
    const long offset = at.kept_step * gate_lanes(run);
    MlstmRows<Real> a{};
    a.rows = at.rows;
    a.sequences = run.sequences;
    a.groups = layout_.groups;
    a.lanes = layout_.lanes;
    a.dimension = layout_.dimension;
    a.heads_per_group = layout_.heads_per_group;
    a.heads = shape_.heads;
    a.gate_lanes = gate_lanes(run);
    a.dot = own.dot.data();
    a.floor = own.floor.data();
    a.factor = own.factor.data() + offset;
    a.sign = own.sign.data() + offset;
    a.h = own.numerator.data() + at.kept_row * layout_.width;
    a.input = own.input.data() + offset;
    return a;
  }

  LayerNormRows<Real> norm(MlstmTrace<Real>& own, const Run& run, const Block& at) const {
    LayerNormRows<Real> a{};
    a.rows = at.rows;
    a.units = shape_.hidden;
    a.padded = padded_;
    a.mask = mask_.data();
    a.weight = weight_.data();
    a.bias = bias_.data();
    a.x = (mapped_ ? own.h : own.numerator).data() + at.kept_row * padded_;
    a.y = own.y.data() + (at.row + run.sequences) * padded_;
    a.statistics = own.statistics.data() + 2 * at.kept_row;
    return a;
  }

  // Steps of duration 0 repeat the output before them, and hand its derivative on to that.
  void repeat_outputs(MlstmTrace<Real>& own, const Run& run, const Block& at) const {
    for (int r = 0; r < at.rows; ++r) {
      if (run.rho[at.row + r] != 0) continue;
      Real* y = own.y.data() + (at.row + r) * padded_;
      std::copy_n(y, padded_, y + static_cast<long>(run.sequences) * padded_);
    }
  }
  void pass_outputs(const Run& run, const Block& at, Real* d_y) {
    for (int r = at.rows - 1; r >= 0; --r) {
      Real* pass = d_pass_.data() + static_cast<long>(r % run.sequences) * padded_;
      Real* d = d_y + static_cast<long>(r) * padded_;
      const bool still = run.rho[at.row + r] == 0;
      for (int u = 0; u < padded_; ++u) {
        const Real sum = d[u] + pass[u];
        pass[u] = still ? sum : Real(0);
        d[u] = still ? Real(0) : sum;
      }
    }
  }

  // d_numerator_ is by h on entry; d_projection_ is set.
  void memory_backward(MlstmTrace<Real>& own, const Run& run, const Block& at) {
    const long columns = layout_.columns, width = layout_.width, lanes = gate_lanes(run);
    const Real* q = own.projection.data() + at.kept_row * columns;
    Real* dq = d_projection_.data();
    MlstmRows<Real> rows = row_work(own, run, at);
    rows.d_h = d_numerator_.data();
    rows.d_dot = d_dot_.data();
    loops_.normalise_backward(rows);

    // dq: once more forward through the block
    transpose_memory(own.memories.data() + at.index * run.sequences * layout_.memory_size(),
                     run.sequences);
    std::copy_n(own.normalisers.data() + at.index * run.sequences * width, run.sequences * width,
                again_.data());
    auto vector = scan<VectorScan<Real>>(own, run, at);
    vector.b = q + width;
    vector.b_stride = columns;
    vector.factor = d_dot_.data();
    vector.factor_step = lanes;
    vector.out = dq;
    vector.out_stride = columns;
    vector.state = again_.data();
    loops_.vector_scan(vector);
    auto memory = scan<MemoryScan<Real>>(own, run, at);
    memory.a = q + 2 * width;
    memory.b = q + width;
    memory.a_stride = memory.b_stride = memory.out_stride = columns;
    memory.w = d_numerator_.data();
    memory.w_stride = width;
    memory.out = dq;
    memory.accumulate = true;
    memory.state = across_.data();
    loops_.memory_scan(memory);

    // dk and dv: back in time, with the forget gates of the step after
    scan_backward(own, run, at, q, dq);
    rows.q = q;
    rows.k = q + width;
    rows.stride = columns;
    rows.dq = dq;
    rows.dk = dq + width;
    rows.dv = dq + 2 * width;
    rows.d_input = d_input_.data();
    rows.d_forget = d_forget_.data();
    loops_.gate_gradients(rows);
    MlstmGates<Real> gate = gates(own, run, at);
    gate.d_input = d_input_.data();
    gate.d_forget = d_forget_.data();
    gate.d_sum = d_sum_.data();
    gate.d_projection = d_projection_.data() + layout_.gates;
    loops_.gates_backward(gate);
  }

  void scan_backward(
      MlstmTrace<Real>& own, const Run& run, const Block& at, const Real* q, Real* dq) {
    const long columns = layout_.columns, width = layout_.width, lanes = gate_lanes(run);
    const long last = static_cast<long>(at.rows) - run.sequences;  // first row of the last step
    const Real* forget = own.forget.data() + (at.kept_step + at.steps) * lanes;
    const Real* g = d_numerator_.data() + last * width;
    q += last * columns;
    dq += last * columns;
    auto vector = scan<VectorScan<Real>>(own, run, at);
    vector.step_rows = -vector.step_rows;
    vector.forget = forget;
    vector.input = d_dot_.data() + static_cast<long>(at.steps - 1) * lanes;
    vector.forget_step = vector.input_step = -lanes;
    vector.b = q;
    vector.b_stride = vector.out_stride = columns;
    vector.out = dq + width;
    vector.state = d_normaliser_.data();
    loops_.vector_scan(vector);

    auto memory = scan<MemoryScan<Real>>(own, run, at);
    memory.step_rows = -memory.step_rows;
    memory.forget = forget;
    memory.forget_step = -lanes;
    memory.input = ones(lanes);
    memory.input_step = 0;
    memory.a = g;
    memory.a_stride = width;
    memory.b = q;
    memory.w = q + 2 * width;
    memory.b_stride = memory.w_stride = memory.out_stride = columns;
    memory.out = dq + width;
    memory.accumulate = true;
    memory.state = d_across_.data();
    loops_.memory_scan(memory);

    memory.a = q;
    memory.a_stride = columns;
    memory.b = g;
    memory.b_stride = width;
    memory.w = q + width;
    memory.out = dq + 2 * width;
    memory.accumulate = false;
    memory.state = d_memory_.data();
    loops_.memory_scan(memory);
  }

  const Real* ones(long lanes) {
    const std::size_t count = static_cast<std::size_t>(lanes + loops_.lanes);
    ones_.reserve(count);
    std::fill_n(ones_.data(), count, Real(1));
    return ones_.data();
  }

  // across_[i][j] = C[j][i] of every head.
  void transpose_memory(const Real* memory, int sequences) {
    const int d = layout_.dimension;
    for (int b = 0; b < sequences; ++b) {
      for (int h = 0; h < shape_.heads; ++h) {
        const Real* from = memory + b * layout_.memory_size() + layout_.memory_at(h, 0, 0);
        Real* to = across_.data() + b * layout_.memory_size() + layout_.memory_at(h, 0, 0);
        loops_.transpose(to, layout_.lanes, from, layout_.lanes, d, d);
      }
    }
  }

  // b [k, n], row-major, into panels.
  void pack(Real* to, const Real* b, int k, int n) const { loops_.pack(to, b, n, 1, k, n, n); }

  // h = up^T (numerators of all heads): U of a low-rank memory, else a change of places.
  void set_up(const Real* parameters) {
    const int rank = shape_.rank, dimension = shape_.hidden / shape_.heads;
    for (int n = 0; n < shape_.hidden; ++n) {
      const int head = n / dimension;
      for (int j = 0; j < layout_.dimension; ++j) {
        up_.data()[static_cast<long>(layout_.column(head, j)) * padded_ + n] =
            rank > 0 ? parameters[left_.offset + n * rank + j] : Real(n % dimension == j);
      }
    }
    pack(packed_up_.data(), up_.data(), layout_.width, padded_);
    loops_.pack(packed_down_.data(), up_.data(), 1, padded_, padded_, layout_.width, layout_.width);
  }

  MlstmLayout layout_;
  MlstmProjections<Real> projections_;
  InputMap<Real> map_;
  ParameterBlock norm_weight_, norm_bias_, left_;
  bool mapped_ = false;
  AlignedBuffer<Real> packed_;                        // the map in panels
  AlignedBuffer<Real> weight_, bias_, mask_;          // of the LayerNorm
  AlignedBuffer<Real> up_, packed_up_, packed_down_;  // [width, H], [H, width]
  // Gradients and what is carried back through time.
  AlignedBuffer<Real> d_weight_, d_bias_, d_up_;
  AlignedBuffer<Real> d_h_, d_numerator_, d_projection_, d_dot_, d_input_, d_forget_;
  AlignedBuffer<Real> across_, again_, d_memory_, d_across_, d_normaliser_, d_pass_, ones_;
  AlignedBuffer<double> d_sum_;
};

}  // namespace

template <class Real>
std::unique_ptr<PublishedLayer<Real>> make_mlstm_layer(const NetworkShape& shape,
                                                       int index,
                                                       FoldedInput<Real>* fold,
                                                       const PublishedLoops<Real>& loops) {
  const int inputs = index == 0 ? shape.width : shape.layers[index - 1].hidden;
  return std::make_unique<MlstmLayer<Real>>(inputs, shape.layers[index], parameter_blocks(shape),
                                            fmt::format("layers.{}", index), fold, loops);
}

template std::unique_ptr<PublishedLayer<float>> make_mlstm_layer<float>(
    const NetworkShape&, int, FoldedInput<float>*, const PublishedLoops<float>&);
template std::unique_ptr<PublishedLayer<double>> make_mlstm_layer<double>(
    const NetworkShape&, int, FoldedInput<double>*, const PublishedLoops<double>&);

}  // namespace psi_xlstm::kernels
