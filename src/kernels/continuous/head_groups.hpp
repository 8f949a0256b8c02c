#pragma once

/// @file
/// The matrix memory of the continuous cells where a group of heads of D makes a vector: its
/// lanes are (head, y), a memory is D vectors and one more for n, (head, x). Only own templates
/// here, see instruction_sets/avx512.cpp; `SetBytes`, the vector of the instruction set, tells the
/// names of half vectors there from those of whole ones elsewhere.

#include "kernels/continuous/arguments.hpp"
#include "kernels/continuous/group_lanes.hpp"
#include "kernels/simd/vector.hpp"

namespace psi_xlstm::kernels {

template <class Real, int Bytes, int D, int SetBytes>
struct HeadGroups {
  using S = Simd<Real, Bytes>;
  using V = typename S::Vector;
  using Lanes = GroupLanes<Real, Bytes, D>;
  using Stored = typename Lanes::Stored;
  using Arguments = ContinuousMlstm<Real>;
  static constexpr int kLanes = S::kLanes;
  static constexpr int kHeads = Lanes::kHeads;

#define PSI_INLINE [[gnu::always_inline]] static inline

  // Rows x of C, in the reverse pass columns y; then n.
  struct Memory {
    V row[D];
    V n;
  };

  // `from` points at the first row of the group.
  PSI_INLINE void load(Memory& m, const Real* from, int all) {
#pragma GCC unroll 16
    for (int x = 0; x < D; ++x) m.row[x] = S::load(from + x * all);
    m.n = S::load(from + D * all);
  }
  PSI_INLINE void store(Real* to, const Memory& m, int all) {
#pragma GCC unroll 16
    for (int x = 0; x < D; ++x) S::store(to + x * all, m.row[x]);
    S::store(to + D * all, m.n);
  }

  // C <- kept C + g0 k0 v0^T + g1 k1 v1^T, n likewise; lanes are numbers of `along`, rows those of
  // `across`: (v, k), or (k, v) where the memory is transposed. `scalars` is the first head of the
  // group and the step.
  PSI_INLINE void advance(Memory& m,
                          const Arguments& a,
                          long scalars,
                          const Stored (&along)[2],
                          const Stored (&across)[2],
                          const Stored (&k)[2]) {
    const V kept = 1 - Lanes::spread(a.forgotten + scalars);
    const V g0 = Lanes::spread(a.g0 + scalars), g1 = Lanes::spread(a.g1 + scalars);
    const V a0 = g0 * along[0].all, a1 = g1 * along[1].all;
#pragma GCC unroll 16
    for (int x = 0; x < D; ++x) {
      m.row[x] = kept * m.row[x] + (Lanes::row(across[0], x) * a0 + Lanes::row(across[1], x) * a1);
    }
    m.n = kept * m.n + (g0 * k[0].all + g1 * k[1].all);
  }

  // Step of the group whose q stand at p0 and at p1, its right edge.
  PSI_INLINE void advance(Memory& m,
                          const Arguments& a,
                          long scalars,
                          const Real* p0,
                          const Real* p1,
                          bool transposed) {
    const int all = a.heads * D;
    const Stored k[2] = {Lanes::load(p0 + all), Lanes::load(p1 + all)};
    const Stored v[2] = {Lanes::load(p0 + 2 * all), Lanes::load(p1 + 2 * all)};
    if (transposed) {
      advance(m, a, scalars, k, v, k);
    } else {
      advance(m, a, scalars, v, k, k);
    }
  }

  // C^T q before it is divided, and s.
  PSI_INLINE void read(const Memory& m, const Real* query, Real* out, Real* s) {
    const Stored q = Lanes::load(query);
    Lanes::store_heads(s, Lanes::sum(q.all * m.n));
    V sum[2] = {};
#pragma GCC unroll 16
    for (int x = 0; x < D; ++x) sum[x % 2] += Lanes::row(q, x) * m.row[x];
    S::store(out, sum[0] + sum[1]);
  }

  static int last_of(const Arguments& a, int begin) {
    const int end = begin + kCheckpointSteps - 1;
    return end < a.steps ? end : a.steps;
  }

