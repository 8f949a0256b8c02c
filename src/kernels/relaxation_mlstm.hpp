#pragma once

/// @file
/// Matrix memory of the relaxation convention for one instruction set:
/// equations::mlstm_relaxation_step and its exact reverse. Only own templates here, see
/// isa_avx512.cpp.

#include "relaxation_arguments.hpp"
#include "simd_vector.hpp"

namespace psi_xlstm::kernels {

template <class Real, int Bytes>
struct MlstmRelaxationLoops {
  using S = Simd<Real, Bytes>;
  using V = typename S::Vector;

  // How a step mixes memory and drives: C <- kept C + g0 k0 v0^T + g1 k1 v1^T.
  struct Mixing {
    Real kept, forgotten, inverse, g0, g1;
  };

  static Mixing mixing(const MlstmRelaxation<Real>& a, int k, int b, int head) {
    const long e0 = (static_cast<long>(k) * a.sequences + b) * a.heads + head;
    const long e1 = e0 + static_cast<long>(a.sequences) * a.heads;
    Mixing m;
    m.forgotten = a.forgotten[e0];
    m.kept = 1 - m.forgotten;
    m.inverse = 1 / (a.l[e0] + a.l[e1] + kTiny);
    m.g0 = m.forgotten * m.inverse * a.l[e0] * a.i[e0];
    m.g1 = m.forgotten * m.inverse * a.l[e1] * a.i[e1];
    return m;
  }

  // Gates of all edges; pre-activations stand behind q, k and v. Then what each step forgets. Whole
  // vectors always: the arrays are one vector longer than what counts.
  static void gates(const MlstmRelaxation<Real>& a) {
    const long edges = static_cast<long>(a.steps + 1) * a.sequences, all = edges * a.heads;
    const int first = 3 * a.heads * a.dimension;
    for (long e = 0; e < edges; ++e) {
      const Real* p = a.projection + e * a.width + first;
      for (int h = 0; h < a.heads; ++h) {
        a.i[e * a.heads + h] = p[h];
        a.l[e * a.heads + h] = p[a.heads + h];
      }
    }
    for (long j = 0; j < all; j += S::kLanes) {
      const V f = S::load(a.l + j), u = S::exp(-S::abs(f));
      S::store(a.l + j, S::max(-f, V{}) + S::log1p(u));
      S::store(a.dl + j, (f < 0 ? V{} - 1 : -u) / (1 + u));
      const V t = S::tanh(S::load(a.i + j) / Real(kInputGateBound));
      const V i = S::exp(t * Real(kInputGateBound));
      S::store(a.i + j, i);
      S::store(a.di + j, i * (1 - t * t));
    }
    const long step = static_cast<long>(a.sequences) * a.heads, steps = all - step;
    for (long k = 0; k < steps; ++k) {
      a.forgotten[k] = -a.rho[k / a.heads] * (a.l[k] + a.l[k + step] + kTiny) / 2;
    }
    for (long j = 0; j < steps; j += S::kLanes) {
      S::store(a.forgotten + j, -S::expm1(S::load(a.forgotten + j)));
    }
  }

  // D is the dimension where the compiler knows it, else 0.
  template <int D>
  static Real dot(const Real* x, const Real* y, int dimension) {
    if constexpr (D > 0 && D % S::kLanes == 0) {
      V sum{};
      for (int j = 0; j < D; j += S::kLanes) sum += S::load(x + j) * S::load(y + j);
      return S::sum(sum);
    } else {
      Real sum = 0;
      for (int j = 0; j < (D > 0 ? D : dimension); ++j) sum += x[j] * y[j];
      return sum;
    }
  }

  template <int D>
  static void advance(
      Real* state, const Mixing& m, const Real* p0, const Real* p1, int width, int dimension) {
    const int d = D > 0 ? D : dimension;
    const Real *k0 = p0 + width, *v0 = p0 + 2 * width, *k1 = p1 + width, *v1 = p1 + 2 * width;
    Real* n = state + d * d;
    for (int x = 0; x < d; ++x) {
      const Real c0 = m.g0 * k0[x], c1 = m.g1 * k1[x];
      Real* row = state + x * d;
      for (int y = 0; y < d; ++y) row[y] = m.kept * row[y] + c0 * v0[y] + c1 * v1[y];
      n[x] = m.kept * n[x] + c0 + c1;
    }
  }

