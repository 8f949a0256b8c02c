#pragma once

/// @file
/// The matrix memory of the continuous cells head by head, for dimensions that do not divide a
/// vector. D is the dimension where the compiler knows it, else 0. Only own templates here, see
/// instruction_sets/avx512.cpp.

#include "kernels/continuous/arguments.hpp"
#include "kernels/simd/vector.hpp"

namespace psi_xlstm::kernels {

template <class Real, int Bytes, int D>
struct SingleHeads {
  using S = Simd<Real, Bytes>;
  using V = typename S::Vector;
  using Arguments = ContinuousMlstm<Real>;
  static constexpr int kLanes = S::kLanes;

  static int dimension(const Arguments& a) { return D > 0 ? D : a.dimension; }

  static Real dot(const Real* x, const Real* y, int d) {
    if constexpr (D > 0 && D % kLanes == 0) {
      V sum{};
      for (int j = 0; j < D; j += kLanes) sum += S::load(x + j) * S::load(y + j);
      return S::sum(sum);
    } else {
      Real sum = 0;
      for (int j = 0; j < (D > 0 ? D : d); ++j) sum += x[j] * y[j];
      return sum;
    }
  }

  // C <- kept C + g0 k0 v0^T + g1 k1 v1^T, n likewise. Rows of the memory are `stride` apart; q of
  // the head stands at p0 and at p1, the right edge. `scalars` is the head and the step.
  static void advance(
      Real* state, int stride, const Arguments& a, long scalars, const Real* p0, const Real* p1) {
    const int d = dimension(a), all = a.heads * d;
    const Real kept = 1 - a.forgotten[scalars], g0 = a.g0[scalars], g1 = a.g1[scalars];
    const Real *k0 = p0 + all, *v0 = p0 + 2 * all, *k1 = p1 + all, *v1 = p1 + 2 * all;
    Real* n = state + d * stride;
    for (int x = 0; x < d; ++x) {
      const Real c0 = g0 * k0[x], c1 = g1 * k1[x];
      Real* row = state + x * stride;
      for (int y = 0; y < d; ++y) row[y] = kept * row[y] + c0 * v0[y] + c1 * v1[y];
      n[x] = kept * n[x] + c0 + c1;
    }
  }

  // The output; sets s and 1 / sqrt(s^2 + 1).
  static void read(
      const Real* state, int stride, const Real* q, int d, Real* out, Real& s, Real& inverse) {
    const Real* n = state + d * stride;
    s = 0;
    for (int y = 0; y < d; ++y) out[y] = 0;
    for (int x = 0; x < d; ++x) {
      s += q[x] * n[x];
      const Real* row = state + x * stride;
      for (int y = 0; y < d; ++y) out[y] += q[x] * row[y];
    }
    inverse = 1 / S::root(s * s + 1);
    for (int y = 0; y < d; ++y) out[y] *= inverse;
  }

  // D + 1 rows of d.
  static void copy(Real* to, int to_stride, const Real* from, int from_stride, int d) {
    for (int x = 0; x <= d; ++x) {
      for (int y = 0; y < d; ++y) to[x * to_stride + y] = from[x * from_stride + y];
    }
  }

  static void forward_head(const Arguments& a, int b, int head) {
    const int d = dimension(a), all = a.heads * d;
    const long states = static_cast<long>(a.sequences) * (d + 1) * all;
    const long own = static_cast<long>(b) * (d + 1) * all + head * d;
    Real* state = a.state + own;
    for (int k = 0; k <= a.steps; ++k) {
      const long edge = static_cast<long>(k) * a.sequences + b, scalars = edge * a.heads + head;
      const Real* p = a.projection + edge * a.width + head * d;
      if (k % kCheckpointSteps == 0) {
        copy(a.checkpoints + k / kCheckpointSteps * states + own, all, state, all, d);
      }
      read(state, all, p, d, a.output + edge * a.stride + head * d, a.s[scalars],
           a.inverse[scalars]);
      if (k < a.steps) {
        advance(state, all, a, scalars, p, p + static_cast<long>(a.sequences) * a.width);
      }
    }
  }