  // The edges from a checkpoint on to the next one, one group of one sequence.
  static void forward_piece(const Arguments& a, int begin, int b, int first) {
    const int all = a.heads * D, last = last_of(a, begin);
    const long states = static_cast<long>(a.sequences) * (D + 1) * all;
    const long own = static_cast<long>(b) * (D + 1) * all + first;
    const long next = static_cast<long>(a.sequences) * a.width;
    Memory m;
    load(m, a.state + own, all);
    store(a.checkpoints + begin / kCheckpointSteps * states + own, m, all);
    for (int k = begin; k <= last; ++k) {
      const long edge = static_cast<long>(k) * a.sequences + b;
      const long scalars = edge * a.heads + first / D;
      const Real* p = a.projection + edge * a.width + first;
      read(m, p, a.output + edge * a.stride + first, a.s + scalars);
      if (k < a.steps) advance(m, a, scalars, p, p + next, false);
    }
    store(a.state + own, m, all);
  }

  // Divides the output of one group at one edge by sqrt(s^2 + 1).
  PSI_INLINE void normalise(Real* out, const Real* inverse) {
    S::store(out, S::load(out) * Lanes::spread(inverse));
  }

  static void normalise(const Arguments& a) {
    const long edges = static_cast<long>(a.steps + 1) * a.sequences;
    for (long j = 0; j < edges * a.heads; ++j) a.inverse[j] = 1 / S::root(a.s[j] * a.s[j] + 1);
    for (long e = 0; e < edges; ++e) {
      for (int first = 0; first < a.heads * D; first += kLanes) {
        normalise(a.output + e * a.stride + first, a.inverse + e * a.heads + first / D);
      }
    }
  }

  // All sequences and groups from checkpoint to checkpoint: what they read lies side by side.
  static void forward(const Arguments& a) {
    for (int begin = 0; begin <= a.steps; begin += kCheckpointSteps) {
      for (int b = 0; b < a.sequences; ++b) {
        for (int first = 0; first < a.heads * D; first += kLanes) forward_piece(a, begin, b, first);
      }
    }
    normalise(a);
  }

  // One step of one sequence; `output`, `s` and `inverse` are those of the right edge.
  static void step(const Arguments& a) {
    const int all = a.heads * D;
    for (int first = 0; first < all; first += kLanes) {
      const Real* p = a.projection + first;
      Memory m;
      load(m, a.state + first, all);
      advance(m, a, first / D, p, p + a.width, false);
      store(a.state + first, m, all);
      Real *s = a.s + first / D, *inverse = a.inverse + first / D;
      read(m, p + a.width, a.output + first, s);
      for (int h = 0; h < kHeads; ++h) inverse[h] = 1 / S::root(s[h] * s[h] + 1);
      normalise(a.output + first, inverse);
    }
  }

  // Derivatives by the memory, by rows and by columns, and those by k and v of the edge to the left
  // as far as its own step goes.
  struct Reverse {
    V row[D], column[D];
    V n, k, v;
  };

  // What edge k and the step behind it say; `kLast`: there is none. `m` is the memory at edge k,
  // transposed; `d` is by that at k + 1, then by that at k.
  template <bool kLast>
  PSI_INLINE void reverse(
      const Arguments& a, int k, int b, int first, const Memory& m, Reverse& d) {
    const int all = a.heads * D;
    const long edge = static_cast<long>(k) * a.sequences + b, next = edge + a.sequences;
    const long scalars = edge * a.heads + first / D;
    const Real* p0 = a.projection + edge * a.width + first;
    [[maybe_unused]] const Real* p1 = kLast ? p0 : a.projection + next * a.width + first;
    const V inverse = Lanes::spread(a.inverse + scalars), s = Lanes::spread(a.s + scalars);
    const V dh = S::load(a.d_output + edge * a.stride + first);
    const V along = Lanes::sum(dh * S::load(a.output + edge * a.stride + first));
    const V ds = -along * s * inverse * inverse;
    alignas(Bytes) Real scaled[kLanes];
    S::store(scaled, dh * inverse);
    const Stored by_read = {dh * inverse, scaled}, q = Lanes::load(p0);
    const Stored k0 = Lanes::load(p0 + all), k1 = Lanes::load(p1 + all);
    const Stored v0 = Lanes::load(p0 + 2 * all), v1 = Lanes::load(p1 + 2 * all);
    const V kept = kLast ? V{} : 1 - Lanes::spread(a.forgotten + scalars);
    V along0 = d.n, along1 = d.n, by_kept = d.n * m.n, dq = ds * m.n, dv0{}, dv1{};
#pragma GCC unroll 16
    for (int y = 0; y < D; ++y) {
      const V from = Lanes::row(by_read, y);
      if constexpr (kLast) {
        d.column[y] = from * q.all;
      } else {
        along0 += d.column[y] * Lanes::row(v0, y);
        along1 += d.column[y] * Lanes::row(v1, y);
        by_kept += d.column[y] * m.row[y];
        d.column[y] = kept * d.column[y] + from * q.all;
      }
      dq += m.row[y] * from;
    }
#pragma GCC unroll 16
    for (int x = 0; x < D; ++x) {
      const V from = Lanes::row(q, x);
      if constexpr (kLast) {
        d.row[x] = from * by_read.all;
      } else {
        dv0 += d.row[x] * Lanes::row(k0, x);
        dv1 += d.row[x] * Lanes::row(k1, x);
        d.row[x] = kept * d.row[x] + from * by_read.all;
      }
    }
    S::store(a.d_projection + edge * a.width + first, dq);
    if constexpr (kLast) {
      d.n = ds * q.all;
      d.k = d.v = V{};
    } else {
      const V g0 = Lanes::spread(a.g0 + scalars), g1 = Lanes::spread(a.g1 + scalars);
      const long row = static_cast<long>(a.sequences) * a.heads;
      Lanes::store_heads(a.by_kept + row + scalars, Lanes::sum(by_kept));
      Lanes::store_heads(a.by_g0 + row + scalars, Lanes::sum(along0 * k0.all));
      Lanes::store_heads(a.by_g1 + row + scalars, Lanes::sum(along1 * k1.all));
      Real* right = a.d_projection + next * a.width + first;
      S::store(right + all, d.k + g1 * along1);
      S::store(right + 2 * all, d.v + g1 * dv1);
      d.k = g0 * along0;
      d.v = g0 * dv0;
      d.n = kept * d.n + ds * q.all;
    }
  }

