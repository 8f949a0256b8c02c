#include <algorithm>

#include "kernels/xlstm/layer.hpp"

namespace psi_xlstm::kernels {
namespace {

template <class Real>
struct SlstmTrace : XlstmTrace<Real> {
  AlignedBuffer<Real> kept;  // [T + 1][B][H slots], without a reverse pass of one block only
  AlignedBuffer<Real> m;     // [B][H]
  bool upwards = true;
};

template <class Real>
class SlstmLayer final : public XlstmLayer<Real> {
 public:
  using XlstmLayer<Real>::shape_;
  using XlstmLayer<Real>::loops_;
  using XlstmLayer<Real>::padded_;
  using XlstmLayer<Real>::size;

  explicit SlstmLayer(const XlstmLayerPlan<Real>& plan)
      : XlstmLayer<Real>(plan),
        weight_(plan.block_of(".weight")),
        bias_(plan.block_of(".bias")),
        recurrent_(plan.block_of(".recurrent")),
        columns_(4 * padded_),
        gate_stride_(columns_ + loops_.lanes),
        column_of_(columns(shape_.hidden, loops_.lanes)),
        runs_(vector_runs(column_of_, loops_.lanes)),
        map_(plan.inputs, columns_, column_of_, plan.fold, loops_),
        packed_(size(map_.depth() + shape_.hidden, columns_)),
        packed_recurrent_(size(columns_, padded_)),
        d_recurrent_(size(shape_.hidden, columns_)) {
    if (shape_.clusters > 0) centres_ = plan.block_of(".centres");
  }

  void set_parameters(const Real* parameters) override {
    map_.set_parameters(parameters + weight_.offset, parameters + bias_.offset);
    const int lanes = loops_.lanes, hidden = shape_.hidden, depth = map_.depth();
    const int panel_width = 4 * lanes;
    for (int p = 0; p < columns_ / panel_width; ++p) {
      for (int k = 0; k < depth; ++k) {
        std::copy_n(map_.wide() + static_cast<long>(k) * columns_ + p * panel_width, panel_width,
                    packed_.data() + (static_cast<long>(p) * (depth + hidden) + k) * panel_width);
      }
    }
    for (const ColumnRun& run : runs_) {
      const long at = static_cast<long>(run.column / panel_width) * (depth + hidden) + depth;
      loops_.transpose(packed_.data() + at * panel_width + run.column % panel_width, panel_width,
                       parameters + recurrent_.offset + static_cast<long>(run.first) * hidden,
                       hidden, run.count, hidden);
    }
    for (int u = 0; u < hidden; u += lanes) {
      Real* vectors = packed_recurrent_.data() + static_cast<long>(u) * columns_;
      for (int n = 0; n < 4 * hidden; ++n) {
        copy_up_to_a_vector(vectors + column_of_[n] * lanes,
                            parameters + recurrent_.offset + static_cast<long>(n) * hidden + u,
                            std::min(lanes, hidden - u));
      }
    }
  }

  XlstmStateSizes state_sizes(int sequences) const override {
    const std::size_t count = size(sequences, shape_.hidden);
    return {count, count, count, count};
  }

  std::unique_ptr<XlstmTrace<Real>> make_trace() const override {
    return std::make_unique<SlstmTrace<Real>>();
  }

  void begin(XlstmTrace<Real>& trace,
             const XlstmRun<Real>& run,
             XlstmLayerState<Real>& state) const override {
    auto& own = static_cast<SlstmTrace<Real>&>(trace);
    const long rows = run.sequences, hidden = shape_.hidden;
    const int lanes = loops_.lanes;
    own.y.reserve(size(run.sequences * (run.steps + 1), padded_));
    own.kept.reserve(
        size(run.sequences * ((run.keep ? run.steps : run.block) + 1), kept_width(run)));
    own.m.reserve(size(run.sequences, padded_));
    copy_padded(own.y.data(), state.y.data(), rows);
    copy_padded(own.m.data(), state.m.data(), rows);
    for (long b = 0; b < rows; ++b) {
      Real* kept = own.kept.data() + b * kept_width(run);
      for (int u = 0; u < padded_; u += lanes) {
        const int count = std::min(lanes, shape_.hidden - u);
        copy_vector(kept + (u / lanes * slots(run) + kCell) * lanes, &state.c[b * hidden + u],
                    count);
        copy_vector(kept + (u / lanes * slots(run) + kNormaliser) * lanes, &state.n[b * hidden + u],
                    count);
      }
    }
  }

