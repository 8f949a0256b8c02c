/* Functions on four doubles at once, in vectors of GCC and Clang that every processor has an
 * equivalent for. Absolute errors: tanh and sigmoid 1e-15, softplus 1e-15 (1 + |x|); exp 1e-15
 * relative. No function has a branch or touches memory. */

#include <math.h>
#include <stdint.h>

#define PSI_INLINE static inline __attribute__((always_inline, unused))

typedef double Real4 __attribute__((vector_size(32)));
typedef uint64_t Bits4 __attribute__((vector_size(32)));

PSI_INLINE Real4 splat(double x) { return (Real4){x, x, x, x}; }
PSI_INLINE double sum_of(Real4 x) { return (x[0] + x[1]) + (x[2] + x[3]); }

/* mask ? a : b; mask ? a : 0; mask ? 0 : a, lane by lane */
PSI_INLINE Real4 choose(Bits4 mask, Real4 a, Real4 b) {
  return (Real4)(((Bits4)a & mask) | ((Bits4)b & ~mask));
}
PSI_INLINE Real4 keep(Bits4 mask, Real4 a) { return (Real4)((Bits4)a & mask); }
PSI_INLINE Real4 drop(Bits4 mask, Real4 a) { return (Real4)((Bits4)a & ~mask); }

/* the sign alone; -|x| */
PSI_INLINE Bits4 sign_of(Real4 x) { return (Bits4)x & (Bits4)splat(-0.0); }
PSI_INLINE Real4 minus_size4(Real4 x) { return (Real4)((Bits4)x | (Bits4)splat(-0.0)); }

/* exp(x) = 2^k exp(r), x = k ln 2 + r, |r| <= ln(2) / 2, by the series to r^13 / 13!, whose rest is
 * below 5e-18. The magic number 1.5 * 2^52 rounds to an integer and leaves it in the lowest bits.
 * For |x| <= 700; anything beyond. */
PSI_INLINE Real4 bounded_exp4(Real4 x) {
  const Real4 magic = splat(6755399441055744.0);
  const Real4 shifted = x * splat(1.4426950408889634) + magic;
  const Real4 k = shifted - magic;
  const Real4 r = (x - k * splat(0.693147180369123816490)) - k * splat(1.90821492927058770002e-10);
  const Real4 r2 = r * r, r4 = r2 * r2, r8 = r4 * r4;
  const Real4 a = (splat(1.0) + r) + r2 * (splat(1.0 / 2) + r * splat(1.0 / 6));
  const Real4 b =
      (splat(1.0 / 24) + r * splat(1.0 / 120)) + r2 * (splat(1.0 / 720) + r * splat(1.0 / 5040));
  const Real4 c = (splat(1.0 / 40320) + r * splat(1.0 / 362880)) +
                  r2 * (splat(1.0 / 3628800) + r * splat(1.0 / 39916800));
  const Real4 d = splat(1.0 / 479001600) + r * splat(1.0 / 6227020800.0);
  const Real4 series = (a + r4 * b) + r8 * (c + r4 * d);
  const Bits4 one = {UINT64_C(1023) << 52, UINT64_C(1023) << 52, UINT64_C(1023) << 52,
                     UINT64_C(1023) << 52};
  return series * (Real4)(((Bits4)shifted << 52) + one);
}

/* exp(x) for x <= 700; 0 below -700. What is beyond is put right afterwards, beside the series. */
PSI_INLINE Real4 falling_exp4(Real4 x) { return drop((Bits4)(x < splat(-700.0)), bounded_exp4(x)); }

/* exp(x); 0 below -700, exp(700) above 700 */
PSI_INLINE Real4 exp4(Real4 x) {
  const Bits4 large = (Bits4)(x > splat(700.0));
  return choose(large, splat(1.0142320547350045e304), falling_exp4(x));
}

/* exp(-|x|), and what is made of it: ln(1 + exp(x)) = max(x, 0) + ln(1 + exp(-|x|)), its slope
 * 1 / (1 + exp(-x)), and tanh(x / 2) = sign(x) (1 - exp(-|x|)) / (1 + exp(-|x|)) */
PSI_INLINE Real4 falling4(Real4 x) { return falling_exp4(minus_size4(x)); }

PSI_INLINE Real4 logistic4(Real4 x, Real4 falling) {
  const Bits4 positive = (Bits4)(x > splat(0.0));
  return choose(positive, splat(1.0), falling) / (splat(1.0) + falling);
}

PSI_INLINE Real4 tanh4(Real4 x) {
  const Real4 e = falling4(x + x), size = (splat(1.0) - e) / (splat(1.0) + e);
  return (Real4)((Bits4)size | sign_of(x));
}

PSI_INLINE Real4 sigmoid4(Real4 x) { return logistic4(x, falling4(x)); }

/* ln(1 + u) = 2 artanh(s), s = u / (2 + u), for 0 <= u <= 1: the series to s^31. */
PSI_INLINE Real4 log1p4(Real4 u) {
  const Real4 s = u / (splat(2.0) + u), q = s * s, q2 = q * q, q4 = q2 * q2, q8 = q4 * q4;
  const Real4 a = (splat(1.0) + q * splat(1.0 / 3)) + q2 * (splat(1.0 / 5) + q * splat(1.0 / 7));
  const Real4 b =
      (splat(1.0 / 9) + q * splat(1.0 / 11)) + q2 * (splat(1.0 / 13) + q * splat(1.0 / 15));
  const Real4 c =
      (splat(1.0 / 17) + q * splat(1.0 / 19)) + q2 * (splat(1.0 / 21) + q * splat(1.0 / 23));
  const Real4 d =
      (splat(1.0 / 25) + q * splat(1.0 / 27)) + q2 * (splat(1.0 / 29) + q * splat(1.0 / 31));
  return (s + s) * ((a + q4 * b) + q8 * (c + q4 * d));
}

PSI_INLINE Real4 softplus4(Real4 x, Real4 falling) {
  return keep((Bits4)(x > splat(0.0)), x) + log1p4(falling);
}

/* The same for one number; those of an exponential that is known stay off the vectors. */
PSI_INLINE double exp1(double x) { return exp4(splat(x))[0]; }

PSI_INLINE double log1p1(double u) {
  const double s = u / (2.0 + u), q = s * s, q2 = q * q, q4 = q2 * q2, q8 = q4 * q4;
  const double a = (1.0 + q * (1.0 / 3)) + q2 * (1.0 / 5 + q * (1.0 / 7));
  const double b = (1.0 / 9 + q * (1.0 / 11)) + q2 * (1.0 / 13 + q * (1.0 / 15));
  const double c = (1.0 / 17 + q * (1.0 / 19)) + q2 * (1.0 / 21 + q * (1.0 / 23));
  const double d = (1.0 / 25 + q * (1.0 / 27)) + q2 * (1.0 / 29 + q * (1.0 / 31));
  return (s + s) * ((a + q4 * b) + q8 * (c + q4 * d));
}
PSI_INLINE double softplus1(double x, double falling) { return (x > 0 ? x : 0) + log1p1(falling); }
PSI_INLINE double logistic1(double x, double falling) {
  return (x > 0 ? 1.0 : falling) / (1.0 + falling);
}
/* with exp(-2 |x|) */
PSI_INLINE double tanh1(double x, double falling) {
  return copysign((1.0 - falling) / (1.0 + falling), x);
}
