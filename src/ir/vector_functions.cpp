// Only plain arrays in this file, see core/instruction_sets.hpp.
#include "ir/vector_functions.hpp"

#include "core/instruction_sets.hpp"

namespace psi_xlstm::ir {
namespace {

constexpr int kLanes = 8;

// tanh x = E / (E + 2), E = exp(2 |x|) - 1, with the sign of x. With 2 |x| = k ln 2 + r and p =
// exp(r) - 1: E = 2^k p + (2^k - 1), without cancellation near 0.
PSI_INSTRUCTION_SETS void tanh_lanes(const double* a, double* y) {
  constexpr double kLog2e = 1.4426950408889634074;
  constexpr double kLn2High = 6.93147180369123816490e-01, kLn2Low = 1.90821492927058770002e-10;
  constexpr double kRound = 6755399441055744.0;  // 1.5 * 2^52: adding it rounds to an integer
  constexpr double kLargest = 40;                // tanh 20 is 1 in double
  for (int i = 0; i < kLanes; ++i) {
    const double x = a[i];
    double u = x < 0 ? -2 * x : 2 * x;
    u = u < kLargest ? u : kLargest;
    const double shifted = u * kLog2e + kRound;
    const double k = shifted - kRound;
    const double r = (u - k * kLn2High) - k * kLn2Low;
    double p = 1.0 / 6227020800.0;  // 1/13!
    p = p * r + 1.0 / 479001600.0;
    p = p * r + 1.0 / 39916800.0;
    p = p * r + 1.0 / 3628800.0;
    p = p * r + 1.0 / 362880.0;
    p = p * r + 1.0 / 40320.0;
    p = p * r + 1.0 / 5040.0;
    p = p * r + 1.0 / 720.0;
    p = p * r + 1.0 / 120.0;
    p = p * r + 1.0 / 24.0;
    p = p * r + 1.0 / 6.0;
    p = p * r + 0.5;
    p = p * r * r + r;
    long long bits = 0;
    __builtin_memcpy(&bits, &shifted, sizeof bits);
    bits = (bits + 1023) << 52;  // the low bits of `shifted` hold k
    double power = 0;
    __builtin_memcpy(&power, &bits, sizeof power);
    const double e = power * p + (power - 1);
    const double t = e / (e + 2);
    y[i] = x != x ? x : (x < 0 ? -t : t);
  }
}

}  // namespace

void tanh_of(const double* a, double* y, int count) {
  // Whole groups of lanes always: the same instructions for every element.
  for (int first = 0; first < count; first += kLanes) {
    const int here = count - first < kLanes ? count - first : kLanes;
    double in[kLanes] = {}, out[kLanes];
    for (int i = 0; i < here; ++i) in[i] = a[first + i];
    tanh_lanes(in, out);
    for (int i = 0; i < here; ++i) y[first + i] = out[i];
  }
}

}  // namespace psi_xlstm::ir
