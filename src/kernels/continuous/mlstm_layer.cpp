#include "kernels/continuous/mlstm_layer.hpp"

#include <algorithm>
#include <iterator>

namespace psi_xlstm::kernels {
namespace {

// Where a head of a sequence has its gate, its key, its memory and the pre-activation of its input
// gate at the first edge.
struct HeadPlace {
  long gate, key, memory, pre_activation;
};

template <class Real, class Work>
void for_each_head(const ContinuousMlstm<Real>& a, Work work) {
  const long d = a.dimension, all = a.heads * d;
  for (long b = 0; b < a.sequences; ++b) {
    for (long head = 0; head < a.heads; ++head) {
      work(HeadPlace{.gate = b * a.heads + head,
                     .key = b * a.width + all + head * d,
                     .memory = b * all * (d + 1) + head * d,
                     .pre_activation = b * a.width + 3 * all + head});
    }
  }
}

}  // namespace

template <class Real>
ContinuousMlstmLayer<Real>::ContinuousMlstmLayer(const LayerShape& shape,
                                                 int below,
                                                 int index,
                                                 const ContinuousLoops<Real>& loops)
    : hidden_(shape.hidden),
      heads_(shape.heads),
      head_size_(shape.hidden / shape.heads),
      rank_(shape.rank),
      below_(below),
      units_(padded(shape.hidden)),
      width_(padded(3 * heads_ * dimension() + 2 * heads_)),
      stride_(padded(heads_ * dimension())),
      name_("layers." + std::to_string(index)),
      loops_(loops),
      affine_(below, width_, index == 0),
      mask_(units_, 0),
      d_norm_weight_(units_),
      d_norm_bias_(units_),
      step_(2 * width_ + 10 * (2 * heads_ + kPadding) + stride_ + 2 * units_ + 1) {
  std::fill_n(mask_.begin(), hidden_, Real(1));
  if (rank_ > 0) {
    const std::size_t size = static_cast<std::size_t>(stride_) * units_;
    for (auto* map : {&output_map_, &transposed_map_, &d_output_map_}) map->assign(size, 0);
  }
}

template <class Real>
void ContinuousMlstmLayer<Real>::prepare(Pass& pass, int steps, int sequences) {
  ContinuousMlstm<Real>& a = pass.arguments;
  a.steps = steps;
  a.sequences = sequences;
  a.heads = heads_;
  a.dimension = dimension();
  a.width = width_;
  a.stride = stride_;
  const std::size_t edges = static_cast<std::size_t>(steps + 1) * sequences;
  const std::size_t states = static_cast<std::size_t>(sequences) * state_size();
  const std::size_t kept = (static_cast<std::size_t>(steps) / kCheckpointSteps + 1) * states;
  // what is behind the last unit or gate of a row is never written and stays zero
  pass.projection.resize(edges * width_);
  pass.d_projection.resize(edges * width_);
  pass.memory.resize(edges * stride_);
  pass.d_memory.resize(edges * stride_);
  pass.d_units.resize(rank_ > 0 ? edges * units_ : 0);
  pass.state.resize(states);
  pass.d_state.resize(states);
  pass.output.resize(edges * units_);
  pass.normalised.resize(edges * units_);
  pass.inverse_deviation.resize(edges);
  a.projection = pass.projection.data();
  a.d_projection = pass.d_projection.data();
  a.output = pass.memory.data();
  a.d_output = pass.d_memory.data();
  a.state = pass.state.data();
  a.d_state = pass.d_state.data();
  Real** const parts[] = {&a.l,         &a.dl,    &a.i,     &a.di,  &a.half,
                          &a.forgotten, &a.g0,    &a.g1,    &a.s,   &a.inverse,
                          &a.by_kept,   &a.by_g0, &a.by_g1, &a.d_i, &a.d_f};
  const std::size_t gates = (edges + sequences) * heads_ + kPadding;
  const std::size_t work = static_cast<std::size_t>(kCheckpointSteps + 1) * state_size() / heads_;
  pass.store.resize(std::size(parts) * gates + kept + work);
  Real* next = pass.store.data();
  for (Real** part : parts) {
    *part = next;
    next += gates;
  }
  a.checkpoints = next;
  a.work = next + kept;
}

template <class Real>
ContinuousNorm<Real> ContinuousMlstmLayer<Real>::layer_norm() const {
  ContinuousNorm<Real> r;
  r.hidden = hidden_;
  r.units = units_;
  r.weight = norm_weight_.data();
  r.bias = norm_bias_.data();
  r.mask = mask_.data();
  return r;
}

template <class Real>
ContinuousNorm<Real> ContinuousMlstmLayer<Real>::layer_norm(Pass& pass) {
  ContinuousNorm<Real> r = layer_norm();
  r.edges = static_cast<long>(pass.inverse_deviation.size());
  r.h = rank_ > 0 ? pass.normalised.data() : pass.memory.data();
  r.normalised = pass.normalised.data();
  r.inverse_deviation = pass.inverse_deviation.data();
  r.output = pass.output.data();
  r.d_h = rank_ > 0 ? pass.d_units.data() : pass.d_memory.data();
  r.d_weight = d_norm_weight_.data();
  r.d_bias = d_norm_bias_.data();
  return r;
}

// Behind the memory: left h~ where it is of low rank, then the LayerNorm.
template <class Real>
void ContinuousMlstmLayer<Real>::read_out(Pass& pass) {
  const ContinuousNorm<Real> norm = layer_norm(pass);
  if (rank_ > 0) {
    loops_.multiply(pass.normalised.data(), pass.memory.data(), output_map_.data(),
                    static_cast<int>(norm.edges), stride_, units_);
  }
  loops_.layer_norm(norm);
}

template <class Real>
void ContinuousMlstmLayer<Real>::reverse(Pass& pass, const Real* d_output) {
  ContinuousNorm<Real> norm = layer_norm(pass);
  norm.d_output = d_output;
  loops_.layer_norm_backward(norm);
  if (rank_ > 0) {
    const int edges = static_cast<int>(norm.edges);
    loops_.multiply(pass.d_memory.data(), norm.d_h, transposed_map_.data(), edges, units_, stride_);
    add_products(loops_, d_output_map_.data(), pass.memory.data(), norm.d_h, edges, stride_,
                 units_);
  }
  loops_.mlstm_backward(pass.arguments);
}

// C = i v k^T and n = i k of rest_, whose gates and projections are there.
template <class Real>
void ContinuousMlstmLayer<Real>::rest_state() {
  const ContinuousMlstm<Real>& a = rest_.arguments;
  const int d = a.dimension, all = a.heads * d;
  for_each_head(a, [&](const HeadPlace& at) {
    const Real i = a.i[at.gate];
    const Real* k = a.projection + at.key;
    const Real* v = k + all;
    Real* state = a.state + at.memory;
    for (int x = 0; x < d; ++x) {
      for (int y = 0; y < d; ++y) state[x * all + y] = i * k[x] * v[y];
      state[d * all + x] = i * k[x];
    }
  });
}

template <class Real>
void ContinuousMlstmLayer<Real>::rest_state_reverse(const std::vector<Real>& d_state) {
  const ContinuousMlstm<Real>& a = rest_.arguments;
  const int d = a.dimension, all = a.heads * d;
  for_each_head(a, [&](const HeadPlace& at) {
    const Real i = a.i[at.gate];
    const Real *k = a.projection + at.key, *v = k + all, *by = d_state.data() + at.memory;
    Real *dk = a.d_projection + at.key, *dv = dk + all;
    Real di = 0;
    for (int x = 0; x < d; ++x) {
      Real along = by[d * all + x];
      for (int y = 0; y < d; ++y) {
        along += by[x * all + y] * v[y];
        dv[y] += i * k[x] * by[x * all + y];
      }
      dk[x] += i * along;
      di += k[x] * along;
    }
    a.d_projection[at.pre_activation] += di * a.di[at.gate];
  });
}

template <class Real>
const Real* ContinuousMlstmLayer<Real>::rest(const Real* x, int sequences) {
  prepare(rest_, 0, sequences);
  rest_.input = x;
  affine_.forward(loops_, rest_.projection.data(), x, sequences);
  loops_.mlstm_forward(rest_.arguments);  // for the gates
  rest_state();
  loops_.mlstm_forward(rest_.arguments);
  read_out(rest_);
  return rest_.output.data();
}

template <class Real>
void ContinuousMlstmLayer<Real>::forward(const ContinuousRun<Real>& run, std::vector<Real>& state) {
  prepare(run_, run.steps, run.sequences);
  run_.arguments.rho = run.rho;
  run_.input = run.x;
  from_rest_ = run.from_rest;
  affine_.forward(loops_, run_.projection.data(), run.x, (run.steps + 1) * run.sequences);
  run_.state = run.from_rest ? rest_.state : state;
  run_.arguments.state = run_.state.data();
  loops_.mlstm_forward(run_.arguments);
  state = run_.state;
  read_out(run_);
}

template <class Real>
void ContinuousMlstmLayer<Real>::last_edge(std::vector<Real>& edge) const {
  const Real* last = run_.projection.data() + static_cast<long>(run_.arguments.steps) * width_;
  edge.assign(last, last + width_);
}

template <class Real>
const Real* ContinuousMlstmLayer<Real>::step(const Real* x,
                                             Real rho,
                                             std::vector<Real>& state,
                                             std::vector<Real>& edge) {
  Real* next = step_.data();
  const auto take = [&next](int count) {
    Real* mine = next;
    next += count;
    return mine;
  };
  Real* const projection = take(2 * width_);
  std::copy_n(edge.data(), width_, projection);
  affine_.forward(loops_, projection + width_, x, 1);
  ContinuousMlstm<Real> a;
  a.steps = a.sequences = 1;
  a.heads = heads_;
  a.dimension = dimension();
  a.width = width_;
  a.stride = stride_;
  a.rho = &rho;
  a.projection = projection;
  for (Real** part :
       {&a.l, &a.dl, &a.i, &a.di, &a.half, &a.forgotten, &a.g0, &a.g1, &a.s, &a.inverse}) {
    *part = take(2 * heads_ + kPadding);
  }
  a.state = state.data();
  a.output = take(stride_);
  loops_.mlstm_step(a);
  std::copy_n(projection + width_, width_, edge.data());
  ContinuousNorm<Real> norm = layer_norm();
  norm.edges = 1;
  norm.normalised = take(units_);
  norm.output = take(units_);
  norm.inverse_deviation = take(1);
  norm.h = rank_ > 0 ? norm.normalised : a.output;
  if (rank_ > 0) {
    loops_.multiply(norm.normalised, a.output, output_map_.data(), 1, stride_, units_);
  }
  loops_.layer_norm(norm);
  return norm.output;
}

template <class Real>
void ContinuousMlstmLayer<Real>::backward(const Real* d_output,
                                          const Real* d_rest,
                                          Real* dx,
                                          Real* dx_rest) {
  reverse(run_, d_output);
  affine_.backward(loops_, dx, run_.d_projection.data(), run_.input,
                   static_cast<int>(run_.inverse_deviation.size()));
  if (!from_rest_) return;
  const std::vector<Real> nothing(d_rest == nullptr ? rest_.output.size() : 0, 0);
  reverse(rest_, d_rest == nullptr ? nothing.data() : d_rest);
  for (std::size_t j = 0; j < rest_.d_state.size(); ++j) rest_.d_state[j] += run_.d_state[j];
  rest_state_reverse(rest_.d_state);
  affine_.backward(loops_, dx_rest, rest_.d_projection.data(), rest_.input,
                   rest_.arguments.sequences);
}

template class ContinuousMlstmLayer<float>;
template class ContinuousMlstmLayer<double>;

}  // namespace psi_xlstm::kernels
