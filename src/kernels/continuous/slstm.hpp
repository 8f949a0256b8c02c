#pragma once

/// @file
/// sLSTM of the continuous cells for one instruction set: equations::slstm_relaxation_step and
/// its exact reverse. Only own templates here, see instruction_sets/avx512.cpp.

#include "kernels/continuous/arguments.hpp"
#include "kernels/simd/gemm.hpp"
#include "kernels/simd/vector.hpp"

namespace psi_xlstm::kernels {

template <class Real, int Bytes>
struct ContinuousSlstmLoops {
  using S = Simd<Real, Bytes>;
  using V = typename S::Vector;
  static constexpr int kLanes = S::kLanes;

  // Gates of one row: pre-activations x + r.
  static void gates(const Real* x, const Real* r, int H, const GateArrays<Real>& out) {
    for (int j = 0; j < H; j += kLanes) {
      const V f = S::load(x + H + j) + S::load(r + H + j);
      const V u = S::exp(-S::abs(f));
      S::store(out.l + j, S::max(-f, V{}) + S::log1p(u));
      S::store(out.dl + j, (f < 0 ? V{} - 1 : -u) * S::reciprocal(1 + u));
      const V t = S::tanh((S::load(x + j) + S::load(r + j)) * (1 / Real(kInputGateBound)));
      const V i = S::exp(t * Real(kInputGateBound));
      S::store(out.i + j, i);
      S::store(out.di + j, i * (1 - t * t));
      S::store(out.z + j, S::tanh(S::load(x + 2 * H + j) + S::load(r + 2 * H + j)));
    }
  }

  // One mixing step of c = n h and n from the gates at both edges.
  static void mix(Real rho,
                  int H,
                  const GateArrays<Real>& e0,
                  const GateArrays<Real>& e1,
                  const Real* h0,
                  const Real* n0,
                  Real* h1,
                  Real* n1,
                  Real* w) {
    const Real half = rho / 2;
    for (int j = 0; j < H; j += kLanes) {
      const V l0 = S::load(e0.l + j), l1 = S::load(e1.l + j), sum = l0 + l1 + kTiny;
      const V forgotten = -S::expm1(-half * sum);
      const V i0 = S::load(e0.i + j), i1 = S::load(e1.i + j);
      const V inverse = S::reciprocal(sum), a0 = l0 * i0 * inverse, a1 = l1 * i1 * inverse;
      const V n = S::load(n0 + j), c = n * S::load(h0 + j);
      const V drive = a0 * S::load(e0.z + j) + a1 * S::load(e1.z + j);
      const V next = n + forgotten * (a0 + a1 - n);
      S::store(n1 + j, next);
      S::store(h1 + j, (c + forgotten * (drive - c)) * S::reciprocal(next));
      S::store(w + j, forgotten);
    }
  }

  static void forward(const ContinuousSlstm<Real>& a) {
    const int H = a.units, B = a.sequences, G = 4 * H;
    const long row = static_cast<long>(B) * H;
    Real* r = a.work;
    Real* q = a.work + 4 * row;
    for (int k = 0; k <= a.steps; ++k) {
      const Real* x0 = a.x + 4 * k * row;
      const Real* h0 = a.h + k * row;
      multiply_rows<Real, Bytes>(r, h0, a.recurrent, B, H, G);
      for (int b = 0; b < B; ++b) {
        const long at = k * row + b * H;
        gates(x0 + b * G, r + b * G, H, a.edge.at(at));
        for (int j = 0; j < H; j += kLanes) {
          const V o = S::sigmoid(S::load(x0 + b * G + 3 * H + j) + S::load(r + b * G + 3 * H + j));
          S::store(a.o + at + j, o);
          S::store(a.output + at + j, o * S::load(a.h + at + j));
        }
      }
      if (k == a.steps) break;
      const Real* x1 = x0 + 4 * row;
      for (int b = 0; b < B; ++b) {
        const long at = k * row + b * H;
        gates(x1 + b * G, r + b * G, H, a.predicted.at(at));
        mix(a.rho[k * B + b], H, a.edge.at(at), a.predicted.at(at), a.h + at, a.n + at, a.hp + at,
            a.np + at, a.wp + at);
      }
      // without the output gates
      Gemm<Real, Bytes>::multiply({.c = q,
                                   .c_stride = G,
                                   .a = a.hp + k * row,
                                   .a_stride = H,
                                   .b = a.recurrent,
                                   .b_stride = G,
                                   .m = B,
                                   .k = H,
                                   .n = 3 * H});
      for (int b = 0; b < B; ++b) {
        const long at = k * row + b * H;
        gates(x1 + b * G, q + b * G, H, a.corrected.at(at));
        mix(a.rho[k * B + b], H, a.edge.at(at), a.corrected.at(at), a.h + at, a.n + at,
            a.h + at + row, a.n + at + row, a.w + at);
      }
    }
  }