  // What the pieces behind this one said; where there is none, zero.
  PSI_INLINE void load(Reverse& d, const Arguments& a, long edge, long own, int first) {
    const int all = a.heads * D;
    const Real* behind = a.d_projection + edge * a.width + first;
#pragma GCC unroll 16
    for (int x = 0; x < D; ++x) d.row[x] = d.column[x] = S::load(a.d_state + own + x * all);
    Lanes::transpose(d.column);
    d.n = S::load(a.d_state + own + D * all);
    d.k = S::load(behind + all);
    d.v = S::load(behind + 2 * all);
  }
  PSI_INLINE void store(const Reverse& d, const Arguments& a, long edge, long own, int first) {
    const int all = a.heads * D;
    Real* here = a.d_projection + edge * a.width + first;
#pragma GCC unroll 16
    for (int x = 0; x < D; ++x) S::store(a.d_state + own + x * all, d.row[x]);
    S::store(a.d_state + own + D * all, d.n);
    S::store(here + all, d.k);
    S::store(here + 2 * all, d.v);
  }

  static void backward_piece(const Arguments& a, int begin, int b, int first) {
    const int all = a.heads * D, last = last_of(a, begin);
    const long states = static_cast<long>(a.sequences) * (D + 1) * all;
    const long own = static_cast<long>(b) * (D + 1) * all + first;
    const long next = static_cast<long>(a.sequences) * a.width;
    Memory m, memory[kCheckpointSteps];
    load(m, a.checkpoints + begin / kCheckpointSteps * states + own, all);
    Lanes::transpose(m.row);
    memory[0] = m;
    for (int k = begin; k < last; ++k) {
      const long edge = static_cast<long>(k) * a.sequences + b;
      const Real* p = a.projection + edge * a.width + first;
      advance(m, a, edge * a.heads + first / D, p, p + next, true);
      memory[k + 1 - begin] = m;
    }
    Reverse d{};
    int k = last;
    if (last == a.steps) {
      reverse<true>(a, k, b, first, memory[k - begin], d);
      --k;
    } else {
      load(d, a, static_cast<long>(last + 1) * a.sequences + b, own, first);
    }
    for (; k >= begin; --k) reverse<false>(a, k, b, first, memory[k - begin], d);
    store(d, a, static_cast<long>(begin) * a.sequences + b, own, first);
  }

  static void backward(const Arguments& a) {
    for (int piece = a.steps / kCheckpointSteps; piece >= 0; --piece) {
      for (int b = 0; b < a.sequences; ++b) {
        for (int first = 0; first < a.heads * D; first += kLanes) {
          backward_piece(a, piece * kCheckpointSteps, b, first);
        }
      }
    }
  }

#undef PSI_INLINE
};

}  // namespace psi_xlstm::kernels
