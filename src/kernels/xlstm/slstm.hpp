#pragma once

/// @file
/// published sLSTM for one instruction set: forward and exact reverse. Units are
/// in the lanes, a few sequences at a time in the register block.

#include "kernels/simd/gemm.hpp"
#include "kernels/simd/vector.hpp"
#include "kernels/xlstm/arguments.hpp"

namespace psi_xlstm::kernels {

template <class Real, int Bytes>
struct SlstmLoops {
  using S = Simd<Real, Bytes>;
  using V = typename S::Vector;
  using Bits = typename S::Bits;
  using G = Gemm<Real, Bytes>;
  using Arguments = SlstmScan<Real>;
  static constexpr int W = S::kLanes;
  static constexpr int kSequences = Bytes == 64 ? 10 : 6;  // of a register block at most
  // Vectors of a register block of M sequences: M times this many sums and a few more registers.
  template <int M>
  static constexpr int kVectors = Bytes == 64 && M <= 6 ? 4 : 2;
  // Panels whose cells are computed together, so that there are at least four cells.
  template <int M>
  static constexpr int kPanels = M == 1  ? 4
                                 : M < 4 ? 2
                                         : 1;
  // Vectors that a cell keeps; the last one only where durations vary.
  static constexpr int slots(bool durations) { return durations ? kSlstmSlots : kDrive; }

  static void forward(const Arguments& a) {
    // The sequences in blocks of equal size; all blocks make a step before one makes the next, so
    // that the last operations of a block and the first ones of the next one overlap.
    const int blocks = (a.sequences + kSequences - 1) / kSequences;
    bool upwards = a.upwards;
    for (int t = 0; t < a.steps; ++t) {
      for (int block = 0; block < blocks; ++block) {
        const int first = a.sequences * block / blocks;
        const int count = a.sequences * (block + 1) / blocks - first;
        if (a.rho) {
          forward_case<kSequences, true>(a, t, first, count, upwards);
        } else {
          forward_case<kSequences, false>(a, t, first, count, upwards);
        }
        upwards = !upwards;
      }
    }
  }

  static void backward(const Arguments& a) {
    const int blocks = (a.sequences + kSequences - 1) / kSequences;
    bool upwards = true;
    for (int t = a.steps - 1; t >= 0; --t) {
      for (int block = 0; block < blocks; ++block) {
        const int first = a.sequences * block / blocks;
        const int count = a.sequences * (block + 1) / blocks - first;
        if (a.rho) {
          backward_case<kSequences, true>(a, t, first, count, upwards);
        } else {
          backward_case<kSequences, false>(a, t, first, count, upwards);
        }
        upwards = !upwards;
      }
    }
  }

 private:
  template <int M, bool Durations>
  static void forward_case(const Arguments& a, int t, int first, int count, bool upwards) {
    if (count == M) {
      forward_step<M, Durations>(a, t, first, upwards);
    } else if constexpr (M > 1) {
      forward_case<M - 1, Durations>(a, t, first, count, upwards);
    }
  }

  // Step t of the sequences first .. first + M - 1. The panels of the weights are read to and fro:
  // what was read last is still in the first-level cache.
  template <int M, bool Durations>
  static void forward_step(const Arguments& a, int t, int first, bool upwards) {
    const int panels = a.padded / W;
    for (int i = 0; i < panels; i += kPanels<M>) {
      const int count = panels - i < kPanels<M> ? panels - i : kPanels<M>;
      forward_panels<M, Durations>(a, t, first, upwards ? i : panels - i - count, count, upwards);
    }
  }

  // The cells of `count` panels from `panel` on. Their elementwise part in two loops: a processor
  // overlaps short chains of operations only.
  template <int M, bool Durations>
  [[gnu::always_inline]] static inline void forward_panels(
      const Arguments& a, int t, int first, int panel, int count, bool upwards) {
    constexpr int kSlots = slots(Durations);
    const long H = a.padded, depth = a.inputs + a.units;
    const long row = static_cast<long>(t) * a.sequences + first;
    const long next = row + a.sequences;  // of y and kept, which begin one step earlier
    alignas(Bytes) Real pre[kPanels<M>][M][4 * W];
    for (int i = 0; i < count; ++i) {
      const int p = upwards ? i : count - 1 - i;
      const Real* weight = a.weight + (panel + p) * depth * 4 * W;
      const Real* bias = a.bias + (panel + p) * 4 * W;
      for (int gate = 0; gate < 4; gate += kVectors<M>) {
        pre_activations<M, kVectors<M>>(a, row, weight + gate * W, bias + gate * W,
                                        &pre[p][0][gate * W]);
      }
    }
    for (int p = 0; p < count; ++p) {
      for (int s = 0; s < M; ++s) {
        if (Durations && a.rho[row + s] == 0) continue;
        const long at = (panel + p) * W;
        activations<Durations>(Durations ? a.rho[row + s] : Real(1), pre[p][s],
                               a.kept + ((next + s) * H + at) * kSlots, a.m + (first + s) * H + at);
      }
    }
    for (int p = 0; p < count; ++p) {
      for (int s = 0; s < M; ++s) {
        const long at = (panel + p) * W;
        const Real* before = a.kept + ((row + s) * H + at) * kSlots;
        Real* kept = a.kept + ((next + s) * H + at) * kSlots;
        Real* y = a.y + (next + s) * H + at;
        if (Durations && a.rho[row + s] == 0) {  // nothing happens
          S::store(kept + kCell * W, S::load(before + kCell * W));
          S::store(kept + kNormaliser * W, S::load(before + kNormaliser * W));
          S::store(y, S::load(a.y + (row + s) * H + at));
        } else {
          advance(pre[p][s], before, kept, y);
        }
      }
    }
  }

