#pragma once

/// @file
/// What stands behind the matrix memory of the relaxation convention, for one instruction set: the
/// output map of a low-rank memory and the LayerNorm (population variance, eps 1e-5), and their
/// reverse. Only own templates here, see isa_avx512.cpp.

#include "relaxation_arguments.hpp"
#include "simd_vector.hpp"

namespace psi_xlstm::kernels {

template <class Real, int Bytes>
struct MemoryReadOutLoops {
  using S = Simd<Real, Bytes>;
  using V = typename S::Vector;
  static constexpr int kLanes = S::kLanes;
  static constexpr Real kEpsilon = Real(1e-5);

  // h of one edge, padded units zero.
  static void units(const MemoryReadOut<Real>& a, const Real* memory, Real* h) {
    const int size = a.hidden / a.heads, d = a.dimension;
    if (a.left == nullptr) {
      for (int j = 0; j < a.hidden; ++j) h[j] = memory[j];
      for (int j = a.hidden; j < a.units; ++j) h[j] = 0;
      return;
    }
    for (int j = 0; j < a.hidden; ++j) {
      const Real* read = memory + j / size * d;
      Real sum = 0;
      for (int x = 0; x < d; ++x) sum += a.left[x * a.units + j] * read[x];
      h[j] = sum;
    }
    for (int j = a.hidden; j < a.units; ++j) h[j] = 0;
  }

  static void forward(const MemoryReadOut<Real>& a) {
    const Real one = 1, share = one / static_cast<Real>(a.hidden);
    Real* h = a.work;
    for (long e = 0; e < a.edges; ++e) {
      units(a, a.memory + e * a.heads * a.dimension, h);
      V sum{}, square{};
      for (int j = 0; j < a.units; j += kLanes) sum += S::load(h + j);
      const Real mean = S::sum(sum) * share;
      for (int j = 0; j < a.units; j += kLanes) {
        const V x = (S::load(h + j) - mean) * S::load(a.mask + j);
        S::store(h + j, x);
        square += x * x;
      }
      const Real variance = S::sum(square) * share + kEpsilon;
      const Real inverse = static_cast<Real>(1 / __builtin_sqrt(variance));
      a.inverse_deviation[e] = inverse;
      for (int j = 0; j < a.units; j += kLanes) {
        const V x = S::load(h + j) * inverse;
        S::store(a.normalised + e * a.units + j, x);
        S::store(a.output + e * a.units + j, x * S::load(a.weight + j) + S::load(a.bias + j));
      }
    }
  }

  static void backward(const MemoryReadOut<Real>& a) {
    const Real one = 1, share = one / static_cast<Real>(a.hidden);
    const int size = a.hidden / a.heads, d = a.dimension;
    Real* dh = a.work;
    for (long e = 0; e < a.edges; ++e) {
      const Real* value = a.normalised + e * a.units;
      const Real* dy = a.d_output + e * a.units;
      V sum{}, along{};
      for (int j = 0; j < a.units; j += kLanes) {
        const V g = S::load(dy + j), x = S::load(value + j), weighted = g * S::load(a.weight + j);
        S::store(a.d_weight + j, S::load(a.d_weight + j) + g * x);
        S::store(a.d_bias + j, S::load(a.d_bias + j) + g);
        S::store(dh + j, weighted);
        sum += weighted;
        along += weighted * x;
      }
      const Real mean = S::sum(sum) * share, slope = S::sum(along) * share;
      const Real inverse = a.inverse_deviation[e];
      for (int j = 0; j < a.units; j += kLanes) {
        const V x = S::load(dh + j) - mean - S::load(value + j) * slope;
        S::store(dh + j, x * inverse * S::load(a.mask + j));
      }
      const Real* memory = a.memory + e * a.heads * d;
      Real* out = a.d_memory + e * a.heads * d;
      if (a.left == nullptr) {
        for (int j = 0; j < a.hidden; ++j) out[j] = dh[j];
        continue;
      }
      for (int j = 0; j < a.heads * d; ++j) out[j] = 0;
      for (int j = 0; j < a.hidden; ++j) {
        const int first = j / size * d;
        for (int x = 0; x < d; ++x) {
          a.d_left[x * a.units + j] += dh[j] * memory[first + x];
          out[first + x] += dh[j] * a.left[x * a.units + j];
        }
      }
    }
  }
};

}  // namespace psi_xlstm::kernels
