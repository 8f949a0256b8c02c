#include "kernels/continuous/slstm_layer.hpp"

#include <algorithm>
#include <cmath>

namespace psi_xlstm::kernels {
namespace {

// Iterations of h = tanh(z~(x, h)) that define the rest state.
constexpr int kRestIterations = 8;

// Row of unit j of gate g in the padded and in the stored order.
struct GateRow {
  int padded, stored;
};

template <class Visit>
void each_gate_row(int hidden, int units, const Visit& visit) {
  for (int gate = 0; gate < 4; ++gate) {
    for (int j = 0; j < hidden; ++j) visit(GateRow{gate * units + j, gate * hidden + j});
  }
}

}  // namespace

template <class Real>
ContinuousSlstmLayer<Real>::ContinuousSlstmLayer(const LayerShape& shape,
                                                 int below,
                                                 int index,
                                                 const ContinuousLoops<Real>& loops)
    : hidden_(shape.hidden),
      below_(below),
      units_(padded(shape.hidden)),
      name_("layers." + std::to_string(index)),
      loops_(loops),
      affine_(below, 4 * units_, index == 0),
      recurrent_(static_cast<std::size_t>(units_) * 4 * units_),
      transposed_(recurrent_.size()),
      d_recurrent_(recurrent_.size()),
      packed_(recurrent_.size()),
      scratch_(static_cast<std::size_t>(6) * units_) {}

template <class Real>
void ContinuousSlstmLayer<Real>::set_parameters(const Parameters<const Real>& values,
                                                const InputProjection<Real>& input) {
  const Real *weight = values(name_ + ".weight"), *bias = values(name_ + ".bias");
  const Real* recurrent = values(name_ + ".recurrent");
  each_gate_row(hidden_, units_, [&](GateRow row) {
    std::copy_n(weight + row.stored * below_, below_, affine_.weight.data() + row.padded * below_);
    affine_.bias[row.padded] = bias[row.stored];
    for (int j = 0; j < hidden_; ++j) {
      const Real value = recurrent[row.stored * hidden_ + j];
      recurrent_[static_cast<std::size_t>(j) * 4 * units_ + row.padded] = value;
      transposed_[static_cast<std::size_t>(row.padded) * units_ + j] = value;
    }
  });
  affine_.pack(input);
  packed_ready_ = false;
}

template <class Real>
void ContinuousSlstmLayer<Real>::prepare(Pass& pass, int steps, int sequences) {
  ContinuousSlstm<Real>& a = pass.arguments;
  a.steps = steps;
  a.sequences = sequences;
  a.units = units_;
  a.recurrent = recurrent_.data();
  a.recurrent_t = transposed_.data();
  const std::size_t step = static_cast<std::size_t>(steps) * sequences * units_;
  const std::size_t row = static_cast<std::size_t>(sequences) * units_;
  const std::size_t edge = step + row;
  // edges: x (4), d_r (4), gates (5), o, h, n; steps: d_rp (4), gates (2 x 5), hp, np, wp, w
  pass.store.resize(16 * edge + 18 * step + 8 * row + 2 * row);
  pass.output.resize(edge);
  pass.d_x.resize(4 * edge);
  Real* next = pass.store.data();
  const auto take = [&next](std::size_t count) {
    Real* mine = next;
    next += count;
    return mine;
  };
  const auto take_gates = [&take](std::size_t count) {
    GateArrays<Real> gates;
    for (Real** part : {&gates.l, &gates.dl, &gates.i, &gates.di, &gates.z}) *part = take(count);
    return gates;
  };
  a.x = take(4 * edge);
  a.d_r = take(4 * edge);
  a.edge = take_gates(edge);
  for (Real** part : {&a.o, &a.h, &a.n}) *part = take(edge);
  a.d_rp = take(4 * step);
  a.predicted = take_gates(step);
  a.corrected = take_gates(step);
  for (Real** part : {&a.hp, &a.np, &a.wp, &a.w}) *part = take(step);
  a.work = take(8 * row);
  a.d_h = take(row);
  a.d_n = take(row);
  a.output = pass.output.data();
  a.d_x = pass.d_x.data();
}

template <class Real>
const Real* ContinuousSlstmLayer<Real>::rest(const Real* x, int sequences) {
  prepare(rest_, 0, sequences);
  ContinuousSlstm<Real>& a = rest_.arguments;
  rest_.input = x;
  affine_.forward(loops_, const_cast<Real*>(a.x), x, sequences);
  const std::size_t row = static_cast<std::size_t>(sequences) * units_;
  const int G = 4 * units_;
  rest_iterates_.assign(kRestIterations + 1, std::vector<Real>(row, 0));
  for (int m = 1; m <= kRestIterations; ++m) {
    loops_.multiply(a.work, rest_iterates_[m - 1].data(), recurrent_.data(), sequences, units_, G);
    for (int b = 0; b < sequences; ++b) {
      for (int j = 0; j < units_; ++j) {
        const int z = b * G + 2 * units_ + j;
        rest_iterates_[m][static_cast<std::size_t>(b) * units_ + j] = std::tanh(a.x[z] + a.work[z]);
      }
    }
  }
  std::copy(rest_iterates_.back().begin(), rest_iterates_.back().end(), a.h);
  loops_.slstm_forward(a);
  std::copy_n(a.edge.i, row, a.n);
  return a.output;
}

template <class Real>
void ContinuousSlstmLayer<Real>::forward(const ContinuousRun<Real>& run, std::vector<Real>& state) {
  prepare(run_, run.steps, run.sequences);
  ContinuousSlstm<Real>& a = run_.arguments;
  run_.input = run.x;
  from_rest_ = run.from_rest;
  a.rho = run.rho;
  affine_.forward(loops_, const_cast<Real*>(a.x), run.x, (run.steps + 1) * run.sequences);
  const std::size_t row = static_cast<std::size_t>(run.sequences) * units_;
  std::copy_n(run.from_rest ? rest_.arguments.h : state.data(), row, a.h);
  std::copy_n(run.from_rest ? rest_.arguments.n : state.data() + row, row, a.n);
  loops_.slstm_forward(a);
  state.resize(2 * row);
  std::copy_n(a.h + run.steps * row, row, state.data());
  std::copy_n(a.n + run.steps * row, row, state.data() + row);
}

template <class Real>
void ContinuousSlstmLayer<Real>::last_edge(std::vector<Real>& edge) const {
  const ContinuousSlstm<Real>& a = run_.arguments;
  const long last = static_cast<long>(a.steps) * units_;
  edge.resize(static_cast<std::size_t>(6) * units_);
  Real* to = edge.data();
  for (const Real* from : {a.edge.l, a.edge.i, a.edge.z}) {
    to = std::copy_n(from + last, units_, to);
  }
  std::copy_n(a.work, 3 * units_, to);  // R h of the last edge
}

template <class Real>
void ContinuousSlstmLayer<Real>::pack_step() {
  const int H = units_, lanes = loops_.lanes;
  Real* to = packed_.data();
  const auto pack = [&](int first_gate, int gates) {
    for (int block = 0; block < H; block += lanes) {
      for (int k = 0; k < H; ++k) {
        for (int gate = first_gate; gate < first_gate + gates; ++gate) {
          to = std::copy_n(recurrent_.data() + (k * 4 + gate) * H + block, lanes, to);
        }
      }
    }
  };
  pack(0, 3);
  pack(3, 1);
  packed_ready_ = true;
}

template <class Real>
const Real* ContinuousSlstmLayer<Real>::step(const Real* x,
                                             Real rho,
                                             std::vector<Real>& state,
                                             std::vector<Real>& edge) {
  if (!packed_ready_) pack_step();
  ContinuousSlstmStep<Real> a;
  Real* const inputs = scratch_.data();
  affine_.forward(loops_, inputs, x, 1);
  a.units = units_;
  a.rho = rho;
  a.x = inputs;
  a.recurrent = packed_.data();
  a.h = state.data();
  a.n = a.h + units_;
  a.l = edge.data();
  a.i = a.l + units_;
  a.z = a.i + units_;
  a.r = a.z + units_;
  a.output = inputs + 4 * units_;
  a.predicted = a.output + units_;
  loops_.slstm_step(a);
  return a.output;
}

template <class Real>
void ContinuousSlstmLayer<Real>::add_recurrent(const Real* h, const Real* d, int rows) {
  add_products(loops_, d_recurrent_.data(), h, d, rows, units_, 4 * units_);
}

template <class Real>
void ContinuousSlstmLayer<Real>::backward(const Real* d_output,
                                          const Real* d_rest,
                                          Real* dx,
                                          Real* dx_rest) {
  ContinuousSlstm<Real>& a = run_.arguments;
  a.d_output = d_output;
  loops_.slstm_backward(a);
  const int edges = (a.steps + 1) * a.sequences;
  affine_.backward(loops_, dx, a.d_x, run_.input, edges);
  add_recurrent(a.h, a.d_r, edges);
  add_recurrent(a.hp, a.d_rp, a.steps * a.sequences);
  if (from_rest_) rest_reverse(a.d_h, a.d_n, d_rest, dx_rest);
}

// From the derivatives by h and n at rest and by the output there: through the input gate that n
// is, then through every iteration of h.
template <class Real>
void ContinuousSlstmLayer<Real>::rest_reverse(const Real* d_h,
                                              const Real* d_n,
                                              const Real* d_rest,
                                              Real* dx_rest) {
  ContinuousSlstm<Real>& a = rest_.arguments;
  const int B = a.sequences, G = 4 * units_;
  std::vector<Real> total(d_h, d_h + static_cast<std::size_t>(B) * units_);
  const std::vector<Real> nothing(d_rest == nullptr ? total.size() : 0, 0);
  a.d_output = d_rest == nullptr ? nothing.data() : d_rest;
  loops_.slstm_backward(a);
  std::vector<Real> d(static_cast<std::size_t>(B) * G, 0), back(total.size());
  const auto unit = [this](int b, int j) { return static_cast<std::size_t>(b) * units_ + j; };
  for (int b = 0; b < B; ++b) {
    for (int j = 0; j < units_; ++j) {
      const Real by_gate = d_n[unit(b, j)] * a.edge.di[unit(b, j)];
      a.d_x[b * G + j] += by_gate;
      a.d_r[b * G + j] += by_gate;
      d[b * G + j] = by_gate;
    }
  }
  loops_.multiply(back.data(), d.data(), transposed_.data(), B, G, units_);
  for (std::size_t j = 0; j < total.size(); ++j) total[j] += a.d_h[j] + back[j];
  add_recurrent(a.h, a.d_r, B);
  for (int m = kRestIterations; m >= 1; --m) {
    std::fill(d.begin(), d.end(), Real(0));
    for (int b = 0; b < B; ++b) {
      for (int j = 0; j < units_; ++j) {
        const Real z = rest_iterates_[m][unit(b, j)];
        d[b * G + 2 * units_ + j] = total[unit(b, j)] * (1 - z * z);
        a.d_x[b * G + 2 * units_ + j] += d[b * G + 2 * units_ + j];
      }
    }
    add_recurrent(rest_iterates_[m - 1].data(), d.data(), B);
    loops_.multiply(total.data(), d.data(), transposed_.data(), B, G, units_);
  }
  affine_.backward(loops_, dx_rest, a.d_x, rest_.input, B);
}

template <class Real>
void ContinuousSlstmLayer<Real>::collect(const Parameters<Real>& gradient,
                                         const InputProjection<Real>& input) {
  affine_.unpack(input);
  Real *weight = gradient(name_ + ".weight"), *bias = gradient(name_ + ".bias");
  Real* recurrent = gradient(name_ + ".recurrent");
  each_gate_row(hidden_, units_, [&](GateRow row) {
    std::copy_n(affine_.d_weight.data() + row.padded * below_, below_,
                weight + row.stored * below_);
    bias[row.stored] = affine_.d_bias[row.padded];
    for (int j = 0; j < hidden_; ++j) {
      recurrent[row.stored * hidden_ + j] =
          d_recurrent_[static_cast<std::size_t>(j) * 4 * units_ + row.padded];
    }
  });
  std::fill(d_recurrent_.begin(), d_recurrent_.end(), Real(0));
}

template class ContinuousSlstmLayer<float>;
template class ContinuousSlstmLayer<double>;

}  // namespace psi_xlstm::kernels
