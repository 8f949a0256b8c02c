#pragma once

/// @file
/// The constants of vector.hpp, for each type of number: its bits, its range, polynomials, and
/// orders of lanes. Only own templates here, see instruction_sets/avx512.cpp.

namespace psi_xlstm::kernels {

/// The integer type of the size of a real number.
template <class Real>
struct IntegerOf;
template <>
struct IntegerOf<float> {
  using Type = int;
  using Unsigned = unsigned;
};
template <>
struct IntegerOf<double> {
  using Type = long long;
  using Unsigned = unsigned long long;
};

/// Where the lanes of Simd::exchange come from, [step][high], as __builtin_shuffle counts them.
template <class Real, int Bytes>
struct ExchangeOrder {
  static constexpr int kLanes = Bytes / static_cast<int>(sizeof(Real));
  alignas(Bytes) typename IntegerOf<Real>::Type lane[kLanes][2][kLanes] = {};

  constexpr ExchangeOrder() {
    for (int step = 1; step < kLanes; step *= 2) {
      for (int l = 0; l < kLanes; ++l) {
        const bool second = (l & step) != 0;
        lane[step][0][l] = second ? kLanes + l - step : l;
        lane[step][1][l] = second ? kLanes + l : l + step;
      }
    }
  }
  static const ExchangeOrder kTable;
};
template <class Real, int Bytes>
constexpr ExchangeOrder<Real, Bytes> ExchangeOrder<Real, Bytes>::kTable{};

/// Polynomials: Chebyshev fits of (e^r - 1 - r) / r^2 on |r| <= ln(2) / 2 and of
/// (2 atanh(s) - 2 s) / s^3 by s^2 <= 1/9, error below 2e-8 (float), 3e-17 (double) of the
/// function.
template <class Real, int Bytes>
struct SimdConstants;

template <int Bytes>
struct SimdConstants<float, Bytes> {
  static constexpr int kMagnitude = 0x7fffffff;
  static constexpr int kMantissa = 0x007fffff;
  static constexpr int kMantissaBits = 23;
  static constexpr int kSqrtHalf = 0x3f3504f3;
  static constexpr float kRounding = 12582912.0f;  // 1.5 2^23
  static constexpr int kRoundingBits = 0x4b400000;
  static constexpr float kInfinity = __builtin_inff();
  static constexpr float kExpLow = -87.0f;
  static constexpr float kExpLowest = -110.0f;
  static constexpr float kExpHigh = 88.72283f;
  static constexpr float kTiny = 1e-30f;
  static constexpr float kTanhHigh = 8.5f;
  static constexpr int kTanhTerms = 5;
  static constexpr float kTanhOver[kTanhTerms] = {
      0.999999988307f, 0.134132398425f, 0.00353401799917f, 2.12508845965e-5f, 1.42689828559e-8f};
  static constexpr float kTanhUnder[kTanhTerms] = {1.0f, 0.467465626215f, 0.0260227187201f,
                                                   0.000334884968483f, 8.14502809785e-7f};
  static constexpr int kLogTerms = 9;
  static constexpr float kLog[kLogTerms] = {0.99999996988f,   -0.499994931457f,  0.333190968941f,
                                            -0.248429827548f, 0.191060084551f,   -0.136632487326f,
                                            0.0782259804559f, -0.0295052533308f, 0.00523269727185f};
  static constexpr float kLog2E = 1.44269504088896341f;
  static constexpr float kLn2High = 0.693145751953125f;  // 16 bits: n kLn2High is exact
  static constexpr float kLn2Low = 1.42860682030941723e-6f;
  static constexpr int kExpTerms = 5;
  static constexpr float kExp[kExpTerms] = {0.5f, 0.1666657698969877568f, 0.0416665546172045742f,
                                            0.00836317905272257737f, 0.001392618358771349454f};
  static constexpr int kAtanhTerms = 4;
  static constexpr float kAtanh[kAtanhTerms] = {0.6666664033669923979f, 0.4000756064491120576f,
                                                0.2823661980531048144f, 0.2685149802283715181f};
};

template <int Bytes>
struct SimdConstants<double, Bytes> {
  static constexpr long long kMagnitude = 0x7fffffffffffffff;
  static constexpr long long kMantissa = 0x000fffffffffffff;
  static constexpr int kMantissaBits = 52;
  static constexpr long long kSqrtHalf = 0x3fe6a09e667f3bcd;
  static constexpr double kRounding = 6755399441055744.0;  // 1.5 2^52
  static constexpr long long kRoundingBits = 0x4338000000000000;
  static constexpr double kInfinity = __builtin_inf();
  static constexpr double kExpLow = -708.0;
  static constexpr double kExpLowest = -760.0;
  static constexpr double kExpHigh = 709.782712893384;
  static constexpr double kTiny = 1e-290;
  static constexpr double kTanhLow = -80.0;
  static constexpr double kLog2E = 1.44269504088896341;
  static constexpr double kLn2High = 0.693147180369123816490;  // 33 bits
  static constexpr double kLn2Low = 1.90821492927058770002e-10;
  static constexpr int kExpTerms = 10;
  static constexpr double kExp[kExpTerms] = {0.5000000000000001022,     0.1666666666666666745,
                                             0.04166666666662412787,    0.008333333333330061833,
                                             0.00138888889172137169,    0.0001984126986305361688,
                                             0.00002480152129595437513, 2.755726845999706477e-6,
                                             2.762008844540974816e-7,   2.510038549551031908e-8};
  static constexpr int kAtanhTerms = 10;
  static constexpr double kAtanh[kAtanhTerms] = {
      0.6666666666666665856,  0.4000000000001458267, 0.2857142856710875716, 0.2222222271742786299,
      0.1818178943613285817,  0.153855700649586231,  0.1331414420965493615, 0.1200107280959071254,
      0.08800738486144673882, 0.1616404561194353222};
};

}  // namespace psi_xlstm::kernels
