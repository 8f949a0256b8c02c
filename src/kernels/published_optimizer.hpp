#pragma once

/// @file
/// Loops of the optimizer and of the machine's peak for one instruction set.

#include "published_arguments.hpp"
#include "simd_vector.hpp"

namespace psi_xlstm::kernels {

template <class Real, int Bytes>
struct OptimizerLoops {
  using S = Simd<Real, Bytes>;
  using V = typename S::Vector;
  static constexpr int W = S::kLanes;
  static constexpr int kSums = 16;      // independent sums
  static constexpr int kPeakSums = 12;  // more than latency times throughput of a fused operation

  static void adamw(const AdamW<Real>& a) {
    // The compiler makes vectors of this loop, which waits for memory all the same.
    Real* __restrict p = a.parameters;
    Real* __restrict first = a.first;
    Real* __restrict second = a.second;
    const Real* __restrict gradient = a.gradient;
    const AdamW<Real> o = a;
    for (long i = 0; i < o.count; ++i) {
      const Real g = gradient[i] * o.scale;
      const Real m = first[i] * o.beta1 + g * o.rest1;
      const Real v = second[i] * o.beta2 + g * g * o.rest2;
      first[i] = m;
      second[i] = v;
      p[i] = p[i] * o.keep - o.rate * m / (root(v) * o.inverse_root2 + o.epsilon);
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

 private:
  [[gnu::always_inline]] static inline Real root(Real x) {
    if constexpr (sizeof(Real) == 4) {
      return __builtin_sqrtf(x);
    } else {
      return __builtin_sqrt(x);
    }
  }
};

}  // namespace psi_xlstm::kernels
