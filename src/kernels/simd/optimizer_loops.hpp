#pragma once

/// @file
/// Loops of the optimizer and of the machine's peak for one instruction set.

#include "kernels/simd/optimizer.hpp"
#include "kernels/simd/vector.hpp"

namespace psi_xlstm::kernels {

template <class Real, int Bytes>
struct OptimizerLoopsOf {
  using S = Simd<Real, Bytes>;
  using V = typename S::Vector;
  static constexpr int W = S::kLanes;
  static constexpr int kPart = 256;     // numbers whose divisors are made together
  static constexpr int kSums = 16;      // independent sums
  static constexpr int kPeakSums = 12;  // more than latency times throughput of a fused operation

  static void adamw(const AdamW<Real>& a) {
    // In parts, the roots before the rest: the compiler makes vectors of that loop, and a division
    // beside them would double its time.
    alignas(Bytes) Real size[kPart] = {};
    for (long first = 0; first < a.count; first += kPart) {
      const long count = a.count - first < kPart ? a.count - first : kPart;
      adamw_moments(a, first, count, size);
      Real* p = a.parameters + first;
      const Real* m = a.first + first;
      long i = 0;
      for (; i + W <= count; i += W) {
        const V step = a.rate * S::load(m + i) * S::reciprocal(S::load(size + i));
        S::store(p + i, S::load(p + i) * a.keep - step);
      }
      for (; i < count; ++i) p[i] = p[i] * a.keep - a.rate * m[i] / size[i];
    }
  }

  static double sum_of_squares(const Real* x, long count) {
    double sums[kSums] = {};
    long i = 0;
    for (; i + kSums <= count; i += kSums) {
      for (int j = 0; j < kSums; ++j) {
        const double value = static_cast<double>(x[i + j]);
        sums[j] += value * value;
      }
    }
    double total = 0;
    for (; i < count; ++i) total += static_cast<double>(x[i]) * static_cast<double>(x[i]);
    for (int j = 0; j < kSums; ++j) total += sums[j];
    return total;
  }

  static Real peak(long rounds) {
    V sums[kPeakSums];
#pragma GCC unroll 16
    for (int j = 0; j < kPeakSums; ++j) sums[j] = S::splat(static_cast<Real>(j));
    const V factor = S::splat(Real(0.75)), add = S::splat(Real(0.5));
    for (long round = 0; round < rounds; ++round) {
#pragma GCC unroll 16
      for (int j = 0; j < kPeakSums; ++j) sums[j] = sums[j] * factor + add;
    }
    V total{};
#pragma GCC unroll 16
    for (int j = 0; j < kPeakSums; ++j) total += sums[j];
    return S::sum(total);
  }

  static constexpr OptimizerLoops<Real> kLoops = {
      .adamw = &OptimizerLoopsOf::adamw,
      .sum_of_squares = &OptimizerLoopsOf::sum_of_squares,
      .peak = &OptimizerLoopsOf::peak,
      .peak_operations = 2L * kPeakSums * W};

 private:
  // The moments of `count` numbers and the divisors of their steps.
  static void adamw_moments(const AdamW<Real>& a, long begin, long count, Real* __restrict size) {
    Real* __restrict first = a.first + begin;
    Real* __restrict second = a.second + begin;
    const Real* __restrict gradient = a.gradient + begin;
    const AdamW<Real> o = a;
    for (long i = 0; i < count; ++i) {
      const Real g = gradient[i] * o.scale;
      const Real m = first[i] * o.beta1 + g * o.rest1;
      const Real v = second[i] * o.beta2 + g * g * o.rest2;
      first[i] = m;
      second[i] = v;
      size[i] = S::root(v) * o.inverse_root2 + o.epsilon;
    }
  }
};

template <class Real, int Bytes>
const OptimizerLoops<Real>& optimizer_loops() {
  return OptimizerLoopsOf<Real, Bytes>::kLoops;
}

}  // namespace psi_xlstm::kernels
