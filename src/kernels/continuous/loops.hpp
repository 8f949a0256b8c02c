#pragma once

/// @file
/// The loops of the continuous cells as one table. Only own templates here, see
/// instruction_sets/avx512.cpp.

#include "kernels/continuous/arguments.hpp"
#include "kernels/continuous/layer_norm.hpp"
#include "kernels/continuous/mlstm.hpp"
#include "kernels/continuous/slstm.hpp"
#include "kernels/continuous/step.hpp"
#include "kernels/simd/gemm.hpp"

namespace psi_xlstm::kernels {

template <class Real, int Bytes>
const ContinuousLoops<Real>& continuous_loops() {
  using Slstm = ContinuousSlstmLoops<Real, Bytes>;
  using Mlstm = ContinuousMlstmLoops<Real, Bytes>;
  using Norm = ContinuousNormLoops<Real, Bytes>;
  using Step = ContinuousStepLoops<Real, Bytes>;
  static constexpr ContinuousLoops<Real> table = {Slstm::forward,
                                                  Slstm::backward,
                                                  Mlstm::forward,
                                                  Mlstm::backward,
                                                  Norm::forward,
                                                  Norm::backward,
                                                  multiply_rows<Real, Bytes>,
                                                  affine_rows<Real, Bytes>,
                                                  multiply_transposed<Real, Bytes>,
                                                  Step::slstm_step,
                                                  Mlstm::step,
                                                  Step::affine,
                                                  Step::dot,
                                                  Step::kLanes};
  return table;
}

}  // namespace psi_xlstm::kernels
