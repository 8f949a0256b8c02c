#pragma once

/// @file
/// A streaming step of the continuous cells for one instruction set: the equations of
/// slstm.hpp for one sequence, where the gates at the left edge are those of the last
/// step, and the maps between layers. Only own templates here, see instruction_sets/avx512.cpp.

#include "kernels/continuous/arguments.hpp"
#include "kernels/continuous/mlstm.hpp"
#include "kernels/simd/gemm.hpp"
#include "kernels/simd/vector.hpp"

namespace psi_xlstm::kernels {

template <class Real, int Bytes>
struct ContinuousStepLoops {
  using S = Simd<Real, Bytes>;
  using V = typename S::Vector;
  using Memory = ContinuousMlstmLoops<Real, Bytes>;
  static constexpr int kLanes = S::kLanes;

#define PSI_INLINE [[gnu::always_inline]] static inline

  // Of one vector of units.
  struct Gates {
    V l, i, z;
  };

  PSI_INLINE Gates gates(V i, V f, V z) {
    constexpr Real kBound = Real(kInputGateBound);
    return {S::softplus(-f), S::exp(S::tanh(i * (1 / kBound)) * kBound), S::tanh(z)};
  }

  // At the right edge, from what the recurrent weights make of some states.
  PSI_INLINE Gates gates_at(const ContinuousSlstmStep<Real>& a, int j, V ri, V rf, V rz) {
    const Real* x = a.x + j;
    return gates(S::load(x) + ri, S::load(x + a.units) + rf, S::load(x + 2 * a.units) + rz);
  }

  // The states at the right edge; h and n are those at the left one.
  PSI_INLINE void mix(const ContinuousSlstmStep<Real>& a, int j, Gates right, V& h, V& n) {
    const V l0 = S::load(a.l + j), i0 = S::load(a.i + j), z0 = S::load(a.z + j);
    const V sum = l0 + right.l + Memory::kTiny, inverse = S::reciprocal(sum);
    const V forgotten = -S::expm1(a.rho * Real(-0.5) * sum);
    const V a0 = l0 * i0 * inverse, a1 = right.l * right.i * inverse;
    const V c = n * h;
    n += forgotten * (a0 + a1 - n);
    h = (c + forgotten * (a0 * z0 + a1 * right.z - c)) * S::reciprocal(n);
  }

  // The columns of i, f and z of the units from j on of R h.
  PSI_INLINE void recurrent(const ContinuousSlstmStep<Real>& a,
                            int j,
                            const Real* h,
                            V (&r)[1][3]) {
    r[0][0] = r[0][1] = r[0][2] = V{};
    Gemm<Real, Bytes>::template add_products<1, 3>(r, h, 0, a.recurrent + 3 * j * a.units,
                                                   3 * kLanes, a.units);
  }

  static void slstm_step(const ContinuousSlstmStep<Real>& a) {
    const int H = a.units;
    V r[1][3], o[1][1];
    for (int j = 0; j < H; j += kLanes) {
      const Real* last = a.r + j;
      const Gates right = gates_at(a, j, S::load(last), S::load(last + H), S::load(last + 2 * H));
      V h = S::load(a.h + j), n = S::load(a.n + j);
      mix(a, j, right, h, n);
      S::store(a.predicted + j, h);
    }
    for (int j = 0; j < H; j += kLanes) {
      recurrent(a, j, a.predicted, r);
      V h = S::load(a.h + j), n = S::load(a.n + j);
      mix(a, j, gates_at(a, j, r[0][0], r[0][1], r[0][2]), h, n);
      S::store(a.h + j, h);
      S::store(a.n + j, n);
    }
    for (int j = 0; j < H; j += kLanes) {
      recurrent(a, j, a.h, r);
      o[0][0] = S::load(a.x + 3 * H + j);
      Gemm<Real, Bytes>::template add_products<1, 1>(o, a.h, 0, a.recurrent + (3 * H + j) * H,
                                                     kLanes, H);
      const Gates right = gates_at(a, j, r[0][0], r[0][1], r[0][2]);
      S::store(a.l + j, right.l);
      S::store(a.i + j, right.i);
      S::store(a.z + j, right.z);
      for (int gate = 0; gate < 3; ++gate) S::store(a.r + gate * H + j, r[0][gate]);
      S::store(a.output + j, S::sigmoid(o[0][0]) * S::load(a.h + j));
    }
  }

  // out = bias + x W, W [K, N]: whole rows, one after the other, as they lie in memory.
  static void affine(Real* out, const Real* x, const Real* weight, const Real* bias, int k, int n) {
    constexpr int kMost = (Bytes == 64 ? 16 : 8) * kLanes;
    for (int first = 0; first < n; first += kMost) {
      const int here = n - first < kMost ? n - first : kMost;
      columns<kMost / kLanes>(out + first, x, weight + first, bias + first, k, n, here / kLanes);
    }
  }

  template <int N>
  static void columns(
      Real* out, const Real* x, const Real* weight, const Real* bias, int k, int n, int vectors) {
    if (vectors == N) {
      V sum[N];
#pragma GCC unroll 16
      for (int j = 0; j < N; ++j) sum[j] = S::load(bias + j * kLanes);
      for (int i = 0; i < k; ++i) {
        const Real* row = weight + static_cast<long>(i) * n;
#pragma GCC unroll 16
        for (int j = 0; j < N; ++j) sum[j] += x[i] * S::load(row + j * kLanes);
      }
#pragma GCC unroll 16
      for (int j = 0; j < N; ++j) S::store(out + j * kLanes, sum[j]);
    } else if constexpr (N > 1) {
      columns<N - 1>(out, x, weight, bias, k, n, vectors);
    }
  }

  static Real dot(const Real* a, const Real* b, int count) {
    V sum{};
    for (int j = 0; j < count; j += kLanes) sum += S::load(a + j) * S::load(b + j);
    return S::sum(sum);
  }

#undef PSI_INLINE
};

}  // namespace psi_xlstm::kernels
