#include <algorithm>

#include "kernels/xlstm/layer.hpp"
#include "kernels/xlstm/mlstm_layout.hpp"
#include "kernels/xlstm/mlstm_memory.hpp"

namespace psi_xlstm::kernels {
namespace {

template <class Real>
struct MlstmTrace : XlstmTrace<Real> {
  MlstmMemoryTrace<Real> memory;
  // Of all steps for a reverse pass, else of one block.
  AlignedBuffer<Real> projection;  // [T][B][columns]
  AlignedBuffer<Real> heads;       // outputs of the heads, [T][B][width]
  AlignedBuffer<Real> h;           // [T][B][H], where that is not the same
  AlignedBuffer<Real> statistics;  // [T][B][2]
};

template <class Real>
class MlstmLayer final : public XlstmLayer<Real> {
 public:
  using XlstmLayer<Real>::shape_;
  using XlstmLayer<Real>::loops_;
  using XlstmLayer<Real>::padded_;
  using XlstmLayer<Real>::size;

  explicit MlstmLayer(const XlstmLayerPlan<Real>& plan)
      : XlstmLayer<Real>(plan),
        layout_(shape_, loops_.lanes),
        projections_(plan.inputs, shape_, plan.blocks, plan.name),
        map_(plan.inputs, layout_.columns, layout_.column_of, plan.fold, loops_),
        memory_(layout_, loops_),
        norm_weight_(plan.block_of(".norm.weight")),
        norm_bias_(plan.block_of(".norm.bias")),
        packed_(size(map_.depth(), layout_.columns)),
        weight_(size(1, padded_)),
        bias_(size(1, padded_)),
        mask_(size(1, padded_)) {
    std::fill_n(mask_.data(), shape_.hidden, Real(1));
    mapped_ = shape_.rank > 0 || layout_.width != padded_ ||
              layout_.heads_per_group * layout_.dimension % loops_.lanes != 0;
    if (mapped_) {
      if (shape_.rank > 0) left_ = plan.block_of(".left");
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

  XlstmStateSizes state_sizes(int sequences) const override {
    const std::size_t heads = size(sequences, shape_.heads);
    const std::size_t d = static_cast<std::size_t>(layout_.dimension);
    return {heads * d * d, heads * d, heads, size(sequences, shape_.hidden)};
  }

  std::unique_ptr<XlstmTrace<Real>> make_trace() const override {
    return std::make_unique<MlstmTrace<Real>>();
  }

  void begin(XlstmTrace<Real>& trace,
             const XlstmRun<Real>& run,
             XlstmLayerState<Real>& state) const override {
    auto& own = static_cast<MlstmTrace<Real>&>(trace);
    const std::size_t rows = size(run.keep ? run.steps : run.block, run.sequences);
    own.y.reserve(size((run.steps + 1) * run.sequences, padded_));
    own.projection.reserve(rows * layout_.columns);
    own.heads.reserve(rows * layout_.width);
    if (mapped_) own.h.reserve(rows * padded_);
    own.statistics.reserve(rows * 2);
    if (padded_ != shape_.hidden) {
      std::fill_n(own.y.data(), static_cast<long>(run.sequences) * padded_, Real(0));
    }
    copy_rows<Real>(own.y.data(), padded_, state.y.data(), shape_.hidden, run.sequences,
                    shape_.hidden);
    memory_.begin(own.memory, run, state);
  }

  // Not where outputs are repeated afterwards.
  bool makes_output(const XlstmRun<Real>& run) const override { return !run.rho; }

  void forward(XlstmTrace<Real>& trace,
               const XlstmRun<Real>& run,
               const RunBlock& at,
               const XlstmRows<Real>& rows) const override {
    auto& own = static_cast<MlstmTrace<Real>&>(trace);
    const MlstmBlockRows<Real> inner = rows_of(own, at);
    loops_.multiply({.c = own.projection.data() + at.kept_row * layout_.columns,
                     .c_stride = layout_.columns,
                     .a = rows.x,
                     .a_stride = rows.x_stride,
                     .b = packed_.data(),
                     .bias = map_.bias(),
                     .m = at.rows,
                     .k = map_.depth(),
                     .n = layout_.columns});
    const MlstmRows<Real> heads = memory_.forward(own.memory, run, at, inner);
    if (mapped_) {
      loops_.normalise(heads);
      loops_.multiply({.c = own.h.data() + at.kept_row * padded_,
                       .c_stride = padded_,
                       .a = inner.h,
                       .a_stride = layout_.width,
                       .b = packed_up_.data(),
                       .m = at.rows,
                       .k = layout_.width,
                       .n = padded_});
    }
    LayerNormRows<Real> a = norm(own, run, at);
    a.heads = mapped_ ? nullptr : &heads;
    a.head = rows.head;
    loops_.norm_forward(a);
    if (run.rho) repeat_outputs(own, run, at);
  }

  void end(XlstmTrace<Real>& trace,
           const XlstmRun<Real>& run,
           XlstmLayerState<Real>& state) const override {
    auto& own = static_cast<MlstmTrace<Real>&>(trace);
    const long last = static_cast<long>(run.steps) * run.sequences;
    copy_rows<Real>(state.y.data(), shape_.hidden, own.y.data() + last * padded_, padded_,
                    run.sequences, shape_.hidden);
    memory_.end(own.memory, run, state);
  }

  void begin_backward(const XlstmRun<Real>& run) override {
    map_.clear_gradient();
    const std::size_t rows = size(run.block, run.sequences);
    d_weight_.clear(size(1, padded_));
    d_bias_.clear(size(1, padded_));
    if (mapped_) d_up_.clear(size(layout_.width, padded_));
    d_h_.reserve(rows * padded_);
    d_heads_.reserve(rows * layout_.width);
    d_projection_.reserve(rows * layout_.columns);
    d_pass_.clear(size(run.sequences, padded_));
    memory_.begin_backward(run);
  }

  void backward(XlstmTrace<Real>& trace,
                const XlstmRun<Real>& run,
                const RunBlock& at,
                const XlstmRows<Real>& rows) override {
    auto& own = static_cast<MlstmTrace<Real>&>(trace);
    const MlstmBlockRows<Real> inner = rows_of(own, at);
    if (run.rho) pass_outputs(run, at, rows.d_y);
    LayerNormRows<Real> a = norm(own, run, at);
    a.d_y = rows.d_y;
    a.d_x = mapped_ ? d_h_.data() : d_heads_.data();
    a.d_weight = d_weight_.data();
    a.d_bias = d_bias_.data();
    a.head = rows.head;
    const MlstmRows<Real> heads =
        memory_.reverse_rows(own.memory, run, at, inner.h, d_heads_.data());
    a.heads = mapped_ ? nullptr : &heads;
    loops_.norm_backward(a);
    if (mapped_) {
      map_backward(at, inner.h);
      loops_.normalise_backward(heads);
    }
    memory_.backward(own.memory, run, at, inner, d_heads_.data(), d_projection_.data());
    map_.add_gradient(rows.x, rows.x_stride, d_projection_.data(), layout_.columns, at.rows);
    if (rows.d_x) {
      map_.input_gradient(rows.d_x, rows.d_x_stride, d_projection_.data(), layout_.columns, at.rows,
                          rows.accumulate);
    }
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
  MlstmBlockRows<Real> rows_of(MlstmTrace<Real>& own, const RunBlock& at) const {
    return {own.projection.data() + at.kept_row * layout_.columns,
            own.heads.data() + at.kept_row * layout_.width};
  }

  LayerNormRows<Real> norm(MlstmTrace<Real>& own,
                           const XlstmRun<Real>& run,
                           const RunBlock& at) const {
    LayerNormRows<Real> a{};
    a.rows = at.rows;
    a.units = shape_.hidden;
    a.padded = padded_;
    a.mask = mask_.data();
    a.weight = weight_.data();
    a.bias = bias_.data();
    a.x = mapped_ ? own.h.data() + at.kept_row * padded_
                  : own.heads.data() + at.kept_row * layout_.width;
    a.y = own.y.data() + (at.row + run.sequences) * padded_;
    a.statistics = own.statistics.data() + 2 * at.kept_row;
    return a;
  }

  // The derivative by the outputs of the heads from that by h, and that by the map.
  void map_backward(const RunBlock& at, const Real* heads) {
    loops_.multiply({.c = d_heads_.data(),
                     .c_stride = layout_.width,
                     .a = d_h_.data(),
                     .a_stride = padded_,
                     .b = packed_down_.data(),
                     .m = at.rows,
                     .k = padded_,
                     .n = layout_.width});
    loops_.multiply_transposed({.c = d_up_.data(),
                                .c_stride = padded_,
                                .a = heads,
                                .a_stride = layout_.width,
                                .b = d_h_.data(),
                                .b_stride = padded_,
                                .m = at.rows,
                                .k = layout_.width,
                                .n = padded_});
  }

  // Steps of duration 0 repeat the output before them, and hand its derivative on to that.
  void repeat_outputs(MlstmTrace<Real>& own, const XlstmRun<Real>& run, const RunBlock& at) const {
    for (int r = 0; r < at.rows; ++r) {
      if (run.rho[at.row + r] != 0) continue;
      Real* y = own.y.data() + (at.row + r) * padded_;
      std::copy_n(y, padded_, y + static_cast<long>(run.sequences) * padded_);
    }
  }
  void pass_outputs(const XlstmRun<Real>& run, const RunBlock& at, Real* d_y) {
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
  MlstmMemory<Real> memory_;
  ParameterBlock norm_weight_, norm_bias_, left_;
  bool mapped_ = false;                               // h is not the outputs of the heads
  AlignedBuffer<Real> packed_;                        // the map in panels
  AlignedBuffer<Real> weight_, bias_, mask_;          // of the LayerNorm
  AlignedBuffer<Real> up_, packed_up_, packed_down_;  // [width, H], and in panels its transpose
  AlignedBuffer<Real> d_weight_, d_bias_, d_up_;
  AlignedBuffer<Real> d_h_, d_heads_, d_projection_, d_pass_;
};

}  // namespace

template <class Real>
std::unique_ptr<XlstmLayer<Real>> make_mlstm_layer(const XlstmLayerPlan<Real>& plan) {
  return std::make_unique<MlstmLayer<Real>>(plan);
}

template std::unique_ptr<XlstmLayer<float>> make_mlstm_layer(const XlstmLayerPlan<float>&);
template std::unique_ptr<XlstmLayer<double>> make_mlstm_layer(const XlstmLayerPlan<double>&);

}  // namespace psi_xlstm::kernels
