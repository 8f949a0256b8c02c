#pragma once

/// @file
/// The arithmetic peak of one core, which the speed of the kernels is compared with.

#include "kernels/simd/instruction_set.hpp"

namespace psi_xlstm::kernels {

/// Multiplies and adds vectors of Real of `instruction_set` in registers (fused where the set has
/// that), nothing else, for some tens of microseconds. Returns the number of multiplications and
/// additions: over the time it took, that is the peak. Time it as whatever is compared with it.
/// Throws ConfigError where the set is not available.
template <class Real>
double peak_operations(InstructionSet instruction_set);

}  // namespace psi_xlstm::kernels
