#include "kernels/simd/vector_math.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "core/rng.hpp"
#include "kernels/simd/loops_of.hpp"

namespace psi_xlstm::kernels {
namespace {

template <class Real>
const VectorMath<Real>& vector_math_of(InstructionSet set) {
  return loops_of(
      set, []<int Bytes>() -> const VectorMath<Real>& { return vector_math<Real, Bytes>(); });
}

template <class Real>
constexpr Real kInfinity = std::numeric_limits<Real>::infinity();

/// Largest relative error of the functions; without fused operations tanh has the most.
template <class Real>
constexpr double kAccuracy = sizeof(Real) == 4 ? 4e-7 : 1e-15;

/// A range in which a result is a normal number.
struct Range {
  double low, high;
};

template <class Real>
Range exponents() {
  return sizeof(Real) == 4 ? Range{-86.9, 88.7} : Range{-707.9, 709.7};
}

template <class Real>
class VectorMathOf : public testing::Test {
 protected:
  using Function = typename VectorMath<Real>::Function VectorMath<Real>::*;
  using Reference = long double (*)(long double);

  static Real value(const VectorMath<Real>& math, Function function, Real x) {
    std::vector<Real> in(static_cast<std::size_t>(math.lanes), x), out(in.size());
    (math.*function)(out.data(), in.data(), math.lanes);
    for (const Real y : out) EXPECT_TRUE(y == out[0] || std::isnan(out[0]));
    return out[0];
  }

  static void expect_accurate(Function function,
                              Reference reference,
                              const std::vector<Range>& ranges) {
    constexpr int kCount = 1 << 15;
    for (const InstructionSet set : available_instruction_sets()) {
      SCOPED_TRACE(std::string(name(set)));
      const auto& math = vector_math_of<Real>(set);
      Rng rng(1);
      for (const Range& range : ranges) {
        std::vector<Real> x, y(kCount);
        for (int i = 0; i < kCount; ++i) {
          x.push_back(static_cast<Real>(rng.uniform(range.low, range.high)));
        }
        (math.*function)(y.data(), x.data(), kCount);
        double worst = 0;
        for (std::size_t i = 0; i < x.size(); ++i) {
          const long double exact = reference(x[i]);
          if (exact == 0) {
            EXPECT_EQ(y[i], 0) << x[i];
            continue;
          }
          const double error = static_cast<double>(std::abs((y[i] - exact) / exact));
          if (!(error <= worst)) worst = error;
        }
        EXPECT_LE(worst, kAccuracy<Real>) << range.low << " to " << range.high;
      }
    }
  }

  /// f(NaN) is NaN whatever its payload; f(-inf), f(inf) as given, to `tolerance`.
  static void expect_limits(Function function, Real at_low, Real at_high, Real tolerance = 0) {
    for (const InstructionSet set : available_instruction_sets()) {
      SCOPED_TRACE(std::string(name(set)));
      const auto& math = vector_math_of<Real>(set);
      for (const Real low : {-kInfinity<Real>, Real(-1e30), Real(-1000)}) {
        const Real y = value(math, function, low);
        EXPECT_TRUE(y == at_low || std::abs(y - at_low) <= tolerance) << low << ": " << y;
      }
      for (const Real high : {Real(1000), Real(1e30), kInfinity<Real>}) {
        const Real y = value(math, function, high);
        EXPECT_TRUE(y == at_high || std::abs(y - at_high) <= tolerance) << high << ": " << y;
      }
      expect_nan(math, function);
    }
  }

