#pragma once

/// @file
/// Work on the rows of an mLSTM's memory for one instruction set: normaliser, dot products of the
/// gates' gradients.

#include "kernels/simd/vector.hpp"
#include "kernels/xlstm/arguments.hpp"
#include "kernels/xlstm/memory.hpp"

namespace psi_xlstm::kernels {

template <class Real, int Bytes>
struct RowLoops {
  using S = Simd<Real, Bytes>;
  using V = typename S::Vector;
  using Memory = MemoryLoops<Real, Bytes>;
  using Bits = typename S::Bits;
  static constexpr int W = S::kLanes;
  static constexpr Real kDenominator = static_cast<Real>(1e-6);  // added to the denominator

#define PSI_INLINE [[gnu::always_inline]] static inline

  /// Factors and signs from the denominators.
  static void factors(const MlstmRows<Real>& a) {
    const long count = a.rows / a.sequences * a.gate_lanes;
    for (long l = 0; l < count; l += W) {
      const V dot = S::load(a.dot + l), floor = S::load(a.floor + l), size = S::abs(dot);
      const V sign = dot < 0 ? S::splat(-1) : S::splat(1);
      S::store(a.sign + l, size > floor ? sign : V{});
      S::store(a.factor + l, 1 / (S::max(size, floor) + kDenominator));
    }
  }

  /// These, and h by the numerators times the factors.
  static void normalise(const MlstmRows<Real>& a) {
    factors(a);
    a.in.heads_per_group > 1 ? scale<true>(a) : scale<false>(a);
  }

  /// d_h by h to that by the numerator; d_dot = - sum(d_h h) factor sign.
  static void normalise_backward(const MlstmRows<Real>& a) {
    a.in.heads_per_group > 1 ? unscale<true>(a) : unscale<false>(a);
  }

  static void gate_gradients(const MlstmRows<Real>& a) {
    a.in.heads_per_group > 1 ? gate_dots<true>(a) : gate_dots<false>(a);
  }

  /// Where the first head of a row is in the gates' arrays, from row to row.
  class FirstHead {
   public:
    explicit FirstHead(const MlstmRows<Real>* a)
        : heads_(a ? a->in.heads : 0), sequences_(a ? a->sequences : 1) {
      if (a) step_ = a->gate_lanes - heads_ * (sequences_ - 1);
    }
    long next() {
      const long head = head_;
      const bool last = ++sequence_ == sequences_;
      head_ += last ? step_ : heads_;
      if (last) sequence_ = 0;
      return head;
    }

   private:
    long heads_, sequences_, step_ = 0, sequence_ = 0, head_ = 0;
  };

  /// normalise() of one row, its first head where FirstHead says.
  template <bool Packed>
  PSI_INLINE void scale_row(const MlstmRows<Real>& a, long row, long first_head) {
    const long width = static_cast<long>(a.in.groups) * a.in.lanes;
    Memory::template for_each_group<Packed>(a.in, [&](auto count, int group) {
      const long head = first_head + group * a.in.heads_per_group;
      const Bits head_of = Memory::template heads_of<Packed>(a.in, group);
      const int lanes = count.lanes(a.in);
      for (int g = 0; g < count.kCount; ++g) {
        const V factor = Memory::template expand<Packed>(a.factor + head + g, head_of);
        Real* h = a.h + row * width + (group + g) * lanes;
        for (int lane = 0; lane < lanes; lane += W) {
          S::store(h + lane, S::load(h + lane) * factor);
        }
      }
    });
  }

  /// normalise_backward() of one row.
  template <bool Packed>
  PSI_INLINE void unscale_row(const MlstmRows<Real>& a, long row, long first_head) {
    const long width = static_cast<long>(a.in.groups) * a.in.lanes;
    Memory::template for_each_group<Packed>(a.in, [&](auto count, int group) {
      const long head = first_head + group * a.in.heads_per_group;
      const Bits head_of = Memory::template heads_of<Packed>(a.in, group);
      const int lanes = count.lanes(a.in);
      V products[count.kCount] = {};
      for (int g = 0; g < count.kCount; ++g) {
        const V factor = Memory::template expand<Packed>(a.factor + head + g, head_of);
        const long first = row * width + (group + g) * lanes;
        for (int lane = 0; lane < lanes; lane += W) {
          const V d = S::load(a.d_h + first + lane) * factor;
          S::store(a.d_h + first + lane, d);
          products[g] -= d * S::load(a.h + first + lane);
        }
        products[g] *= Memory::template expand<Packed>(a.sign + head + g, head_of);
      }
      Memory::template store_dots<Packed>(a.d_dot + head, products, a.in, group);
    });
  }

 private:
  template <bool Packed>
  static void scale(const MlstmRows<Real>& a) {
    FirstHead first_head(&a);
    for (int row = 0; row < a.rows; ++row) scale_row<Packed>(a, row, first_head.next());
  }

  template <bool Packed>
  static void unscale(const MlstmRows<Real>& a) {
    FirstHead first_head(&a);
    for (int row = 0; row < a.rows; ++row) unscale_row<Packed>(a, row, first_head.next());
  }

  template <bool Packed>
  static void gate_dots(const MlstmRows<Real>& given) {
    // A copy: the compiler must think that a store to a row changes what the arguments hold.
    const MlstmRows<Real> a = given;
    FirstHead first_head(&a);
    for (int row = 0; row < a.rows; ++row) gate_dots_row<Packed>(a, row, first_head.next());
  }

  template <bool Packed>
  PSI_INLINE void gate_dots_row(const MlstmRows<Real>& a, long row, long first_head) {
    Memory::template for_each_group<Packed>(a.in, [&](auto count, int group) {
      const long head = first_head + group * a.in.heads_per_group;
      const Bits head_of = Memory::template heads_of<Packed>(a.in, group);
      const int lanes = count.lanes(a.in);
      V by_k[count.kCount] = {}, by_forget[count.kCount] = {};
      for (int g = 0; g < count.kCount; ++g) {
        const V input = Memory::template expand<Packed>(a.input + head + g, head_of);
        const long first = row * a.stride + (group + g) * lanes;
        for (int lane = 0; lane < lanes; lane += W) {
          const long at = first + lane;
          const V d_k = S::load(a.dk + at) * input;
          S::store(a.dk + at, d_k);
          S::store(a.dv + at, S::load(a.dv + at) * input);
          const V product = d_k * S::load(a.k + at);
          by_k[g] += product;
          by_forget[g] += S::load(a.dq + at) * S::load(a.q + at) - product;
        }
      }
      Memory::template store_dots<Packed>(a.d_input + head, by_k, a.in, group);
      Memory::template store_dots<Packed>(a.d_forget + head, by_forget, a.in, group);
    });
  }

#undef PSI_INLINE
};

}  // namespace psi_xlstm::kernels
