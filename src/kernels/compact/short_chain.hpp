#pragma once

/// @file
/// The functions of a streaming step as short chains of dependent operations: sums of polynomials
/// in pairs, factors 2^n beside the chain instead of behind it. Simd has the same functions with
/// fewer operations, which is better where many vectors wait for them. Only own templates here, see
/// instruction_sets/avx512.cpp.

#include "kernels/simd/vector.hpp"

namespace psi_xlstm::kernels {

/// Errors as those of Simd.
template <class Real, int Bytes>
struct ShortChain {
  using S = Simd<Real, Bytes>;
  using V = typename S::Vector;
  using Bits = typename S::Bits;
  using Constants = SimdConstants<Real, Bytes>;

#define PSI_INLINE [[gnu::always_inline]] static inline

  /// 1 - e^-x for x >= 0.
  PSI_INLINE V relaxed(V x) {
    const Power e = power(S::max(S::splat(Constants::kExpLow), -x));
    return (1 - e.scale) - e.scale * e.fraction;
  }

  /// ln(1 + e^x)
  PSI_INLINE V softplus(V x) {
    const Power e = power(S::max(S::splat(Constants::kExpLow), -S::abs(x)));
    const V u = e.scale + e.scale * e.fraction;
    if constexpr (sizeof(Real) == 4) {
      return S::max(V{}, x) + u * in_pairs(Constants::kLog, u);
    } else {
      const V s = u / (2 + u), square = s * s;
      return (S::max(V{}, x) + 2 * s) + s * square * in_pairs(Constants::kAtanh, square);
    }
  }

  PSI_INLINE V tanh(V x) {
    if constexpr (sizeof(Real) == 4) {
      const V limit = S::splat(Constants::kTanhHigh);
      const V bounded = S::max(-limit, S::min(limit, x)), square = bounded * bounded;
      const V numerator = bounded * in_pairs(Constants::kTanhOver, square);
      return numerator * S::reciprocal(in_pairs(Constants::kTanhUnder, square));
    } else {
      const Power e = power(S::max(S::splat(Constants::kTanhLow), S::abs(x) * -2));
      const V minus = e.scale * e.fraction + (e.scale - 1);  // e^(-2 |x|) - 1
      return S::with_sign(-minus / (2 + minus), x);
    }
  }

 private:
  // e^x = scale (1 + fraction)
  struct Power {
    V scale, fraction;
  };

  // For x from kExpLow to 0.
  PSI_INLINE Power power(V x) {
    const V shifted = x * Constants::kLog2E + Constants::kRounding;
    const V n = shifted - Constants::kRounding;
    const V rest = x - n * Constants::kLn2High - n * Constants::kLn2Low;
    const V scale = (V)((Bits)S::splat(1) + ((Bits)shifted << Constants::kMantissaBits));
    return {scale, rest + rest * rest * in_pairs(Constants::kExp, rest)};
  }

  // c[0] + c[1] x + ...
  template <int Terms>
  PSI_INLINE V in_pairs(const Real (&c)[Terms], V x) {
    const V x2 = x * x;
    if constexpr (Terms <= 4) return group<0, Terms>(c, x, x2);
    const V x4 = x2 * x2;
    const V low = group<0, Terms>(c, x, x2) + x4 * group<4, Terms>(c, x, x2);
    if constexpr (Terms <= 8) return low;
    return low + x4 * x4 * group<8, Terms>(c, x, x2);
  }

  // c[First] + ... + c[First + 3] x^3, as far as there are terms.
  template <int First, int Terms>
  PSI_INLINE V group(const Real (&c)[Terms], V x, V x2) {
    if constexpr (First + 1 >= Terms) {
      return S::splat(c[First < Terms ? First : 0]);
    } else if constexpr (First + 2 >= Terms) {
      return c[First] + c[First + 1] * x;
    } else if constexpr (First + 3 >= Terms) {
      return (c[First] + c[First + 1] * x) + x2 * c[First + 2];
    } else {
      return (c[First] + c[First + 1] * x) + x2 * (c[First + 2] + c[First + 3] * x);
    }
  }

#undef PSI_INLINE
};

}  // namespace psi_xlstm::kernels
