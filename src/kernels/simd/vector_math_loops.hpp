#pragma once

/// @file
/// The table of vector_math.hpp, made in instruction_sets/.

#include "kernels/simd/vector.hpp"
#include "kernels/simd/vector_math.hpp"

namespace psi_xlstm::kernels {

template <class Real, int Bytes>
struct VectorMathLoops {
  using S = Simd<Real, Bytes>;
  using V = typename S::Vector;

  template <class Function>
  [[gnu::always_inline]] static inline void apply(Real* y,
                                                  const Real* x,
                                                  int count,
                                                  Function function) {
    for (int i = 0; i < count; i += S::kLanes) S::store(y + i, function(S::load(x + i)));
  }

#define PSI_FUNCTION(name) \
  +[](Real* y, const Real* x, int count) { apply(y, x, count, [](V v) { return S::name(v); }); }
  static constexpr VectorMath<Real> kTable = {
      .exp = PSI_FUNCTION(exp),
      .exp_negative = PSI_FUNCTION(exp_negative),
      .expm1 = PSI_FUNCTION(expm1),
      .tanh = PSI_FUNCTION(tanh),
      .sigmoid = PSI_FUNCTION(sigmoid),
      .log1p = PSI_FUNCTION(log1p),
      .softplus = PSI_FUNCTION(softplus),
      .log = PSI_FUNCTION(log),
      .reciprocal = PSI_FUNCTION(reciprocal),
      .sum = +[](const Real* x) { return S::sum(S::load(x)); },
      .lanes = S::kLanes,
  };
#undef PSI_FUNCTION
};

template <class Real, int Bytes>
const VectorMath<Real>& vector_math() {
  return VectorMathLoops<Real, Bytes>::kTable;
}

}  // namespace psi_xlstm::kernels
