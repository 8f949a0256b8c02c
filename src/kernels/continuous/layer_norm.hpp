#pragma once

/// @file
/// The LayerNorm behind the matrix memory of the continuous cells (population variance, eps
/// 1e-5) and its reverse, for one instruction set. Only own templates here, see
/// instruction_sets/avx512.cpp.

#include "kernels/continuous/arguments.hpp"
#include "kernels/simd/vector.hpp"

namespace psi_xlstm::kernels {

template <class Real, int Bytes>
struct ContinuousNormLoops {
  using S = Simd<Real, Bytes>;
  using V = typename S::Vector;
  static constexpr int kLanes = S::kLanes;
  static constexpr Real kEpsilon = Real(1e-5);

  static void forward(const ContinuousNorm<Real>& a) {
    const Real one = 1, share = one / static_cast<Real>(a.hidden);
    for (long e = 0; e < a.edges; ++e) {
      const Real* h = a.h + e * a.units;
      Real* value = a.normalised + e * a.units;
      V sum{}, square{};
      for (int j = 0; j < a.units; j += kLanes) sum += S::load(h + j);
      const Real mean = S::sum(sum) * share;
      for (int j = 0; j < a.units; j += kLanes) {
        const V x = (S::load(h + j) - mean) * S::load(a.mask + j);
        S::store(value + j, x);
        square += x * x;
      }
      const Real variance = S::sum(square) * share + kEpsilon;
      const Real inverse = 1 / S::root(variance);
      a.inverse_deviation[e] = inverse;
      for (int j = 0; j < a.units; j += kLanes) {
        const V x = S::load(value + j) * inverse;
        S::store(value + j, x);
        S::store(a.output + e * a.units + j, x * S::load(a.weight + j) + S::load(a.bias + j));
      }
    }
  }

  static void backward(const ContinuousNorm<Real>& a) {
    const Real one = 1, share = one / static_cast<Real>(a.hidden);
    for (long e = 0; e < a.edges; ++e) {
      const Real* value = a.normalised + e * a.units;
      const Real* dy = a.d_output + e * a.units;
      Real* dh = a.d_h + e * a.units;
      V sum{}, along{};
      for (int j = 0; j < a.units; j += kLanes) {
        const V g = S::load(dy + j), x = S::load(value + j), weighted = g * S::load(a.weight + j);
        S::store(a.d_weight + j, S::load(a.d_weight + j) + g * x);
        S::store(a.d_bias + j, S::load(a.d_bias + j) + g);
        sum += weighted;
        along += weighted * x;
      }
      const Real mean = S::sum(sum) * share, slope = S::sum(along) * share;
      const Real inverse = a.inverse_deviation[e];
      for (int j = 0; j < a.units; j += kLanes) {
        const V weighted = S::load(dy + j) * S::load(a.weight + j);
        const V x = weighted - mean - S::load(value + j) * slope;
        S::store(dh + j, x * inverse * S::load(a.mask + j));
      }
    }
  }
};

}  // namespace psi_xlstm::kernels
