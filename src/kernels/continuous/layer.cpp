#include "kernels/continuous/layer.hpp"

#include <algorithm>

namespace psi_xlstm::kernels {
namespace {

constexpr int kRows = 256;

}  // namespace

template <class Real>
void add_products(const ContinuousLoops<Real>& loops,
                  Real* c,
                  const Real* a,
                  const Real* b,
                  int m,
                  int k,
                  int n) {
  for (int first = 0; first < m; first += kRows) {
    loops.multiply_transposed(c, a + static_cast<std::size_t>(first) * k,
                              b + static_cast<std::size_t>(first) * n, std::min(kRows, m - first),
                              k, n);
  }
}

template <class Real>
void add_rows(const ContinuousLoops<Real>& loops, Real* sums, const Real* x, int m, int n) {
  static const std::vector<Real> ones(kRows, 1);
  for (int first = 0; first < m; first += kRows) {
    loops.multiply_transposed(sums, ones.data(), x + static_cast<std::size_t>(first) * n,
                              std::min(kRows, m - first), 1, n);
  }
}

template <class Real>
void Affine<Real>::pack(const InputProjection<Real>& input) {
  packed_inputs_ = first_ ? input.inputs : padded(inputs_);
  packed_.assign(static_cast<std::size_t>(packed_inputs_) * outputs_, 0);
  d_packed_.assign(packed_.size(), 0);
  packed_bias_ = bias;
  d_packed_bias_.assign(bias.size(), 0);
  for (int n = 0; n < outputs_; ++n) {
    const Real* row = weight.data() + static_cast<std::size_t>(n) * inputs_;
    if (!first_) {
      for (int k = 0; k < inputs_; ++k)
        packed_[static_cast<std::size_t>(k) * outputs_ + n] = row[k];
      continue;
    }
    for (int w = 0; w < input.width; ++w) {
      packed_bias_[n] += row[w] * input.bias[w];
      for (int k = 0; k < input.inputs; ++k) {
        packed_[static_cast<std::size_t>(k) * outputs_ + n] +=
            row[w] * input.weight[w * input.inputs + k];
      }
    }
  }
  if (first_) return;
  transposed_.assign(packed_.size(), 0);
  for (int n = 0; n < outputs_; ++n) {
    std::copy_n(weight.data() + static_cast<std::size_t>(n) * inputs_, inputs_,
                transposed_.data() + static_cast<std::size_t>(n) * packed_inputs_);
  }
}

template <class Real>
void Affine<Real>::forward(const ContinuousLoops<Real>& loops,
                           Real* out,
                           const Real* x,
                           int m) const {
  if (m == 1) {
    loops.affine(out, x, packed_.data(), packed_bias_.data(), packed_inputs_, outputs_);
  } else {
    loops.affine_rows(out, x, packed_.data(), packed_bias_.data(), m, packed_inputs_, outputs_);
  }
}

template <class Real>
void Affine<Real>::backward(
    const ContinuousLoops<Real>& loops, Real* dx, const Real* dout, const Real* x, int m) {
  add_products(loops, d_packed_.data(), x, dout, m, packed_inputs_, outputs_);
  add_rows(loops, d_packed_bias_.data(), dout, m, outputs_);
  if (dx != nullptr && !first_) {
    loops.multiply(dx, dout, transposed_.data(), m, outputs_, packed_inputs_);
  }
}

template <class Real>
void Affine<Real>::unpack(const InputProjection<Real>& input) {
  d_bias = d_packed_bias_;
  std::fill(d_weight.begin(), d_weight.end(), Real(0));
  for (int n = 0; n < outputs_; ++n) {
    Real* row = d_weight.data() + static_cast<std::size_t>(n) * inputs_;
    if (!first_) {
      for (int k = 0; k < inputs_; ++k) {
        row[k] = d_packed_[static_cast<std::size_t>(k) * outputs_ + n];
      }
      continue;
    }
    const Real* natural = weight.data() + static_cast<std::size_t>(n) * inputs_;
    for (int w = 0; w < input.width; ++w) {
      row[w] += d_packed_bias_[n] * input.bias[w];
      input.d_bias[w] += natural[w] * d_packed_bias_[n];
      for (int k = 0; k < input.inputs; ++k) {
        const Real d = d_packed_[static_cast<std::size_t>(k) * outputs_ + n];
        row[w] += d * input.weight[w * input.inputs + k];
        input.d_weight[w * input.inputs + k] += natural[w] * d;
      }
    }
  }
  std::fill(d_packed_.begin(), d_packed_.end(), Real(0));
  std::fill(d_packed_bias_.begin(), d_packed_bias_.end(), Real(0));
}

template void add_products<float>(
    const ContinuousLoops<float>&, float*, const float*, const float*, int, int, int);
template void add_products<double>(
    const ContinuousLoops<double>&, double*, const double*, const double*, int, int, int);
template void add_rows<float>(const ContinuousLoops<float>&, float*, const float*, int, int);
template void add_rows<double>(const ContinuousLoops<double>&, double*, const double*, int, int);
template class Affine<float>;
template class Affine<double>;

}  // namespace psi_xlstm::kernels
