#pragma once

/// @file
/// Matrix memory of the continuous cells for one instruction set:
/// equations::mlstm_relaxation_step and its exact reverse. The gates of all heads and edges side by
/// side here, the memories in groups of heads where those make vectors. Only own templates here,
/// see instruction_sets/avx512.cpp.

#include "kernels/continuous/arguments.hpp"
#include "kernels/continuous/head_groups.hpp"
#include "kernels/continuous/single_heads.hpp"
#include "kernels/simd/vector.hpp"

namespace psi_xlstm::kernels {

template <class Real, int Bytes>
struct ContinuousMlstmLoops {
  using S = Simd<Real, Bytes>;
  using V = typename S::Vector;
  using Arguments = ContinuousMlstm<Real>;
  static constexpr int kLanes = S::kLanes;
  static constexpr Real kTiny = Real(1e-30);  // rates that underflow leave the memory alone

  // Gates of all edges; pre-activations stand behind q, k and v.
  static void gates(const Arguments& a) {
    const long all = static_cast<long>(a.steps + 1) * a.sequences * a.heads;
    const Real* p = a.projection + 3 * a.heads * a.dimension;
    for (long j = 0; j < all; j += a.heads, p += a.width) {
      for (int h = 0; h < a.heads; ++h) {
        a.i[j + h] = p[h];
        a.l[j + h] = p[a.heads + h];
      }
    }
    for (long j = 0; j < all; j += kLanes) {
      const V f = S::load(a.l + j), u = S::exp(-S::abs(f));
      S::store(a.l + j, S::max(-f, V{}) + S::log1p(u));
      S::store(a.dl + j, (f < 0 ? V{} - 1 : -u) * S::reciprocal(1 + u));
      const V t = S::tanh(S::load(a.i + j) * (1 / Real(kInputGateBound)));
      const V i = S::exp(t * Real(kInputGateBound));
      S::store(a.i + j, i);
      S::store(a.di + j, i * (1 - t * t));
    }
  }

  // How steps mix memory and drives: C <- (1 - forgotten) C + g0 k0 v0^T + g1 k1 v1^T.
  static void mixing(const Arguments& a) {
    const long row = static_cast<long>(a.sequences) * a.heads, all = a.steps * row;
    for (long j = 0, e = 0; j < all; j += a.heads, ++e) {
      for (int h = 0; h < a.heads; ++h) a.half[j + h] = Real(-0.5) * a.rho[e];
    }
    for (long j = 0; j < all; j += kLanes) {
      const V l0 = S::load(a.l + j), l1 = S::load(a.l + j + row), sum = l0 + l1 + kTiny;
      const V forgotten = -S::expm1(S::load(a.half + j) * sum),
              share = forgotten * S::reciprocal(sum);
      S::store(a.forgotten + j, forgotten);
      S::store(a.g0 + j, share * l0 * S::load(a.i + j));
      S::store(a.g1 + j, share * l1 * S::load(a.i + j + row));
    }
  }

  // From what the memories say about the mixing of the steps to the pre-activations of the gates.
  // What belongs to step k stands in row k + 1, for a step that is not there stands zero.
  static void gates_reverse(const Arguments& a) {
    const long row = static_cast<long>(a.sequences) * a.heads, all = a.steps * row;
    for (long j = 0; j < all; j += kLanes) {
      const V l0 = S::load(a.l + j), l1 = S::load(a.l + j + row), sum = l0 + l1 + kTiny;
      const V inverse = S::reciprocal(sum), forgotten = S::load(a.forgotten + j);
      const V share = forgotten * inverse;
      Real *by_kept = a.by_kept + row + j, *by_g0 = a.by_g0 + row + j, *by_g1 = a.by_g1 + row + j;
      const V drive0 = l0 * S::load(a.i + j), drive1 = l1 * S::load(a.i + j + row);
      const V weighted = (S::load(by_g0) * drive0 + S::load(by_g1) * drive1) * inverse;
      const V by_half = (S::load(by_kept) - weighted) * (1 - forgotten);
      S::store(by_kept, by_half * S::load(a.half + j) - weighted * share);
      S::store(by_g0, S::load(by_g0) * share);
      S::store(by_g1, S::load(by_g1) * share);
    }
    Real* const steps[] = {a.by_kept, a.by_g0, a.by_g1};
    for (Real* by : steps) {
      for (long j = 0; j < row; ++j) by[j] = by[all + row + j] = 0;
    }
    for (long j = 0; j < all + row; j += kLanes) {
      const V by_sum = S::load(a.by_kept + row + j) + S::load(a.by_kept + j);
      const V by_drive = S::load(a.by_g0 + row + j) + S::load(a.by_g1 + j);
      S::store(a.d_i + j, by_drive * S::load(a.l + j) * S::load(a.di + j));
      S::store(a.d_f + j, (by_sum + by_drive * S::load(a.i + j)) * S::load(a.dl + j));
    }
    Real* p = a.d_projection + 3 * a.heads * a.dimension;
    for (long j = 0; j < all + row; j += a.heads, p += a.width) {
      for (int h = 0; h < a.heads; ++h) {
        p[h] = a.d_i[j + h];
        p[a.heads + h] = a.d_f[j + h];
      }
    }
  }

  template <int D, int VectorBytes>
  static constexpr bool kGrouped = D > 0 && VectorBytes / sizeof(Real) % (D > 0 ? D : 1) == 0;

  // Calls `use` with the loops for heads of D: groups that are vectors, or half ones where the
  // heads do not fill a vector, else single heads.
  template <int D, class Use>
  static void with_dimension(const Arguments& a, Use use) {
    if constexpr (kGrouped<D, Bytes>) {
      if (a.heads * D % kLanes == 0) return use(HeadGroups<Real, Bytes, D, Bytes>{});
    }
    if constexpr (Bytes == 64 && kGrouped<D, 32>) {
      if (a.heads * D % (kLanes / 2) == 0) return use(HeadGroups<Real, 32, D, Bytes>{});
    }
    use(SingleHeads<Real, Bytes, D>{});
  }

  template <class Use>
  static void with_memories(const Arguments& a, Use use) {
    switch (a.dimension) {
      case 2:
        return with_dimension<2>(a, use);
      case 4:
        return with_dimension<4>(a, use);
      case 8:
        return with_dimension<8>(a, use);
      case 16:
        return with_dimension<16>(a, use);
      default:
        return with_dimension<0>(a, use);
    }
  }

  static void forward(const Arguments& a) {
    gates(a);
    mixing(a);
    with_memories(a, [&a](auto memories) { memories.forward(a); });
  }

  static void backward(const Arguments& a) {
    with_memories(a, [&a](auto memories) { memories.backward(a); });
    gates_reverse(a);
  }

  static void step(const Arguments& a) {
    gates(a);
    mixing(a);
    with_memories(a, [&a](auto memories) { memories.step(a); });
  }
};

}  // namespace psi_xlstm::kernels