  static void forward(const Arguments& a) {
    for (int b = 0; b < a.sequences; ++b) {
      for (int head = 0; head < a.heads; ++head) forward_head(a, b, head);
    }
  }

  // A step of the memory of one head and what the query reads of it, in one go.
  static void step_in_vectors(const Arguments& a, int head) {
    constexpr int kVectors = D > 0 ? D / kLanes : 1;
    const int all = a.heads * D;
    const Real* left = a.projection + head * D;
    const Real* right = left + a.width;
    const Real kept = 1 - a.forgotten[head], g0 = a.g0[head], g1 = a.g1[head];
    V v0[kVectors], v1[kVectors], sum[kVectors];
#pragma GCC unroll 8
    for (int y = 0; y < kVectors; ++y) {
      v0[y] = S::load(left + 2 * all + y * kLanes);
      v1[y] = S::load(right + 2 * all + y * kLanes);
      sum[y] = V{};
    }
    Real s = 0;
    Real *state = a.state + head * D, *n = state + D * all;
    for (int x = 0; x < D; ++x) {
      const Real c0 = g0 * left[all + x], c1 = g1 * right[all + x], q = right[x];
      n[x] = kept * n[x] + c0 + c1;
      s += q * n[x];
#pragma GCC unroll 8
      for (int y = 0; y < kVectors; ++y) {
        Real* row = state + x * all + y * kLanes;
        const V next = kept * S::load(row) + c0 * v0[y] + c1 * v1[y];
        S::store(row, next);
        sum[y] += q * next;
      }
    }
    const Real inverse = 1 / S::root(s * s + 1);
#pragma GCC unroll 8
    for (int y = 0; y < kVectors; ++y) {
      S::store(a.output + head * D + y * kLanes, sum[y] * inverse);
    }
  }

  static void step(const Arguments& a) {
    const int d = dimension(a), all = a.heads * d;
    for (int head = 0; head < a.heads; ++head) {
      if constexpr (D > 0 && D % kLanes == 0) {
        step_in_vectors(a, head);
      } else {
        const Real* p = a.projection + head * d;
        advance(a.state + head * d, all, a, head, p, p + a.width);
        read(a.state + head * d, all, p + a.width, d, a.output + head * d, a.s[head],
             a.inverse[head]);
      }
    }
  }

  // Sets the derivative by q and adds to that by the memory, [D + 1][D], what the output at one
  // edge says.
  static void read_reverse(
      const Arguments& a, long edge, int head, const Real* state, Real* d_state) {
    const int d = dimension(a);
    const Real *q = a.projection + edge * a.width + head * d, *n = state + d * d;
    const Real* h = a.output + edge * a.stride + head * d;
    const Real* dh = a.d_output + edge * a.stride + head * d;
    const Real s = a.s[edge * a.heads + head], inverse = a.inverse[edge * a.heads + head];
    const Real ds = -dot(dh, h, d) * s * inverse * inverse;
    Real *dq = a.d_projection + edge * a.width + head * d, *dn = d_state + d * d;
    for (int x = 0; x < d; ++x) {
      const Real* row = state + x * d;
      Real* d_row = d_state + x * d;
      const Real weight = q[x] * inverse, sum = dot(row, dh, d);
      for (int y = 0; y < d; ++y) d_row[y] += weight * dh[y];
      dq[x] = sum * inverse + ds * n[x];
      dn[x] += ds * q[x];
    }
  }

