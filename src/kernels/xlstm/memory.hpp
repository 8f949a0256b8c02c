#pragma once

/// @file
/// The memory of an published mLSTM for one instruction set. Its forward pass and
/// its reverse are four scans of one form (MemoryScan), each with a part of the memory in registers
/// from the first step to the last:
///
///     C[j][i] <- F C + k_j (J v_i),    h_i = sum_j q_j C[j][i]       forward
///     C[i][j] <- F C + v_i (J k_j),    dq_j = sum_i g_i C[i][j]      forward again, g by h
///     U[i][j] <- F' U + g_i q_j,       dk_j = J sum_i v_i U[i][j]    back in time, F' of the next
///     step U[j][i] <- F' U + q_j g_i,       dv_i = J sum_j k_j U[j][i]    back in time
///
/// In the second and third, the normaliser and its derivative are one more row.

#include "kernels/simd/vector.hpp"
#include "kernels/xlstm/arguments.hpp"

namespace psi_xlstm::kernels {

template <class Real, int Bytes>
struct MemoryLoops {
  using S = Simd<Real, Bytes>;
  using V = typename S::Vector;
  using Bits = typename S::Bits;
  static constexpr int W = S::kLanes;
  static constexpr int kRows = Bytes == 64 ? 16 : 8;  // of a memory in registers
  static constexpr int kSums = 4;                     // independent parts of a sum over rows
  static constexpr int kGroups = 4;                   // of which sums are made together

  static void memory_scan(const MemoryScan<Real>& a) {
    for (int sequence = 0; sequence < a.sequences; ++sequence) {
      for (int group = 0; group < a.in.groups; ++group) {
        for (int lane = 0; lane < a.in.lanes; lane += W) {
          if (a.in.heads_per_group > 1) {
            rows<W / 2 < kRows ? W / 2 : kRows, true>(a, sequence, group, lane, 0);
          } else {
            rows<kRows, false>(a, sequence, group, lane, 0);
          }
        }
      }
    }
  }

  static void vector_scan(const VectorScan<Real>& a) {
    for (int sequence = 0; sequence < a.sequences; ++sequence) {
      if (a.in.heads_per_group > 1) {
        for_each_group<true>(
            a.in, [&](auto count, int group) { vector_steps<true>(a, count, sequence, group); });
      } else {
        for_each_group<false>(
            a.in, [&](auto count, int group) { vector_steps<false>(a, count, sequence, group); });
      }
    }
  }

  /// The group's entry of HeadLanes::head_of.
  template <bool Packed>
  [[gnu::always_inline]] static inline Bits heads_of(const HeadLanes<Real>& in, int group) {
    return Packed ? order(in.head_of + group * W) : Bits{};
  }

  /// One number of each head in the lanes of that head.
  template <bool Packed>
  [[gnu::always_inline]] static inline V expand(const Real* heads, Bits head_of) {
    return Packed ? S::permute(S::load(heads), head_of) : S::splat(*heads);
  }

  /// So many groups side by side, of Lanes lanes each; 0: of any number of whole vectors.
  template <int Count, int Lanes>
  struct Groups {
    static constexpr int kCount = Count;
    static int lanes(const HeadLanes<Real>& in) { return Lanes > 0 ? Lanes : in.lanes; }
  };

  /// Calls work(Groups, first of them): as many as have their sums made together.
  template <bool Packed, class Work>
  [[gnu::always_inline]] static inline void for_each_group(const HeadLanes<Real>& in, Work work) {
    in.lanes == W ? for_groups_of<Packed, W>(in, work) : for_groups_of<Packed, 0>(in, work);
  }
  template <bool Packed, int Lanes, class Work>
  [[gnu::always_inline]] static inline void for_groups_of(const HeadLanes<Real>& in, Work work) {
    int group = 0;
    if constexpr (!Packed) {
      for (; group + kGroups <= in.groups; group += kGroups) work(Groups<kGroups, Lanes>{}, group);
    }
    for (; group < in.groups; ++group) work(Groups<1, Lanes>{}, group);
  }

  /// to[h] = the sum of x over the lanes of head h of these groups.
  template <bool Packed, int Count>
  [[gnu::always_inline]] static inline void store_dots(Real* to,
                                                       const V (&x)[Count],
                                                       const HeadLanes<Real>& in,
                                                       int group) {
    if constexpr (Packed) {
      V total{};
      for (int r = 0; r < in.dimension; ++r) total += S::permute(x[0], order(in.entry_of + r * W));
      alignas(Bytes) Real totals[W];
      S::store(totals, total);
      const int left = in.heads - group * in.heads_per_group;  // the last group may have fewer
      const int count = left < in.heads_per_group ? left : in.heads_per_group;
      for (int h = 0; h < count; ++h) to[h] = totals[h * in.dimension];
    } else {
      S::template store_sums<Count>(to, x);
    }
  }

 private:
  // The rows first .. D - 1 of the memory, R at a time.
  template <int R, bool Packed>
  static void rows(const MemoryScan<Real>& a, int sequence, int group, int lane, int first) {
    for (; first + R <= a.in.dimension; first += R) {
      if (first == 0 && a.extra) {
        scan<R, Packed, true>(a, sequence, group, lane, first);
      } else {
        scan<R, Packed, false>(a, sequence, group, lane, first);
      }
    }
    if constexpr (R > 1) {
      if (first < a.in.dimension) rows<R / 2, Packed>(a, sequence, group, lane, first);
    }
  }