  // Reverse of mix(): from the derivatives by h1 and n1 adds to those by h0 and n0 (arrays) and by
  // the pre-activations i, f, z of both edges (d0 is added to, d1 is set).
  static void mix_reverse(Real rho,
                          int H,
                          const GateArrays<Real>& e0,
                          const GateArrays<Real>& e1,
                          const Real* h0,
                          const Real* n0,
                          const Real* h1,
                          const Real* n1,
                          const Real* w,
                          const Real* dh1,
                          const Real* dn1,
                          Real* dh0,
                          Real* dn0,
                          Real* d0,
                          Real* d1) {
    const Real half = rho / 2;
    for (int j = 0; j < H; j += kLanes) {
      const V h = S::load(h1 + j), gc = S::load(dh1 + j) * S::reciprocal(S::load(n1 + j));
      const V gn = S::load(dn1 + j) - gc * h;
      const V l0 = S::load(e0.l + j), l1 = S::load(e1.l + j);
      const V inverse = S::reciprocal(l0 + l1 + kTiny);
      const V i0 = S::load(e0.i + j), i1 = S::load(e1.i + j);
      const V z0 = S::load(e0.z + j), z1 = S::load(e1.z + j);
      const V a0 = l0 * inverse, a1 = l1 * inverse;
      const V drive_n = a0 * i0 + a1 * i1, drive_c = a0 * i0 * z0 + a1 * i1 * z1;
      const V forgotten = S::load(w + j), n = S::load(n0 + j), c = n * S::load(h0 + j);
      const V kept = 1 - forgotten;
      // by the sum of the rates, through the forget gate
      const V by_sum = (gc * (drive_c - c) + gn * (drive_n - n)) * kept * half;
      const V by_l0 =
          by_sum + forgotten * inverse * (gc * (i0 * z0 - drive_c) + gn * (i0 - drive_n));
      const V by_l1 =
          by_sum + forgotten * inverse * (gc * (i1 * z1 - drive_c) + gn * (i1 - drive_n));
      const V u0 = forgotten * a0, u1 = forgotten * a1;
      S::store(d0 + j, S::load(d0 + j) + u0 * (gc * z0 + gn) * S::load(e0.di + j));
      S::store(d0 + H + j, S::load(d0 + H + j) + by_l0 * S::load(e0.dl + j));
      S::store(d0 + 2 * H + j, S::load(d0 + 2 * H + j) + u0 * gc * i0 * (1 - z0 * z0));
      S::store(d1 + j, u1 * (gc * z1 + gn) * S::load(e1.di + j));
      S::store(d1 + H + j, by_l1 * S::load(e1.dl + j));
      S::store(d1 + 2 * H + j, u1 * gc * i1 * (1 - z1 * z1));
      const V dc = gc * kept;  // c0 = n0 h0
      S::store(dn0 + j, S::load(dn0 + j) + gn * kept + dc * S::load(h0 + j));
      S::store(dh0 + j, S::load(dh0 + j) + dc * n);
    }
  }

