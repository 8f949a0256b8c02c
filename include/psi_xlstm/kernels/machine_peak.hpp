#pragma once

/// @file
/// The arithmetic peak of one core, which the speed of the kernels is compared with.

#include "psi_xlstm/kernels/instruction_set.hpp"

namespace psi_xlstm::kernels {

/// Multiplications and additions per second, in 1e9, of vectors of Real of `instruction_set` in
/// registers (fused where the set has that): the best of several runs that take `seconds` in all.
/// Throws ConfigError where the set is not available.
template <class Real>
double machine_peak(InstructionSet instruction_set, double seconds = 0.05);

}  // namespace psi_xlstm::kernels
