#pragma once

/// @file
/// Gates of an published mLSTM for one instruction set: all heads of all
/// sequences in the lanes.

#include "kernels/simd/vector.hpp"
#include "kernels/xlstm/arguments.hpp"

namespace psi_xlstm::kernels {

template <class Real, int Bytes>
struct GateLoops {
  using S = Simd<Real, Bytes>;
  using V = typename S::Vector;
  using Bits = typename S::Bits;
  using Arguments = MlstmGates<Real>;
  static constexpr int W = S::kLanes;

  static void forward(const Arguments& a) {
    gather(a);
    for (long l = 0; l < a.lanes; l += W) {
      V m = S::load(a.m + l);
      for (int t = 0; t < a.steps; ++t) {
        if (a.rho) {
          step<true>(a, t * a.lanes + l, m);
        } else {
          step<false>(a, t * a.lanes + l, m);
        }
      }
      S::store(a.m + l, m);
    }
  }

  static void backward(const Arguments& a) {
    for (int t = a.steps - 1; t >= 0; --t) {
      const long at = t * a.lanes;
      for (long l = 0; l < a.lanes; ++l) {
        // differences of nearly equal sums where a memory is long: in double
        a.d_sum[l] += static_cast<double>(a.d_forget[at + l]);
        a.d_forget[at + l] = static_cast<Real>(a.d_sum[l]) * a.slope[at + l];
      }
      for (long l = 0; a.rho && l < a.lanes; ++l) {
        a.d_forget[at + l] += a.d_input[at + l] * a.drive[at + l];
      }
      for (int b = 0; b < a.sequences; ++b) {
        Real* d = a.d_projection + (static_cast<long>(t) * a.sequences + b) * a.projection_stride;
        const long first = at + static_cast<long>(b) * a.heads;
        copy(d, a.d_input + first, a.heads);
        copy(d + a.heads, a.d_forget + first, a.heads);
      }
    }
  }

 private:
  // Four numbers at a time, the usual count.
  [[gnu::always_inline]] static inline void copy(Real* to, const Real* from, int count) {
    int i = 0;
    for (; i + 4 <= count; i += 4) S::copy_four(to + i, from + i);
    for (; i < count; ++i) to[i] = from[i];
  }

  // Pre-activations into input and forget, durations into slope.
  static void gather(const Arguments& a) {
    for (int t = 0; t < a.steps; ++t) {
      for (int b = 0; b < a.sequences; ++b) {
        const long row = static_cast<long>(t) * a.sequences + b;
        const long at = t * a.lanes + static_cast<long>(b) * a.heads;
        const Real* from = a.projection + row * a.projection_stride;
        copy(a.input + at, from, a.heads);
        copy(a.forget + at, from + a.heads, a.heads);
        for (int h = 0; a.rho && h < a.heads; ++h) a.slope[at + h] = a.rho[row];
      }
    }
  }

  template <bool Durations>
  [[gnu::always_inline]] static inline void step(const Arguments& a, long at, V& m) {
    V drive = S::load(a.input + at);
    const V f = S::load(a.forget + at);
    V e = S::exp_negative(-S::abs(f));
    if constexpr (Durations) e = S::max(S::splat(S::Constants::kTiny), e);
    V log_forget = S::min(f, V{}) - S::log1p(e);
    const V inverse = S::reciprocal(1 + e);
    V slope = f < 0 ? inverse : e * inverse;  // sigmoid(-f)
    Bits still{};
    if constexpr (Durations) {
      const V rho = S::load(a.slope + at);
      still = rho == 0;
      const V lasting = still ? S::splat(1) : rho;
      const V forgotten = -S::expm1(log_forget * lasting);
      const V ratio = forgotten / slope;
      const V by_f = 1 - slope - (1 - forgotten) * lasting / ratio;
      S::store(a.drive + at, still ? V{} : by_f);
      drive += S::log(ratio);
      log_forget *= lasting;
      slope *= rho;
    }
    S::store(a.slope + at, slope);
    const V kept_log = log_forget + m;
    const V difference = drive - kept_log;
    const V gate = S::exp_negative(-S::abs(difference));
    const Bits forget_is_one = difference < 0;
    V input = forget_is_one ? gate : S::splat(1);
    V forget = forget_is_one ? S::splat(1) : gate;
    V next = S::max(drive, kept_log);
    if constexpr (Durations) {
      input = still ? V{} : input;
      forget = still ? S::splat(1) : forget;
      next = still ? m : next;
    }
    m = next;
    S::store(a.input + at, input);
    S::store(a.forget + at, forget);
    S::store(a.floor + at, S::exp(-m));
  }
};

}  // namespace psi_xlstm::kernels
