#pragma once

/// @file
/// A vector of numbers of a given length in bytes and the functions of the kernels on it, in plain
/// C++ with the vector extensions of GCC and Clang.
///
/// Everything here is a member of a template on the vector length, so that the copies compiled for
/// different instruction sets have different names and the linker cannot mix them. For the same
/// reason files that are compiled for one instruction set include own templates only (see
/// instruction_sets/avx512.cpp). Never compile with -ffast-math: it removes the rounding in exp().
///
/// Every function returns NaN where its argument is NaN.

#include "kernels/simd/constants.hpp"

namespace psi_xlstm::kernels {

/// Largest relative errors, measured over the whole range: float 2.5e-7, double 1e-15.
template <class Real, int Bytes>
struct Simd {
  using Integer = typename IntegerOf<Real>::Type;
  typedef Real Vector __attribute__((vector_size(Bytes)));
  typedef Integer Bits __attribute__((vector_size(Bytes)));
  typedef typename IntegerOf<Real>::Unsigned Modulo __attribute__((vector_size(Bytes)));
  typedef Real Unaligned __attribute__((vector_size(Bytes), aligned(alignof(Real)), may_alias));
  typedef Real UnalignedFour
      __attribute__((vector_size(4 * sizeof(Real)), aligned(alignof(Real)), may_alias));
  using Constants = SimdConstants<Real, Bytes>;
  using V = Vector;
  static constexpr int kLanes = Bytes / static_cast<int>(sizeof(Real));

#define PSI_INLINE [[gnu::always_inline]] static inline

  /// `from` and `to` need the alignment of one number only.
  PSI_INLINE V load(const Real* from) { return *reinterpret_cast<const Unaligned*>(from); }
  PSI_INLINE void store(Real* to, V x) { *reinterpret_cast<Unaligned*>(to) = x; }
  PSI_INLINE void copy_four(Real* to, const Real* from) {
    *reinterpret_cast<UnalignedFour*>(to) = *reinterpret_cast<const UnalignedFour*>(from);
  }
  PSI_INLINE V splat(Real x) { return x - V{}; }
  PSI_INLINE V zero() { return V{}; }

  /// Keeps x in a register where the compiler would rather load it again for every use.
  PSI_INLINE void hold(V& x) {
#if defined(__x86_64__)
    asm("" : "+v"(x));
#else
    static_cast<void>(x);
#endif
  }

  PSI_INLINE V abs(V x) { return (V)((Bits)x & Constants::kMagnitude); }
  /// |size| with the sign of `sign`; `size` is not negative.
  PSI_INLINE V with_sign(V size, V sign) {
    return (V)((Bits)size | ((Bits)sign & ~Constants::kMagnitude));
  }
  /// The larger and the smaller one; b where one of them is NaN.
  PSI_INLINE V max(V a, V b) {
    // the compiler makes two operations of a comparison with a constant
#if defined(__AVX512F__) && !defined(__clang__)
    constexpr int kNearest = 4;  // in the rounding mode that is set
    if constexpr (Bytes == 64 && sizeof(Real) == 4) {
      return (V)__builtin_ia32_maxps512_mask(a, b, a, static_cast<unsigned short>(-1), kNearest);
    }
#endif
    return a > b ? a : b;
  }
  PSI_INLINE V min(V a, V b) {
#if defined(__AVX512F__) && !defined(__clang__)
    constexpr int kNearest = 4;
    if constexpr (Bytes == 64 && sizeof(Real) == 4) {
      return (V)__builtin_ia32_minps512_mask(a, b, a, static_cast<unsigned short>(-1), kNearest);
    }
#endif
    return a < b ? a : b;
  }

  PSI_INLINE Real root(Real x) {
    if constexpr (sizeof(Real) == 4) {
      return __builtin_sqrtf(x);
    } else {
      return __builtin_sqrt(x);
    }
  }

  /// Of all lanes: halves onto each other, the same order in every instruction set.
  PSI_INLINE Real sum(V x) {
    if constexpr (kLanes == 16) {
      return sum_of_8(__builtin_shufflevector(x, x, 0, 1, 2, 3, 4, 5, 6, 7) +
                      __builtin_shufflevector(x, x, 8, 9, 10, 11, 12, 13, 14, 15));
    } else if constexpr (kLanes == 8) {
      return sum_of_8(x);
    } else if constexpr (kLanes == 4) {
      return sum_of_4(x);
    } else {
      return x[0] + x[1];
    }
  }

  /// to[i] = sum of x[i], for 1, 2 or 4 vectors: fewer operations than one sum after the other.
  template <int Count>
  PSI_INLINE void store_sums(Real* to, const V (&x)[Count]) {
    if constexpr (Count == 4 && kLanes >= 4) {
      const V even = exchange(x[0], x[1], 1, false) + exchange(x[0], x[1], 1, true);
      const V odd = exchange(x[2], x[3], 1, false) + exchange(x[2], x[3], 1, true);
      const V all = exchange(even, odd, 2, false) + exchange(even, odd, 2, true);
      *reinterpret_cast<UnalignedFour*>(to) = four_sums(all);
    } else {
      for (int i = 0; i < Count; ++i) to[i] = sum(x[i]);
    }
  }