  // Step k -> k + 1 in reverse: `state` is that at k, `d_state` by that at k + 1, then at k.
  static void advance_reverse(
      const Arguments& a, long edge, int head, const Real* state, Real* d_state) {
    const int d = dimension(a), all = a.heads * d;
    const long next = edge + a.sequences, scalars = edge * a.heads + head;
    const Real kept = 1 - a.forgotten[scalars], g0 = a.g0[scalars], g1 = a.g1[scalars];
    const Real* p0 = a.projection + edge * a.width + head * d;
    const Real* p1 = a.projection + next * a.width + head * d;
    Real* d0 = a.d_projection + edge * a.width + head * d;
    Real* d1 = a.d_projection + next * a.width + head * d;
    const Real *k0 = p0 + all, *v0 = p0 + 2 * all, *k1 = p1 + all, *v1 = p1 + 2 * all;
    Real *dk0 = d0 + all, *dv0 = d0 + 2 * all, *dk1 = d1 + all, *dv1 = d1 + 2 * all;
    Real by_kept = 0, by_g0 = 0, by_g1 = 0;
    Real* dn = d_state + d * d;
    for (int y = 0; y < d; ++y) dv0[y] = 0;
    for (int x = 0; x < d; ++x) {
      const Real* row = state + x * d;
      Real* d_row = d_state + x * d;
      const Real along0 = dn[x] + dot(d_row, v0, d), along1 = dn[x] + dot(d_row, v1, d);
      const Real c0 = g0 * k0[x], c1 = g1 * k1[x];
      by_kept += dn[x] * state[d * d + x] + dot(d_row, row, d);
      for (int y = 0; y < d; ++y) {
        dv0[y] += c0 * d_row[y];
        dv1[y] += c1 * d_row[y];
        d_row[y] *= kept;
      }
      by_g0 += along0 * k0[x];
      by_g1 += along1 * k1[x];
      dk0[x] = g0 * along0;
      dk1[x] += g1 * along1;
      dn[x] *= kept;
    }
    const long row = static_cast<long>(a.sequences) * a.heads + scalars;
    a.by_kept[row] = by_kept;
    a.by_g0[row] = by_g0;
    a.by_g1[row] = by_g1;
  }

  // The derivatives by k and v at the last edge and by the memory are zero where nothing follows.
  static void forget(const Arguments& a, int b, int head, Real* d_state) {
    const int d = dimension(a), all = a.heads * d;
    const long edge = static_cast<long>(a.steps) * a.sequences + b;
    Real* last = a.d_projection + edge * a.width + head * d;
    for (int x = 0; x < d; ++x) last[all + x] = last[2 * all + x] = 0;
    for (int j = 0; j < d * d + d; ++j) d_state[j] = 0;
  }

  static void backward_head(const Arguments& a, int b, int head) {
    const int d = dimension(a), size = d * d + d, all = a.heads * d;
    const long states = static_cast<long>(a.sequences) * (d + 1) * all;
    const long own = static_cast<long>(b) * (d + 1) * all + head * d;
    Real* d_state = a.work + kCheckpointSteps * size;
    forget(a, b, head, d_state);
    for (int piece = a.steps / kCheckpointSteps; piece >= 0; --piece) {
      const int first = piece * kCheckpointSteps, end = first + kCheckpointSteps - 1;
      const int last = end < a.steps ? end : a.steps;
      copy(a.work, d, a.checkpoints + piece * states + own, all, d);
      for (int k = first; k < last; ++k) {
        Real* from = a.work + (k - first) * size;
        for (int j = 0; j < size; ++j) from[size + j] = from[j];
        const long edge = static_cast<long>(k) * a.sequences + b;
        const Real* p = a.projection + edge * a.width + head * d;
        advance(from + size, d, a, edge * a.heads + head, p,
                p + static_cast<long>(a.sequences) * a.width);
      }
      for (int k = last; k >= first; --k) {
        const Real* state = a.work + (k - first) * size;
        const long edge = static_cast<long>(k) * a.sequences + b;
        if (k < a.steps) advance_reverse(a, edge, head, state, d_state);
        read_reverse(a, edge, head, state, d_state);
      }
    }
    copy(a.d_state + own, all, d_state, d, d);
  }

  static void backward(const Arguments& a) {
    for (int b = 0; b < a.sequences; ++b) {
      for (int head = 0; head < a.heads; ++head) backward_head(a, b, head);
    }
  }
};

}  // namespace psi_xlstm::kernels
