#pragma once

/// @file
/// The choice of a table of loops by instruction set. A folder declares its table as a function
/// template on the length of the vectors,
///
///     template <class Real, int Bytes> const Loops<Real>& loops();
///
/// which kernels/instruction_sets/ defines, once in each file that is compiled for a set.

#include "kernels/simd/instruction_set.hpp"

namespace psi_xlstm::kernels {

/// The table that `loops`, a lambda []<int Bytes>() -> const Loops&, returns for the vectors of
/// `set`. Throws ConfigError where the set is not available.
template <class Loops>
decltype(auto) loops_of(InstructionSet set, Loops loops) {
  require_available(set);
#if defined(__x86_64__)
  if (set == InstructionSet::kAvx512) return loops.template operator()<64>();
  if (set == InstructionSet::kAvx2) return loops.template operator()<32>();
#endif
  return loops.template operator()<16>();
}

}  // namespace psi_xlstm::kernels