  /// Lane i of the result is lane `from[i]` of x.
  PSI_INLINE V permute(V x, Bits from) {
#if defined(__clang__)
    V y{};
    for (int i = 0; i < kLanes; ++i) y[i] = x[from[i] & (kLanes - 1)];
    return y;
#else
    return __builtin_shuffle(x, from);
#endif
  }

  /// A step of a transposition of rows a and b, `step` apart: with l the lane, a[l] where l has not
  /// the bit `step` and b[l - step] where it has (high: a[l + step] and b[l]).
  PSI_INLINE V exchange(V a, V b, int step, bool high) {
    const Integer* from = ExchangeOrder<Real, Bytes>::kTable.lane[step][high ? 1 : 0];
#if defined(__clang__)
    V y{};
    for (int l = 0; l < kLanes; ++l) y[l] = from[l] < kLanes ? a[from[l]] : b[from[l] - kLanes];
    return y;
#else
    return __builtin_shuffle(a, b, *reinterpret_cast<const Bits*>(from));
#endif
  }

  /// 1 / x for |x| between 1e-37 and 1e37.
  PSI_INLINE V reciprocal(V x) {
#if defined(__AVX512F__)
    if constexpr (Bytes == 64 && sizeof(Real) == 4) {
      const V guess = (V)__builtin_ia32_rcp14ps512_mask(x, V{}, static_cast<unsigned short>(-1));
      return guess + guess * (1 - x * guess);
    }
#endif
    return 1 / x;
  }

  /// e^x; 0 below -87 (double: -708; AVX-512: where it underflows), infinity above 88.72 (709.78).
  PSI_INLINE V exp(V x) {
#if defined(__AVX512F__)
    if constexpr (Bytes == 64) {
      const V high = min(splat(Constants::kExpHigh + 1), x);
      return exp_scaled(reduce(max(splat(Constants::kExpLowest), high)));
    }
#endif
    const Reduced r = reduce(clamp(x));
    const V y = scale(1 + (r.rest + r.rest * r.rest * exp_tail(r.rest)), r.power);
    // a NaN comes out of the last case: its payload could spoil the exponent of y
    return x <= Constants::kExpHigh ? (x < Constants::kExpLow ? V{} : y) : x + Constants::kInfinity;
  }

  /// e^x for x <= 0; 0 as in exp().
  PSI_INLINE V exp_negative(V x) {
#if defined(__AVX512F__)
    if constexpr (Bytes == 64) return exp_scaled(reduce(max(splat(Constants::kExpLowest), x)));
#endif
    const Reduced r = reduce(max(splat(Constants::kExpLow), x));
    const V y = scale(1 + (r.rest + r.rest * r.rest * exp_tail(r.rest)), r.power);
    return x <= 0 ? (x < Constants::kExpLow ? V{} : y) : x;
  }

  /// e^x - 1; -1 below -87 (-708), infinity above 88.
  PSI_INLINE V expm1(V x) {
    const Reduced r = reduce(clamp(x));
    const V small = r.rest + r.rest * r.rest * exp_tail(r.rest);
    const V half =
        scale(splat(Real(0.5)), r.power);  // 2^(n - 1): n may be one more than an exponent
    const V y = 2 * (half * small + (half - Real(0.5)));
    return x > Constants::kExpHigh ? splat(Constants::kInfinity) : y;
  }

  PSI_INLINE V tanh(V x) {
    if constexpr (sizeof(Real) == 4) {
      const V limit = splat(Constants::kTanhHigh);
      const V bounded = max(-limit, min(limit, x));
      const V square = bounded * bounded;
      const V numerator = bounded * polynomial(Constants::kTanhOver, square);
      return numerator * reciprocal(polynomial(Constants::kTanhUnder, square));
    } else {
      const V e = expm1_negative(max(splat(Constants::kTanhLow), abs(x) * -2));
      return with_sign(-e * reciprocal(2 + e), x);
    }
  }

  /// 1 / (1 + e^-x); what is below 1e-37 (double: 1e-307) may be any number below that.
  PSI_INLINE V sigmoid(V x) {
    const V limit = splat(-Constants::kExpLow);
    const Reduced r = reduce(max(-limit, min(limit, -x)));
#if defined(__AVX512F__)
    if constexpr (Bytes == 64) return reciprocal(1 + exp_scaled(r));
#endif
    const V e = scale(1 + (r.rest + r.rest * r.rest * exp_tail(r.rest)), r.power);
    return x == x ? reciprocal(1 + e) : x;  // NOLINT(misc-redundant-expression): or NaN
  }

