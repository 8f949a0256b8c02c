#pragma once

/// @file
/// The instruction sets that the kernels are compiled for, and the choice between them at run time.

#include <string_view>
#include <vector>

namespace psi_xlstm::kernels {

/// In ascending speed.
enum class InstructionSet {
  kBaseline,  ///< What every processor of the architecture has; vectors of 16 bytes.
  kAvx2,      ///< AVX2 and FMA, 32 bytes.
  kAvx512,    ///< AVX-512 F, DQ, BW and VL, 64 bytes.
};

/// "baseline", "avx2" or "avx512".
std::string_view name(InstructionSet set);

/// Whether this program holds kernels for `set` and this processor can run them.
bool available(InstructionSet set);

/// In ascending speed; never empty.
std::vector<InstructionSet> available_instruction_sets();

/// The fastest available one, or the one that the environment variable PSI_INSTRUCTION_SET names.
/// Throws ConfigError where that names none or one that is not available.
InstructionSet best_instruction_set();

/// `set`. Throws ConfigError where it is not available.
InstructionSet require_available(InstructionSet set);

}  // namespace psi_xlstm::kernels
