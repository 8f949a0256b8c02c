#pragma once

/// @file
/// The functions of vector.hpp on arrays, for every instruction set: their tests call them.

namespace psi_xlstm::kernels {

/// y = f(x) for `count` numbers, a multiple of the lanes.
template <class Real>
struct VectorMath {
  using Function = void (*)(Real* y, const Real* x, int count);
  Function exp, exp_negative, expm1, tanh, sigmoid, log1p, softplus, log, reciprocal;
  Real (*sum)(const Real* x);  ///< Of one vector.
  int lanes;
};

/// Defined in the file of that instruction set.
template <class Real, int Bytes>
const VectorMath<Real>& vector_math();

}  // namespace psi_xlstm::kernels