  void forward(XlstmTrace<Real>& trace,
               const XlstmRun<Real>& run,
               const RunBlock& at,
               const XlstmRows<Real>& rows) const override {
    auto& own = static_cast<SlstmTrace<Real>&>(trace);
    if (!run.keep && at.first > 0) {  // the last rows of the block before
      std::copy_n(own.kept.data() + static_cast<long>(run.block) * run.sequences * kept_width(run),
                  run.sequences * kept_width(run), own.kept.data());
    }
    SlstmScan<Real> a = arguments(own, run, at, rows);
    // Streaming begins where the last step ended: that is still in the first-level cache.
    a.upwards = own.upwards;
    own.upwards = !own.upwards;
    loops_.slstm_forward(a);
  }

  void end(XlstmTrace<Real>& trace,
           const XlstmRun<Real>& run,
           XlstmLayerState<Real>& state) const override {
    auto& own = static_cast<SlstmTrace<Real>&>(trace);
    const long rows = run.sequences, hidden = shape_.hidden;
    const int lanes = loops_.lanes;
    const int kept_steps = run.keep || run.steps == 0 ? run.steps : (run.steps - 1) % run.block + 1;
    copy_rows<Real>(state.y.data(), hidden, own.y.data() + run.steps * rows * padded_, padded_,
                    rows, hidden);
    copy_rows<Real>(state.m.data(), hidden, own.m.data(), padded_, rows, hidden);
    for (long b = 0; b < rows; ++b) {
      const Real* kept = own.kept.data() + (kept_steps * rows + b) * kept_width(run);
      for (int u = 0; u < padded_; u += lanes) {
        const int count = std::min(lanes, shape_.hidden - u);
        const Real* vectors = kept + u / lanes * slots(run) * lanes;
        copy_up_to_a_vector(&state.c[b * hidden + u], vectors + kCell * lanes, count);
        copy_up_to_a_vector(&state.n[b * hidden + u], vectors + kNormaliser * lanes, count);
      }
    }
  }

  void begin_backward(const XlstmRun<Real>& run) override {
    map_.clear_gradient();
    d_recurrent_.clear(size(shape_.hidden, columns_));
    d_gates_.reserve(size((run.block + 1) * run.sequences, gate_stride_));
    d_c_.clear(size(run.sequences, padded_));
    d_n_.clear(size(run.sequences, padded_));
    d_pass_.clear(size(run.sequences, padded_));
  }

  void backward(XlstmTrace<Real>& trace,
                const XlstmRun<Real>& run,
                const RunBlock& at,
                const XlstmRows<Real>& rows) override {
    auto& own = static_cast<SlstmTrace<Real>&>(trace);
    const long border = static_cast<long>(run.sequences) * gate_stride_;
    Real* next = d_gates_.data() + at.steps * border;
    if (at.first + at.steps == run.steps) {
      std::fill_n(next, border, Real(0));
    } else {  // of the first step of the block after this one, which are still at the front
      std::copy_n(d_gates_.data(), border, next);
    }
    SlstmScan<Real> a = arguments(own, run, at, rows);
    a.recurrent = packed_recurrent_.data();
    a.d_y = rows.d_y;
    a.d_gates = d_gates_.data();
    a.gate_stride = gate_stride_;
    a.d_c = d_c_.data();
    a.d_n = d_n_.data();
    a.d_pass = d_pass_.data();
    loops_.slstm_backward(a);

    loops_.multiply_transposed({.c = d_recurrent_.data(),
                                .c_stride = columns_,
                                .a = a.y,
                                .a_stride = padded_,
                                .b = d_gates_.data(),
                                .b_stride = gate_stride_,
                                .m = at.rows,
                                .k = shape_.hidden,
                                .n = columns_});
    map_.add_gradient(rows.x, rows.x_stride, d_gates_.data(), gate_stride_, at.rows);
    if (rows.d_x) {
      map_.input_gradient(rows.d_x, rows.d_x_stride, d_gates_.data(), gate_stride_, at.rows,
                          rows.accumulate);
    }
  }

