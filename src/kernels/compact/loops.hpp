#pragma once

/// @file
/// A compact student for one instruction set. Only own templates here, see
/// instruction_sets/avx512.cpp.
///
/// A step is one long chain of dependent operations, so what counts is their latency: sums run side
/// by side, and a single state stands in every lane and stays in registers.

#include "kernels/compact/arguments.hpp"
#include "kernels/compact/short_chain.hpp"
#include "kernels/simd/vector.hpp"

namespace psi_xlstm::kernels {

template <class Real, int Bytes>
struct CompactLoopsOf {
  using S = Simd<Real, Bytes>;
  using V = typename S::Vector;
  using Chain = ShortChain<Real, Bytes>;
  using Arguments = CompactArguments<Real>;
  static constexpr int kLanes = S::kLanes;
  static constexpr Real kTiny = SimdConstants<Real, Bytes>::kTiny;  // rates that underflow

#define PSI_INLINE [[gnu::always_inline]] static inline

  // Of one vector of states.
  struct Gates {
    V rate, target;
  };

  // What does not depend on the states.
  PSI_INLINE void add_voltage(const Arguments& a, Real voltage) {
    for (int i = 0; i < a.feature_vectors * kLanes; i += kLanes) {
      S::store(a.base + i, S::load(a.bias + i) + voltage * S::load(a.by_voltage + i));
    }
  }

  // The gates of the states from i on, from the features.
  PSI_INLINE Gates gates_at(const Arguments& a, int i, int stride) {
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
    return {Chain::softplus((rate[0] + rate[1]) + (rate[2] + rate[3])),
            Chain::tanh((target[0] + target[1]) + (target[2] + target[3]))};
  }

  PSI_INLINE V predicted(V c, Gates left, Real rho) {
    return c + Chain::relaxed(rho * left.rate) * (left.target - c);
  }

  PSI_INLINE void correct(V& c, V& rest, Gates left, Gates right, Real rho) {
    const V sum = left.rate + right.rate + kTiny;
    const V mean = (left.rate * left.target + right.rate * right.target) / sum;
    const V step = Chain::relaxed(rho * Real(0.5) * sum) * (mean - c);
    if constexpr (sizeof(Real) == 4) {
      const V whole = step + rest, next = c + whole;
      rest = whole - (next - c);
      c = next;
    } else {
      c += step;
    }
  }

  // One state, in every lane of c.
  PSI_INLINE Gates single_gates(const Arguments& a, V c) {
    for (int i = 0; i < a.feature_vectors * kLanes; i += kLanes) {
      S::store(a.phi + i, Chain::tanh(S::load(a.base + i) + S::load(a.by_state + i) * c));
    }
    return gates_at(a, 0, kLanes);
  }

  static void single_step(const Arguments& a, Real rho) {
    V c = S::load(a.c), rest = S::load(a.rest);
    Gates left = {S::load(a.left.rate), S::load(a.left.target)};
    const Gates right = single_gates(a, a.feedback ? predicted(c, left, rho) : c);
    correct(c, rest, left, right, rho);
    left = a.feedback ? single_gates(a, c) : right;
    S::store(a.c, c);
    S::store(a.rest, rest);
    S::store(a.left.rate, left.rate);
    S::store(a.left.target, left.target);
  }

  static void all_gates(const Arguments& a, const Real* c, const CompactGates<Real>& out) {
    const int width = a.feature_vectors * kLanes, stride = a.state_vectors * kLanes;
    for (int i = 0; i < width; i += kLanes) {
      V x = S::load(a.base + i);
      for (int s = 0; a.feedback && s < a.states; ++s) {
        x += S::load(a.by_state + s * width + i) * c[s];
      }
      S::store(a.phi + i, Chain::tanh(x));
    }
    for (int i = 0; i < stride; i += kLanes) {
      const Gates gates = gates_at(a, i, stride);
      S::store(out.rate + i, gates.rate);
      S::store(out.target + i, gates.target);
    }
  }

  static void all_steps(const Arguments& a, Real rho) {
    const int width = a.state_vectors * kLanes;
    const auto gates = [](const CompactGates<Real>& from, int i) {
      return Gates{S::load(from.rate + i), S::load(from.target + i)};
    };
    for (int i = 0; i < width; i += kLanes) {
      S::store(a.predicted + i, predicted(S::load(a.c + i), gates(a.left, i), rho));
    }
    all_gates(a, a.predicted, a.right);
    for (int i = 0; i < width; i += kLanes) {
      V c = S::load(a.c + i), rest = S::load(a.rest + i);
      correct(c, rest, gates(a.left, i), gates(a.right, i), rho);
      S::store(a.c + i, c);
      S::store(a.rest + i, rest);
    }
    all_gates(a, a.c, a.left);
  }

  PSI_INLINE Real read_out(const Arguments& a, Real voltage) {
    V sum{};
    for (int i = 0; i < a.state_vectors * kLanes; i += kLanes) {
      sum += S::load(a.readout + i) * S::load(a.c + i);
    }
    for (int i = 0; i < a.curve_vectors * kLanes; i += kLanes) {
      const V at = S::load(a.curve_bias + i) + voltage * S::load(a.curve_by_voltage + i);
      sum += S::load(a.curve_gain + i) * Chain::tanh(at);
    }
    const Real y = a.readout_bias + S::sum(sum);
    if (a.head == 0) return S::exp(S::splat(y))[0];
    return a.head == 1 ? S::softplus(S::splat(y))[0] : y;
  }

  static Real step(const Arguments& a, Real rho, Real voltage) {
    add_voltage(a, voltage);
    if (a.states == 1) {
      single_step(a, rho);
    } else {
      all_steps(a, rho);
    }
    return read_out(a, voltage);
  }

  static Real start(const Arguments& a, Real voltage) {
    add_voltage(a, voltage);
    all_gates(a, a.c, a.left);
    return read_out(a, voltage);
  }

#undef PSI_INLINE

  static constexpr CompactLoops<Real> kLoops = {
      .lanes = kLanes, .start = &CompactLoopsOf::start, .step = &CompactLoopsOf::step};
};

template <class Real, int Bytes>
const CompactLoops<Real>& compact_loops() {
  return CompactLoopsOf<Real, Bytes>::kLoops;
}

}  // namespace psi_xlstm::kernels