  // pre[M][N vectors] = bias + weight (x, y of the step before)
  template <int M, int N>
  [[gnu::always_inline]] static inline void pre_activations(
      const Arguments& a, long row, const Real* weight, const Real* bias, Real* pre) {
    V acc[M][N];
#pragma GCC unroll 16
    for (int s = 0; s < M; ++s) {
#pragma GCC unroll 16
      for (int v = 0; v < N; ++v) acc[s][v] = S::load(bias + v * W);
    }
    G::template add_products<M, N>(acc, a.x + row * a.x_stride, a.x_stride, weight, 4 * W,
                                   a.inputs);
    G::template add_products<M, N>(acc, a.y + row * a.padded, a.padded,
                                   weight + static_cast<long>(a.inputs) * 4 * W, 4 * W, a.units);
#pragma GCC unroll 16
    for (int s = 0; s < M; ++s) {
#pragma GCC unroll 16
      for (int v = 0; v < N; ++v) S::store(pre + s * 4 * W + v * W, acc[s][v]);
    }
  }

  // Everything that needs the pre-activations only. Replaces that of the input gate by ii - lf - m.
  template <bool Durations>
  [[gnu::always_inline]] static inline void activations(Real rho, Real* pre, Real* kept, Real* m) {
    V drive = S::load(pre);
    const V f = S::load(pre + W);
    V e = S::exp_negative(-S::abs(f));
    if constexpr (Durations) e = S::max(S::splat(S::Constants::kTiny), e);
    const V inverse = S::reciprocal(1 + e);
    V slope = f < 0 ? inverse : e * inverse;  // sigmoid(-f)
    V log_forget = S::min(f, V{}) - S::log1p(e);
    if constexpr (Durations) {
      const V forgotten = -S::expm1(log_forget * rho);
      const V ratio = forgotten / slope;
      S::store(kept + kDrive * W, 1 - slope - (1 - forgotten) * rho / ratio);
      drive += S::log(ratio);
      log_forget *= rho;
      slope *= rho;
    }
    S::store(kept + kInput * W, S::tanh(S::load(pre + 2 * W)));
    S::store(kept + kOutput * W, S::sigmoid(S::load(pre + 3 * W)));
    S::store(kept + kSlope * W, slope);
    const V kept_log = log_forget + S::load(m);
    S::store(pre, drive - kept_log);
    S::store(m, S::max(drive, kept_log));
  }

  // c, n and y of a step.
  [[gnu::always_inline]] static inline void advance(const Real* pre,
                                                    const Real* before,
                                                    Real* kept,
                                                    Real* y) {
    const V difference = S::load(pre);
    const V gate = S::exp_negative(-S::abs(difference));
    const Bits forget_is_one = difference < 0;
    const V input = forget_is_one ? gate : S::splat(1);
    const V forget = forget_is_one ? S::splat(1) : gate;
    const V c = forget * S::load(before + kCell * W) + input * S::load(kept + kInput * W);
    const V n = forget * S::load(before + kNormaliser * W) + input;
    S::store(y, S::load(kept + kOutput * W) * c * S::reciprocal(n));
    S::store(kept + kCell * W, c);
    S::store(kept + kNormaliser * W, n);
    S::store(kept + kGates * W, (V)((Bits)gate | (forget_is_one & ~S::Constants::kMagnitude)));
  }

  template <int M, bool Durations>
  static void backward_case(const Arguments& a, int t, int first, int count, bool upwards) {
    if (count == M) {
      const long row = static_cast<long>(t) * a.sequences + first;
      for (int u = 0; u < a.padded; u += kVectors<M> * W) {
        backward_columns<M, kVectors<M>, Durations>(a, first, row, u, upwards);
      }
    } else if constexpr (M > 1) {
      backward_case<M - 1, Durations>(a, t, first, count, upwards);
    }
  }