  template <int D>
  static Real read(const Real* state, const Real* q, int dimension, Real* out) {
    const int d = D > 0 ? D : dimension;
    const Real* n = state + d * d;
    Real s = 0;
    for (int y = 0; y < d; ++y) out[y] = 0;
    for (int x = 0; x < d; ++x) {
      s += q[x] * n[x];
      const Real* row = state + x * d;
      for (int y = 0; y < d; ++y) out[y] += q[x] * row[y];
    }
    const Real inverse = static_cast<Real>(1 / __builtin_sqrt(s * s + 1));
    for (int y = 0; y < d; ++y) out[y] *= inverse;
    return s;
  }

  template <int D>
  static void forward_head(const MlstmRelaxation<Real>& a, int b, int head) {
    const int d = D > 0 ? D : a.dimension, size = d * d + d, all = a.heads * d;
    Real* state = a.state + (static_cast<long>(b) * a.heads + head) * size;
    for (int k = 0; k <= a.steps; ++k) {
      const long edge = static_cast<long>(k) * a.sequences + b;
      const Real* p = a.projection + edge * a.width + head * d;
      if (k % kCheckpointSteps == 0) {
        Real* kept =
            a.checkpoints +
            ((static_cast<long>(k / kCheckpointSteps) * a.sequences + b) * a.heads + head) * size;
        for (int j = 0; j < size; ++j) kept[j] = state[j];
      }
      a.s[edge * a.heads + head] = read<D>(state, p, d, a.output + edge * all + head * d);
      if (k < a.steps) {
        const Real* next = p + static_cast<long>(a.sequences) * a.width;
        advance<D>(state, mixing(a, k, b, head), p, next, all, d);
      }
    }
  }

  // Adds to the derivatives by q (set) and by the state what the output at one edge says.
  template <int D>
  static void read_reverse(const Real* state,
                           const Real* q,
                           Real s,
                           const Real* h,
                           const Real* dh,
                           int dimension,
                           Real* dq,
                           Real* d_state) {
    const int d = D > 0 ? D : dimension;
    const Real inverse = static_cast<Real>(1 / __builtin_sqrt(s * s + 1));
    const Real along = dot<D>(dh, h, d);
    const Real ds = -along * s * inverse * inverse;
    const Real* n = state + d * d;
    Real* dn = d_state + d * d;
    for (int x = 0; x < d; ++x) {
      const Real* row = state + x * d;
      Real* d_row = d_state + x * d;
      const Real weight = q[x] * inverse, sum = dot<D>(row, dh, d);
      for (int y = 0; y < d; ++y) d_row[y] += weight * dh[y];
      dq[x] = sum * inverse + ds * n[x];
      dn[x] += ds * q[x];
    }
  }

  // Step k -> k + 1 in reverse: `state` is that at k, `d_state` by that at k + 1, then at k.
  template <int D>
  static void advance_reverse(
      const MlstmRelaxation<Real>& a, int k, int b, int head, const Real* state, Real* d_state) {
    const int d = D > 0 ? D : a.dimension, all = a.heads * d;
    const Mixing m = mixing(a, k, b, head);
    const long edge = static_cast<long>(k) * a.sequences + b, next = edge + a.sequences;
    const Real* p0 = a.projection + edge * a.width + head * d;
    const Real* p1 = a.projection + next * a.width + head * d;
    Real* d0 = a.d_projection + edge * a.width + head * d;
    Real* d1 = a.d_projection + next * a.width + head * d;
    const Real *k0 = p0 + all, *v0 = p0 + 2 * all, *k1 = p1 + all, *v1 = p1 + 2 * all;
    Real by_kept = 0, by_g0 = 0, by_g1 = 0;
    Real* dn = d_state + d * d;
    for (int x = 0; x < d; ++x) {
      const Real* row = state + x * d;
      Real* d_row = d_state + x * d;
      const Real along0 = dn[x] + dot<D>(d_row, v0, d), along1 = dn[x] + dot<D>(d_row, v1, d);
      const Real kept = dn[x] * state[d * d + x] + dot<D>(d_row, row, d);
      const Real c0 = m.g0 * k0[x], c1 = m.g1 * k1[x];
      Real *dv0 = d0 + 2 * all, *dv1 = d1 + 2 * all;
      for (int y = 0; y < d; ++y) {
        dv0[y] += c0 * d_row[y];
        dv1[y] += c1 * d_row[y];
        d_row[y] *= m.kept;
      }
      by_kept += kept;
      by_g0 += along0 * k0[x];
      by_g1 += along1 * k1[x];
      d0[all + x] += m.g0 * along0;
      d1[all + x] += m.g1 * along1;
      dn[x] *= m.kept;
    }
    const long e0 = edge * a.heads + head, e1 = next * a.heads + head;
    const Real drive0 = a.l[e0] * a.i[e0], drive1 = a.l[e1] * a.i[e1];
    const Real weighted = (by_g0 * drive0 + by_g1 * drive1) * m.inverse;
    const Real by_sum = (weighted - by_kept) * m.kept * a.rho[k * a.sequences + b] / 2 -
                        weighted * m.inverse * m.forgotten;
    const Real share = m.forgotten * m.inverse;
    Real* gate0 = a.d_projection + edge * a.width + 3 * all + head;
    Real* gate1 = a.d_projection + next * a.width + 3 * all + head;
    gate0[0] += by_g0 * share * a.l[e0] * a.di[e0];
    gate1[0] += by_g1 * share * a.l[e1] * a.di[e1];
    gate0[a.heads] += (by_sum + by_g0 * share * a.i[e0]) * a.dl[e0];
    gate1[a.heads] += (by_sum + by_g1 * share * a.i[e1]) * a.dl[e1];
  }