  static void backward(const ContinuousSlstm<Real>& a) {
    const int H = a.units, B = a.sequences, G = 4 * H;
    const long row = static_cast<long>(B) * H;
    Real* dhp = a.work;             // by the predicted h, [B][H]
    Real* dh0 = a.work + row;       // by h at the left edge
    Real* dn0 = a.work + 2 * row;   // by n at the left edge
    Real* zero = a.work + 3 * row;  // no derivative by the predicted n
    Real* d1 = a.work + 4 * row;    // by the pre-activations of the predictor
    for (long j = 0; j < row; ++j) a.d_h[j] = a.d_n[j] = zero[j] = 0;
    for (long j = 0; j < 4 * row; ++j) d1[j] = 0;  // its output gates stay 0
    for (int k = a.steps; k >= 0; --k) {
      Real* d0 = a.d_r + 4 * k * row;
      for (long j = 0; j < 4 * row; ++j) d0[j] = 0;
      for (long j = 0; j < row; ++j) dh0[j] = dn0[j] = 0;
      if (k < a.steps) step_reverse(a, k, d0, d1, dhp, dh0, dn0, zero);
      add_edge(a, k, d0, dh0);
      if (k < a.steps) {
        // the predictor's pre-activations see R h of this edge as well
        for (long j = 0; j < 4 * row; ++j) {
          a.d_x[4 * k * row + j] = d0[j];
          d0[j] += d1[j];
        }
      } else {
        for (long j = 0; j < 4 * row; ++j) a.d_x[4 * k * row + j] = d0[j];
      }
      multiply_rows<Real, Bytes>(a.d_h, d0, a.recurrent_t, B, G, H);
      for (long j = 0; j < row; ++j) {
        a.d_h[j] += dh0[j];
        a.d_n[j] = dn0[j];
      }
    }
  }

  // Step k -> k + 1 in reverse; a.d_h and a.d_n hold the derivatives by the states at k + 1.
  static void step_reverse(const ContinuousSlstm<Real>& a,
                           int k,
                           Real* d0,
                           Real* d1,
                           Real* dhp,
                           Real* dh0,
                           Real* dn0,
                           const Real* zero) {
    const int H = a.units, B = a.sequences, G = 4 * H;
    const long row = static_cast<long>(B) * H;
    Real* dq = a.d_rp + 4 * k * row;
    Real* dx1 = a.d_x + 4 * (k + 1) * row;
    for (int b = 0; b < B; ++b) {
      const long at = k * row + b * H;
      mix_reverse(a.rho[k * B + b], H, a.edge.at(at), a.corrected.at(at), a.h + at, a.n + at,
                  a.h + at + row, a.n + at + row, a.w + at, a.d_h + b * H, a.d_n + b * H,
                  dh0 + b * H, dn0 + b * H, d0 + b * G, dq + b * G);
      for (int j = 3 * H; j < G; ++j) dq[b * G + j] = 0;
    }
    Gemm<Real, Bytes>::multiply({.c = dhp,
                                 .c_stride = H,
                                 .a = dq,
                                 .a_stride = G,
                                 .b = a.recurrent_t,
                                 .b_stride = H,
                                 .m = B,
                                 .k = 3 * H,
                                 .n = H});
    for (int b = 0; b < B; ++b) {
      const long at = k * row + b * H;
      mix_reverse(a.rho[k * B + b], H, a.edge.at(at), a.predicted.at(at), a.h + at, a.n + at,
                  a.hp + at, a.np + at, a.wp + at, dhp + b * H, zero + b * H, dh0 + b * H,
                  dn0 + b * H, d0 + b * G, d1 + b * G);
    }
    for (long j = 0; j < 4 * row; ++j) dx1[j] += dq[j] + d1[j];
  }

  // What the output at edge k adds: by its gate, and by h.
  static void add_edge(const ContinuousSlstm<Real>& a, int k, Real* d0, Real* dh0) {
    const int H = a.units, B = a.sequences, G = 4 * H;
    for (int b = 0; b < B; ++b) {
      const long at = (static_cast<long>(k) * B + b) * H;
      for (int j = 0; j < H; j += kLanes) {
        const V d = S::load(a.d_output + at + j), o = S::load(a.o + at + j);
        S::store(d0 + b * G + 3 * H + j, d * S::load(a.h + at + j) * o * (1 - o));
        S::store(dh0 + b * H + j, S::load(dh0 + b * H + j) + d * o);
      }
    }
  }

  static constexpr Real kTiny = Real(1e-30);  // rates that underflow leave the state alone
};

}  // namespace psi_xlstm::kernels