  // As many vectors as are left, at most N.
  template <int M, int N, bool Durations>
  [[gnu::always_inline]] static inline void backward_columns(
      const Arguments& a, int first, long row, int u, bool upwards) {
    if (a.padded - u >= N * W) {
      backward_step<M, N, Durations>(a, first, row, u, upwards);
    } else if constexpr (N > 1) {
      backward_columns<M, N - 1, Durations>(a, first, row, u, upwards);
    }
  }

  // One step of M sequences and the units u .. u + N W - 1.
  template <int M, int N, bool Durations>
  static void backward_step(const Arguments& a, int first, long row, int u, bool upwards) {
    constexpr int kSlots = slots(Durations);
    const long H = a.padded;
    const long next = row + a.sequences;
    V acc[M][N];
#pragma GCC unroll 16
    for (int s = 0; s < M; ++s) {
#pragma GCC unroll 16
      for (int v = 0; v < N; ++v) acc[s][v] = S::load(a.d_y + (row + s) * H + u + v * W);
    }
    // by y through the gates of the next step; to and fro as in the forward pass
    const Real* gates = a.d_gates + next * a.gate_stride;
    const Real* weight = a.recurrent + 4 * H * u;
    if (upwards) {
      G::template add_products<M, N>(acc, gates, a.gate_stride, weight, W, a.padded * 4, 4 * H * W);
    } else {
      G::template add_products<M, N, -1>(acc, gates + 4 * H - 1, a.gate_stride,
                                         weight + (4 * H - 1) * W, -W, a.padded * 4, 4 * H * W);
    }
    alignas(Bytes) Real d_y[M][N * W];
#pragma GCC unroll 16
    for (int s = 0; s < M; ++s) {
#pragma GCC unroll 16
      for (int v = 0; v < N; ++v) S::store(&d_y[s][v * W], acc[s][v]);
    }
    for (int s = 0; s < M; ++s) {
      for (int v = 0; v < N; ++v) {
        const long unit = u + v * W;
        const long carried = (first + s) * H + unit;
        V d = S::load(&d_y[s][v * W]);
        Real* d_gates = a.d_gates + (row + s) * a.gate_stride + 4 * unit;
        if constexpr (Durations) {
          d += S::load(a.d_pass + carried);
          if (a.rho[row + s] == 0) {  // the output was that of the step before
            S::store(a.d_pass + carried, d);
            for (int gate = 0; gate < 4; ++gate) S::store(d_gates + gate * W, V{});
            continue;
          }
          S::store(a.d_pass + carried, V{});
        }
        cell_backward<Durations>(d, a.kept + (row + s) * H * kSlots + unit * kSlots,
                                 a.kept + (next + s) * H * kSlots + unit * kSlots, a.d_c + carried,
                                 a.d_n + carried, d_gates);
      }
    }
  }

  template <bool Durations>
  [[gnu::always_inline]] static inline void cell_backward(V d_y,
                                                          const Real* before,
                                                          const Real* kept,
                                                          Real* carried_c,
                                                          Real* carried_n,
                                                          Real* d_gates) {
    const V gate = S::load(kept + kGates * W);
    const Bits forget_is_one = (Bits)gate < 0;
    const V size = S::abs(gate);
    const V input = forget_is_one ? size : S::splat(1);
    const V forget = forget_is_one ? S::splat(1) : size;
    const V z = S::load(kept + kInput * W), o = S::load(kept + kOutput * W);
    const V h_by_c = S::reciprocal(S::load(kept + kNormaliser * W));
    const V y = o * S::load(kept + kCell * W) * h_by_c;
    const V by_n = d_y * h_by_c;
    const V d_c = S::load(carried_c) + by_n * o;
    const V d_n = S::load(carried_n) - by_n * y;
    const V d_drive = input * (z * d_c + d_n);
    V d_i = d_drive;
    V d_f = forget * (S::load(before + kCell * W) * d_c + S::load(before + kNormaliser * W) * d_n) *
            S::load(kept + kSlope * W);
    if constexpr (Durations) d_f += d_drive * S::load(kept + kDrive * W);
    S::store(d_gates, d_i);
    S::store(d_gates + W, d_f);
    S::store(d_gates + 2 * W, d_c * input * (1 - z * z));
    S::store(d_gates + 3 * W, d_y * y * (1 - o));
    S::store(carried_c, d_c * forget);
    S::store(carried_n, d_n * forget);
  }
};

}  // namespace psi_xlstm::kernels