  template <int D>
  static void backward_head(const MlstmRelaxation<Real>& a, int b, int head) {
    const int d = D > 0 ? D : a.dimension, size = d * d + d, all = a.heads * d;
    Real* d_state = a.d_state + (static_cast<long>(b) * a.heads + head) * size;
    for (int first = a.steps / kCheckpointSteps * kCheckpointSteps; first >= 0;
         first -= kCheckpointSteps) {
      const int last =
          first + kCheckpointSteps - 1 < a.steps ? first + kCheckpointSteps - 1 : a.steps;
      const Real* kept =
          a.checkpoints +
          ((static_cast<long>(first / kCheckpointSteps) * a.sequences + b) * a.heads + head) * size;
      for (int j = 0; j < size; ++j) a.work[j] = kept[j];
      for (int k = first; k < last; ++k) {
        Real* from = a.work + (k - first) * size;
        for (int j = 0; j < size; ++j) from[size + j] = from[j];
        const Real* p =
            a.projection + (static_cast<long>(k) * a.sequences + b) * a.width + head * d;
        advance<D>(from + size, mixing(a, k, b, head), p,
                   p + static_cast<long>(a.sequences) * a.width, all, d);
      }
      for (int k = last; k >= first; --k) {
        const Real* state = a.work + (k - first) * size;
        if (k < a.steps) advance_reverse<D>(a, k, b, head, state, d_state);
        const long edge = static_cast<long>(k) * a.sequences + b;
        read_reverse<D>(state, a.projection + edge * a.width + head * d, a.s[edge * a.heads + head],
                        a.output + edge * all + head * d, a.d_output + edge * all + head * d, d,
                        a.d_projection + edge * a.width + head * d, d_state);
      }
    }
  }

  static void forward(const MlstmRelaxation<Real>& a) {
    gates(a);
    for (int b = 0; b < a.sequences; ++b) {
      for (int head = 0; head < a.heads; ++head) {
        switch (a.dimension) {
          case 2:
            forward_head<2>(a, b, head);
            break;
          case 4:
            forward_head<4>(a, b, head);
            break;
          case 8:
            forward_head<8>(a, b, head);
            break;
          case 16:
            forward_head<16>(a, b, head);
            break;
          default:
            forward_head<0>(a, b, head);
        }
      }
    }
  }

  static void backward(const MlstmRelaxation<Real>& a) {
    const long all = static_cast<long>(a.steps + 1) * a.sequences * a.width;
    for (long j = 0; j < all; ++j) a.d_projection[j] = 0;
    for (int b = 0; b < a.sequences; ++b) {
      for (int head = 0; head < a.heads; ++head) {
        switch (a.dimension) {
          case 2:
            backward_head<2>(a, b, head);
            break;
          case 4:
            backward_head<4>(a, b, head);
            break;
          case 8:
            backward_head<8>(a, b, head);
            break;
          case 16:
            backward_head<16>(a, b, head);
            break;
          default:
            backward_head<0>(a, b, head);
        }
      }
    }
  }

  static constexpr Real kTiny = Real(1e-30);  // rates that underflow leave the memory alone
};

}  // namespace psi_xlstm::kernels
