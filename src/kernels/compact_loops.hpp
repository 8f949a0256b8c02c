#pragma once

/// @file
/// A compact student for one instruction set. Only own templates here, see isa_avx512.cpp.
///
/// A step is one long chain of dependent operations, so what counts is their latency: sums run side
/// by side, and a single state stands in every lane, so that nothing has to be spread or collected.

#include "compact_arguments.hpp"
#include "simd_vector.hpp"

namespace psi_xlstm::kernels {

template <class Real, int Bytes>
struct CompactLoopsOf {
  using S = Simd<Real, Bytes>;
  using V = typename S::Vector;
  using Arguments = CompactArguments<Real>;
  static constexpr int kLanes = S::kLanes;
  static constexpr Real kTiny = SimdConstants<Real, Bytes>::kTiny;  // rates that underflow

  // kSingle: one state, in every lane of one vector.
  template <bool kSingle>
  [[gnu::always_inline]] static inline int vectors(const Arguments& a) {
    return kSingle ? 1 : a.state_vectors;
  }

  static void add_voltage(const Arguments& a, Real voltage) {
    for (int i = 0; i < a.feature_vectors * kLanes; i += kLanes) {
      S::store(a.base + i, S::load(a.bias + i) + voltage * S::load(a.by_voltage + i));
    }
  }

  // Gates under the voltage of add_voltage(), in the states c.
  template <bool kSingle>
  [[gnu::always_inline]] static inline void gates(const Arguments& a,
                                                  const Real* c,
                                                  const CompactGates<Real>& out) {
    const int width = a.feature_vectors * kLanes;
    for (int i = 0; i < width; i += kLanes) {
      V x = S::load(a.base + i);
      if (kSingle) {
        x += S::load(a.by_state + i) * S::load(c);
      } else if (a.feedback) {
        for (int s = 0; s < a.states; ++s) x += S::load(a.by_state + s * width + i) * c[s];
      }
      S::store(a.phi + i, S::tanh(x));
    }
    const int stride = vectors<kSingle>(a) * kLanes;
    for (int i = 0; i < stride; i += kLanes) {
      V rate[kCompactGroup] = {S::load(a.rate_bias + i)};
      V target[kCompactGroup] = {S::load(a.target_bias + i)};
      const Real *to_rate = a.rate + i, *to_target = a.target + i;
      for (int j = 0; j < a.features; j += kCompactGroup) {
#pragma GCC unroll 8
        for (int g = 0; g < kCompactGroup; ++g) {
          const V phi = S::splat(a.phi[j + g]);
          rate[g] += phi * S::load(to_rate + (j + g) * stride);
          target[g] += phi * S::load(to_target + (j + g) * stride);
        }
      }
      S::store(out.rate + i, S::softplus((rate[0] + rate[1]) + (rate[2] + rate[3])));
      S::store(out.target + i, S::tanh((target[0] + target[1]) + (target[2] + target[3])));
    }
  }

  template <bool kSingle>
  [[gnu::always_inline]] static inline void predict(const Arguments& a, Real rho) {
    for (int i = 0; i < vectors<kSingle>(a) * kLanes; i += kLanes) {
      const V c = S::load(a.c + i), moved = -S::expm1(-rho * S::load(a.left.rate + i));
      S::store(a.predicted + i, c + moved * (S::load(a.left.target + i) - c));
    }
  }

  template <bool kSingle>
  [[gnu::always_inline]] static inline void correct(const Arguments& a, Real rho) {
    for (int i = 0; i < vectors<kSingle>(a) * kLanes; i += kLanes) {
      const V l0 = S::load(a.left.rate + i), l1 = S::load(a.right.rate + i);
      const V z0 = S::load(a.left.target + i), z1 = S::load(a.right.target + i);
      const V c = S::load(a.c + i), sum = l0 + l1 + kTiny;
      const V moved = -S::expm1(rho * Real(-0.5) * sum);
      const V step = moved * ((l0 * z0 + l1 * z1) / sum - c);
      if constexpr (sizeof(Real) == 4) {
        const V whole = step + S::load(a.rest + i), next = c + whole;
        S::store(a.c + i, next);
        S::store(a.rest + i, whole - (next - c));
      } else {
        S::store(a.c + i, c + step);
      }
    }
  }

  template <bool kSingle>
  [[gnu::always_inline]] static inline Real read_out(const Arguments& a, Real voltage) {
    V sum{};
    for (int i = 0; i < vectors<kSingle>(a) * kLanes; i += kLanes) {
      sum += S::load(a.readout + i) * S::load(a.c + i);
    }
    for (int i = 0; i < a.curve_vectors * kLanes; i += kLanes) {
      const V curve = S::tanh(S::load(a.curve_bias + i) + voltage * S::load(a.curve_by_voltage + i));
      sum += S::load(a.curve_gain + i) * curve;
    }
    const Real y = a.readout_bias + (kSingle && a.curve_vectors == 0 ? sum[0] : S::sum(sum));
    if (a.head == 0) return S::exp(S::splat(y))[0];
    return a.head == 1 ? S::softplus(S::splat(y))[0] : y;
  }

  template <bool kSingle>
  static Real step_of(const Arguments& a, Real rho, Real voltage) {
    add_voltage(a, voltage);
    if (a.feedback) {
      predict<kSingle>(a, rho);
      gates<kSingle>(a, a.predicted, a.right);
      correct<kSingle>(a, rho);
      gates<kSingle>(a, a.c, a.left);
    } else {
      gates<kSingle>(a, a.c, a.right);
      correct<kSingle>(a, rho);
      for (int i = 0; i < vectors<kSingle>(a) * kLanes; i += kLanes) {
        S::store(a.left.rate + i, S::load(a.right.rate + i));
        S::store(a.left.target + i, S::load(a.right.target + i));
      }
    }
    return read_out<kSingle>(a, voltage);
  }

  static Real step(const Arguments& a, Real rho, Real voltage) {
    return a.states == 1 ? step_of<true>(a, rho, voltage) : step_of<false>(a, rho, voltage);
  }

  static Real start(const Arguments& a, Real voltage) {
    add_voltage(a, voltage);
    gates<false>(a, a.c, a.left);
    return read_out<false>(a, voltage);
  }

  static constexpr CompactLoops<Real> kLoops = {
      .lanes = kLanes, .start = &CompactLoopsOf::start, .step = &CompactLoopsOf::step};
};

template <class Real, int Bytes>
const CompactLoops<Real>& compact_loops() {
  return CompactLoopsOf<Real, Bytes>::kLoops;
}

}  // namespace psi_xlstm::kernels
