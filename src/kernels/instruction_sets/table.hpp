#pragma once

/// @file
/// The tables of an instruction set.

#include "kernels/simd/instruction_set.hpp"
#include "kernels/simd/vector_math.hpp"
#include "kernels/xlstm/arguments.hpp"

namespace psi_xlstm::kernels {

/// Of the published convention. `set` must be available.
template <class Real>
const PublishedLoops<Real>& published_loops_of(InstructionSet set) {
#if defined(__x86_64__)
  if (set == InstructionSet::kAvx512) return published_loops<Real, 64>();
  if (set == InstructionSet::kAvx2) return published_loops<Real, 32>();
#endif
  static_cast<void>(set);
  return published_loops<Real, 16>();
}

/// The functions of simd_vector.hpp. `set` must be available.
template <class Real>
const VectorMath<Real>& vector_math_of(InstructionSet set) {
#if defined(__x86_64__)
  if (set == InstructionSet::kAvx512) return vector_math<Real, 64>();
  if (set == InstructionSet::kAvx2) return vector_math<Real, 32>();
#endif
  static_cast<void>(set);
  return vector_math<Real, 16>();
}

}  // namespace psi_xlstm::kernels