  void end_backward(const Real* parameters, Real* gradient) override {
    map_.unpack(parameters + weight_.offset, gradient + weight_.offset, gradient + bias_.offset);
    for (const ColumnRun& run : runs_) {
      loops_.transpose(gradient + recurrent_.offset + static_cast<long>(run.first) * shape_.hidden,
                       shape_.hidden, d_recurrent_.data() + run.column, columns_, shape_.hidden,
                       run.count);
    }
    std::fill_n(gradient + centres_.offset, centres_.size(), Real(0));
  }

 private:
  // Row gate H + unit of the trained numbers to column [unit / W][gate][unit % W].
  static std::vector<int> columns(int hidden, int lanes) {
    std::vector<int> result;
    for (int gate = 0; gate < 4; ++gate) {
      for (int u = 0; u < hidden; ++u) {
        result.push_back((u / lanes * 4 + gate) * lanes + u % lanes);
      }
    }
    return result;
  }

  // No run leaves its vector, nor with that its panel.
  static std::vector<ColumnRun> vector_runs(const std::vector<int>& column_of, int lanes) {
    std::vector<ColumnRun> runs;
    for (ColumnRun run : column_runs(column_of)) {
      for (; run.count > lanes; run.count -= lanes) {
        runs.push_back({run.first, run.column, lanes});
        run.first += lanes;
        run.column += lanes;
      }
      runs.push_back(run);
    }
    return runs;
  }

  static int slots(const XlstmRun<Real>& run) { return run.rho ? kSlstmSlots : kDrive; }
  int kept_width(const XlstmRun<Real>& run) const { return padded_ * slots(run); }

  // [rows][hidden] to [rows][padded], zero beyond
  void copy_padded(Real* to, const Real* from, long rows) const {
    if (padded_ != shape_.hidden) std::fill_n(to, rows * padded_, Real(0));
    copy_rows<Real>(to, padded_, from, shape_.hidden, rows, shape_.hidden);
  }
  // One vector of `count` numbers, zero beyond.
  void copy_vector(Real* to, const Real* from, int count) const {
    copy_up_to_a_vector(to, from, count);
    if (count < loops_.lanes) std::fill_n(to + count, loops_.lanes - count, Real(0));
  }

  SlstmScan<Real> arguments(SlstmTrace<Real>& own,
                            const XlstmRun<Real>& run,
                            const RunBlock& at,
                            const XlstmRows<Real>& rows) const {
    SlstmScan<Real> a{};
    a.steps = at.steps;
    a.sequences = run.sequences;
    a.padded = padded_;
    a.inputs = map_.depth();
    a.units = shape_.hidden;
    a.rho = run.rho ? run.rho + at.row : nullptr;
    a.x = rows.x;
    a.x_stride = rows.x_stride;
    a.weight = packed_.data();
    a.bias = map_.bias();
    a.y = own.y.data() + at.row * padded_;
    a.kept = own.kept.data() + at.kept_row * kept_width(run);
    a.m = own.m.data();
    return a;
  }

  ParameterBlock weight_, bias_, recurrent_, centres_;
  int columns_;
  // A vector more than the columns: rows that are a power of two apart, as they usually would be,
  // compete for the same few places in the cache.
  int gate_stride_;
  std::vector<int> column_of_;
  std::vector<ColumnRun> runs_;
  InputMap<Real> map_;
  AlignedBuffer<Real> packed_;            // [H / W][inputs + hidden][4 W]
  AlignedBuffer<Real> packed_recurrent_;  // [H / W][4 H][W]
  AlignedBuffer<Real> d_recurrent_;       // [hidden][4 H]
  AlignedBuffer<Real> d_gates_, d_c_, d_n_, d_pass_;
};

}  // namespace

template <class Real>
std::unique_ptr<XlstmLayer<Real>> make_slstm_layer(const XlstmLayerPlan<Real>& plan) {
  return std::make_unique<SlstmLayer<Real>>(plan);
}

template std::unique_ptr<XlstmLayer<float>> make_slstm_layer(const XlstmLayerPlan<float>&);
template std::unique_ptr<XlstmLayer<double>> make_slstm_layer(const XlstmLayerPlan<double>&);

}  // namespace psi_xlstm::kernels