  /// ln(1 + u) for u from 0 to 1.
  PSI_INLINE V log1p(V u) {
    if constexpr (sizeof(Real) == 4) {
      return u * polynomial(Constants::kLog, u);
    } else {
      return twice_atanh(u * reciprocal(2 + u));
    }
  }

  /// ln(1 + e^x)
  PSI_INLINE V softplus(V x) { return max(V{}, x) + log1p(exp_negative(-abs(x))); }

  /// ln x for x from 1e-37 (double: 1e-307) to the largest number.
  PSI_INLINE V log(V x) {
    // x = m 2^n with m between sqrt(1/2) and sqrt(2)
    const Bits shifted = (Bits)((Modulo)x - Constants::kSqrtHalf);
    const V m = (V)((shifted & Constants::kMantissa) + Constants::kSqrtHalf);
    // n by adding it to the bits of 3 2^(mantissa bits - 1): no conversion of integers needed
    const V n = (V)((shifted >> Constants::kMantissaBits) + Constants::kRoundingBits) -
                Constants::kRounding;
    const V y = n * Constants::kLn2Low + twice_atanh((m - 1) / (m + 1)) + n * Constants::kLn2High;
    return x == x ? y : x;  // NOLINT(misc-redundant-expression): or NaN
  }

 private:
  // x[i] + x[i + 4] + x[i + 8] and so on
  PSI_INLINE auto four_sums(V x) {
    if constexpr (kLanes == 16) {
      return four_of_8(__builtin_shufflevector(x, x, 0, 1, 2, 3, 4, 5, 6, 7) +
                       __builtin_shufflevector(x, x, 8, 9, 10, 11, 12, 13, 14, 15));
    } else if constexpr (kLanes == 8) {
      return four_of_8(x);
    } else {
      return x;
    }
  }
  template <class Eight>
  PSI_INLINE auto four_of_8(Eight x) {
    return __builtin_shufflevector(x, x, 0, 1, 2, 3) + __builtin_shufflevector(x, x, 4, 5, 6, 7);
  }

  template <class Eight>
  PSI_INLINE Real sum_of_8(Eight x) {
    return sum_of_4(four_of_8(x));
  }
  template <class Four>
  PSI_INLINE Real sum_of_4(Four x) {
    const auto half = __builtin_shufflevector(x, x, 0, 1) + __builtin_shufflevector(x, x, 2, 3);
    return half[0] + half[1];
  }

  struct Reduced {
    V rest;      // |rest| <= ln(2) / 2
    V n;         // x = n ln 2 + rest
    Bits power;  // n in its lowest bits
  };

  PSI_INLINE V clamp(V x) {
    return min(splat(Constants::kExpHigh), max(splat(Constants::kExpLow), x));
  }

  PSI_INLINE Reduced reduce(V x) {
    const V shifted = x * Constants::kLog2E + Constants::kRounding;
    const V n = shifted - Constants::kRounding;
    const V rest = x - n * Constants::kLn2High - n * Constants::kLn2Low;
    return {rest, n, (Bits)shifted};
  }

#if defined(__AVX512F__)
  // e^x by the instruction that multiplies by 2^n: right for every n and for NaN
  PSI_INLINE V exp_scaled(Reduced r) {
    const V y = 1 + (r.rest + r.rest * r.rest * exp_tail(r.rest));
    constexpr int kNearest = 4;  // in the rounding mode that is set
    if constexpr (sizeof(Real) == 4) {
      return (V)__builtin_ia32_scalefps512_mask(y, r.n, y, static_cast<unsigned short>(-1),
                                                kNearest);
    } else {
      return (V)__builtin_ia32_scalefpd512_mask(y, r.n, y, static_cast<unsigned char>(-1),
                                                kNearest);
    }
  }
#endif

  // x 2^n
  PSI_INLINE V scale(V x, Bits power) {
    return (V)((Modulo)x + ((Modulo)power << Constants::kMantissaBits));
  }

  // c[0] + c[1] x + ...
  template <int Terms>
  PSI_INLINE V polynomial(const Real (&c)[Terms], V x) {
    V sum = splat(c[Terms - 1]);
#pragma GCC unroll 16
    for (int i = Terms - 2; i >= 0; --i) sum = sum * x + c[i];
    return sum;
  }

  // (e^r - 1 - r) / r^2 for |r| <= ln(2) / 2
  PSI_INLINE V exp_tail(V r) { return polynomial(Constants::kExp, r); }

  // e^x - 1 for -87 <= x <= 0
  PSI_INLINE V expm1_negative(V x) {
    const Reduced r = reduce(x);
    const V small = r.rest + r.rest * r.rest * exp_tail(r.rest);
    const V power = scale(splat(1), r.power);
    return power * small + (power - 1);
  }

  // ln((1 + s) / (1 - s)) for |s| <= 1/3
  PSI_INLINE V twice_atanh(V s) {
    const V square = s * s;
    const V sum = polynomial(Constants::kAtanh, square);
    return 2 * s + s * square * sum;
  }

#undef PSI_INLINE
};

}  // namespace psi_xlstm::kernels