  template <int R, bool Packed, bool Extra>
  static void scan(const MemoryScan<Real>& p, int sequence, int group, int lane, int first) {
    const HeadLanes<Real>& in = p.in;
    const Bits head_of = heads_of<Packed>(in, group);
    Bits entry_of[R];
#pragma GCC unroll 16
    for (int r = 0; r < R; ++r) {
      entry_of[r] = Packed ? order(in.entry_of + (first + r) * W) : Bits{};
    }
    const long head = static_cast<long>(sequence) * in.heads + group * in.heads_per_group;
    const long column = static_cast<long>(group) * in.lanes;
    const Real* a = p.a + sequence * p.a_stride + column + (Packed ? 0 : first);
    const Real* b = p.b + sequence * p.b_stride + column + lane;
    const Real* w = p.w + sequence * p.w_stride + column + (Packed ? 0 : first);
    Real* out = p.out + sequence * p.out_stride + column + lane;
    const Real* forget = p.forget + head;
    const Real* input = p.input + head;
    const long first_row =
        lane +
        ((static_cast<long>(sequence) * in.groups + group) * in.dimension + first) * in.lanes;
    Real* state = p.state + first_row;
    Real* extra_state =
        Extra ? p.extra + (static_cast<long>(sequence) * in.groups + group) * in.lanes + lane
              : nullptr;
    const Real* extra_a = Extra ? p.extra_a + head : nullptr;
    const Real* extra_w = Extra ? p.extra_w + head : nullptr;
    V s[R];
#pragma GCC unroll 16
    for (int r = 0; r < R; ++r) s[r] = S::load(p.start + first_row + r * in.lanes);
    // Copies: the compiler must think that a store to out changes what p holds.
    const long a_step = p.step_rows * p.a_stride, b_step = p.step_rows * p.b_stride;
    const long w_step = p.step_rows * p.w_stride, out_step = p.step_rows * p.out_stride;
    const long forget_step = p.forget_step, input_step = p.input_step;
    const long extra_a_step = p.extra_a_step, extra_w_step = p.extra_w_step;
    const int steps = p.steps;
    V extra = Extra ? S::load(extra_state) : V{};
    for (int t = 0; t < steps; ++t) {
      const V keep = expand<Packed>(forget, head_of);
      const V add = S::load(b) * expand<Packed>(input, head_of);
      const V all_a = Packed ? S::load(a) : V{}, all_w = Packed ? S::load(w) : V{};
      V sum[kSums] = {first > 0 ? S::load(out) : V{}};
      if constexpr (Extra) {
        extra = extra * keep + expand<Packed>(extra_a, head_of) * add;
        sum[0] = extra * expand<Packed>(extra_w, head_of);
        S::hold(sum[0]);  // rounded before the sum: gradients that all but cancel need that
        extra_a += extra_a_step;
        extra_w += extra_w_step;
      }
#pragma GCC unroll 16
      for (int r = 0; r < R; ++r) {
        const V a_r = Packed ? S::permute(all_a, entry_of[r]) : S::splat(a[r]);
        const V w_r = Packed ? S::permute(all_w, entry_of[r]) : S::splat(w[r]);
        s[r] = s[r] * keep + a_r * add;
        sum[r % kSums] += s[r] * w_r;
      }
      S::store(out, (sum[0] + sum[1]) + (sum[2] + sum[3]));
      a += a_step;
      b += b_step;
      w += w_step;
      out += out_step;
      forget += forget_step;
      input += input_step;
    }
#pragma GCC unroll 16
    for (int r = 0; r < R; ++r) S::store(state + r * in.lanes, s[r]);
    if constexpr (Extra) S::store(extra_state, extra);
  }

  template <bool Packed, int Count, int Lanes>
  static void vector_steps(const VectorScan<Real>& given,
                           Groups<Count, Lanes> groups,
                           int sequence,
                           int group) {
    const VectorScan<Real> p = given;  // as in scan()
    const int lanes = groups.lanes(p.in);
    const Bits head_of = heads_of<Packed>(p.in, group);
    long head = static_cast<long>(sequence) * p.in.heads + group * p.in.heads_per_group;
    const Real* b = p.b + sequence * p.b_stride + static_cast<long>(group) * lanes;
    const Real* w = p.w + sequence * p.w_stride + static_cast<long>(group) * lanes;
    Real* n = p.state + (static_cast<long>(sequence) * p.in.groups + group) * lanes;
    for (int t = 0; t < p.steps; ++t) {
      V products[Count] = {};
      for (int g = 0; g < Count; ++g) {
        const V forget = expand<Packed>(p.forget + head + g, head_of);
        const V input = expand<Packed>(p.input + head + g, head_of);
        for (int lane = g * lanes; lane < (g + 1) * lanes; lane += W) {
          const V next = S::load(n + lane) * forget + S::load(b + lane) * input;
          S::store(n + lane, next);
          products[g] += next * S::load(w + lane);
        }
      }
      store_dots<Packed>(p.dot + head, products, p.in, group);
      b += p.sequences * p.b_stride;
      w += p.sequences * p.w_stride;
      head += p.gate_lanes;
    }
  }

  [[gnu::always_inline]] static inline Bits order(const typename S::Integer* lanes) {
    typedef typename S::Integer Unaligned
        __attribute__((vector_size(Bytes), aligned(alignof(typename S::Integer)), may_alias));
    return *reinterpret_cast<const Unaligned*>(lanes);
  }
};

}  // namespace psi_xlstm::kernels
