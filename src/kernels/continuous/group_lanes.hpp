#pragma once

/// @file
/// A vector whose lanes are pairs (head, x): lane l is number l mod D of head l / D of a group of
/// heads. Only own templates here, see instruction_sets/avx512.cpp.

#include "kernels/simd/vector.hpp"

namespace psi_xlstm::kernels {

/// Where lanes come from, as __builtin_shuffle counts them.
template <class Real, int Bytes, int D>
struct GroupOrder {
  static constexpr int kLanes = Bytes / static_cast<int>(sizeof(Real));
  using Integer = typename IntegerOf<Real>::Type;
  alignas(Bytes) Integer row[D][kLanes] = {};      ///< Number x of the same head.
  alignas(Bytes) Integer partner[D][kLanes] = {};  ///< [step]: the lane that differs in one bit.
  alignas(Bytes) Integer head[kLanes] = {};        ///< The lane of the number of the head.
  alignas(Bytes) Integer first[kLanes] = {};       ///< The first lane of head l.

  constexpr GroupOrder() {
    for (int l = 0; l < kLanes; ++l) {
      for (int x = 0; x < D; ++x) row[x][l] = l / D * D + x;
      for (int step = 1; step < D; step *= 2) partner[step][l] = l ^ step;
      head[l] = l / D;
      first[l] = l * D % kLanes;
    }
  }
  static const GroupOrder kTable;
};
template <class Real, int Bytes, int D>
constexpr GroupOrder<Real, Bytes, D> GroupOrder<Real, Bytes, D>::kTable{};

template <class Real, int Bytes, int D>
struct GroupLanes {
  using S = Simd<Real, Bytes>;
  using V = typename S::Vector;
  using Bits = typename S::Bits;
  using Order = GroupOrder<Real, Bytes, D>;
  static constexpr int kLanes = S::kLanes;
  static constexpr int kHeads = kLanes / D;  ///< Heads of a group.

#define PSI_INLINE [[gnu::always_inline]] static inline

  /// A vector and where it lies in memory.
  struct Stored {
    V all;
    const Real* from;
  };
  PSI_INLINE Stored load(const Real* from) { return {S::load(from), from}; }

  /// Number x of each head in all its lanes.
  PSI_INLINE V row(const Stored& v, int x) {
    if constexpr (kHeads == 1) {
      return S::splat(v.from[x]);
    } else {
      return S::permute(v.all, bits(Order::kTable.row[x]));
    }
  }

  /// The numbers of the heads, each in all lanes of its head. Reads a whole vector.
  PSI_INLINE V spread(const Real* heads) {
    if constexpr (kHeads == 1) {
      return S::splat(*heads);
    } else {
      return S::permute(S::load(heads), bits(Order::kTable.head));
    }
  }

  /// The sum over each head in all its lanes; lanes, then pairs and so on onto each other.
  PSI_INLINE V sum(V x) {
#pragma GCC unroll 4
    for (int step = 1; step < D; step *= 2) {
      x += S::permute(x, bits(Order::kTable.partner[step]));
    }
    return x;
  }

  /// Writes one number of each head.
  PSI_INLINE void store_heads(Real* to, V x) {
    if constexpr (kHeads == 1) {
      *to = x[0];
    } else if constexpr (kHeads == 2) {
      to[0] = x[0];
      to[1] = x[D];
    } else {
      typedef Real Part
          __attribute__((vector_size(kHeads * sizeof(Real)), aligned(alignof(Real)), may_alias));
      const V front = S::permute(x, bits(Order::kTable.first));
      if constexpr (kHeads == 4) {
        *reinterpret_cast<Part*>(to) = __builtin_shufflevector(front, front, 0, 1, 2, 3);
      } else {
        *reinterpret_cast<Part*>(to) =
            __builtin_shufflevector(front, front, 0, 1, 2, 3, 4, 5, 6, 7);
      }
    }
  }

  /// Rows and columns of every head change places.
  PSI_INLINE void transpose(V (&x)[D]) {
#pragma GCC unroll 4
    for (int step = 1; step < D; step *= 2) {
#pragma GCC unroll 16
      for (int i = 0; i < D; ++i) {
        if (i & step) continue;
        const V low = S::exchange(x[i], x[i + step], step, false);
        x[i + step] = S::exchange(x[i], x[i + step], step, true);
        x[i] = low;
      }
    }
  }

#undef PSI_INLINE

 private:
  [[gnu::always_inline]] static inline Bits bits(const typename Order::Integer* lanes) {
    return *reinterpret_cast<const Bits*>(lanes);
  }
};

}  // namespace psi_xlstm::kernels