  static void expect_nan(const VectorMath<Real>& math, Function function) {
    Real with_payload;
    if constexpr (sizeof(Real) == 4) {
      with_payload = std::bit_cast<Real>(std::uint32_t{0x7fc00123});
    } else {
      with_payload = std::bit_cast<Real>(std::uint64_t{0x7ff80000000007a2});
    }
    const Real plain = std::numeric_limits<Real>::quiet_NaN();
    for (const Real nan : {plain, -plain, with_payload}) {
      EXPECT_TRUE(std::isnan(value(math, function, nan)));
    }
  }
};

using Reals = testing::Types<float, double>;
TYPED_TEST_SUITE(VectorMathOf, Reals);

TYPED_TEST(VectorMathOf, Exp) {
  using Math = VectorMath<TypeParam>;
  const Range range = exponents<TypeParam>();
  this->expect_accurate(&Math::exp, [](long double x) { return std::exp(x); },
                        {range, {-2, 2}, {-1e-3, 1e-3}, {-1e-12, 1e-12}});
  this->expect_limits(&Math::exp, 0, kInfinity<TypeParam>);
}

TYPED_TEST(VectorMathOf, ExpOfWhatIsNotPositive) {
  using Math = VectorMath<TypeParam>;
  const Range range = exponents<TypeParam>();
  this->expect_accurate(&Math::exp_negative, [](long double x) { return std::exp(x); },
                        {{range.low, 0}, {-2, 0}});
  for (const InstructionSet set : available_instruction_sets()) {
    const auto& math = vector_math_of<TypeParam>(set);
    EXPECT_EQ(this->value(math, &Math::exp_negative, 0), 1);
    EXPECT_EQ(this->value(math, &Math::exp_negative, TypeParam(-1000)), 0);
    EXPECT_EQ(this->value(math, &Math::exp_negative, -kInfinity<TypeParam>), 0);
    this->expect_nan(math, &Math::exp_negative);
  }
}

TYPED_TEST(VectorMathOf, Expm1) {
  using Math = VectorMath<TypeParam>;
  const Range range = exponents<TypeParam>();
  this->expect_accurate(&Math::expm1, [](long double x) { return std::expm1(x); },
                        {{range.low, range.high - 1}, {-2, 2}, {-1e-3, 1e-3}, {-1e-12, 1e-12}});
  this->expect_limits(&Math::expm1, -1, kInfinity<TypeParam>);
}

TYPED_TEST(VectorMathOf, Tanh) {
  using Math = VectorMath<TypeParam>;
  this->expect_accurate(&Math::tanh, [](long double x) { return std::tanh(x); },
                        {{-30, 30}, {-10, 10}, {-1, 1}, {-1e-3, 1e-3}, {-1e-12, 1e-12}});
  this->expect_limits(&Math::tanh, -1, 1, static_cast<TypeParam>(kAccuracy<TypeParam>));
}

TYPED_TEST(VectorMathOf, Sigmoid) {
  using Math = VectorMath<TypeParam>;
  const Range range = exponents<TypeParam>();
  this->expect_accurate(&Math::sigmoid, [](long double x) { return 1 / (1 + std::exp(-x)); },
                        {{range.low, -range.low}, {-10, 10}, {-1, 1}});
  this->expect_limits(&Math::sigmoid, 0, 1, 2 * std::numeric_limits<TypeParam>::min());
}

TYPED_TEST(VectorMathOf, Log1p) {
  using Math = VectorMath<TypeParam>;
  this->expect_accurate(&Math::log1p, [](long double x) { return std::log1p(x); },
                        {{0, 1}, {0, 1e-3}, {0, 1e-12}});
  for (const InstructionSet set : available_instruction_sets()) {
    this->expect_nan(vector_math_of<TypeParam>(set), &Math::log1p);
  }
}

TYPED_TEST(VectorMathOf, Softplus) {
  using Math = VectorMath<TypeParam>;
  const Range range = exponents<TypeParam>();
  this->expect_accurate(
      &Math::softplus,
      [](long double x) { return std::max(x, 0.0L) + std::log1p(std::exp(-std::abs(x))); },
      {{range.low, -range.low}, {-10, 10}, {-1, 1}});
  for (const InstructionSet set : available_instruction_sets()) {
    const auto& math = vector_math_of<TypeParam>(set);
    EXPECT_EQ(this->value(math, &Math::softplus, TypeParam(1e30)), TypeParam(1e30));
    EXPECT_EQ(this->value(math, &Math::softplus, TypeParam(-1e30)), 0);
    this->expect_nan(math, &Math::softplus);
  }
}

TYPED_TEST(VectorMathOf, Log) {
  using Math = VectorMath<TypeParam>;
  this->expect_accurate(
      &Math::log, [](long double x) { return std::log(x); },
      {{1e-30, 1e-20}, {1e-3, 1}, {0.5, 2}, {0.999, 1.001}, {1, 1e10}, {1e20, 1e30}});
  for (const InstructionSet set : available_instruction_sets()) {
    const auto& math = vector_math_of<TypeParam>(set);
    EXPECT_EQ(this->value(math, &Math::log, 1), 0);
    this->expect_nan(math, &Math::log);
  }
}

TYPED_TEST(VectorMathOf, Reciprocal) {
  using Math = VectorMath<TypeParam>;
  this->expect_accurate(&Math::reciprocal, [](long double x) { return 1 / x; },
                        {{1e-30, 1e-20}, {0.5, 2}, {-100, -1e-10}, {1e20, 1e30}});
}

TYPED_TEST(VectorMathOf, SumOfAVector) {
  for (const InstructionSet set : available_instruction_sets()) {
    const auto& math = vector_math_of<TypeParam>(set);
    std::vector<TypeParam> x;
    TypeParam expected = 0;
    for (int i = 0; i < math.lanes; ++i) {
      x.push_back(static_cast<TypeParam>(1 << i));
      expected += x.back();
    }
    EXPECT_EQ(math.sum(x.data()), expected) << name(set);
  }
}

}  // namespace
}  // namespace psi_xlstm::kernels
