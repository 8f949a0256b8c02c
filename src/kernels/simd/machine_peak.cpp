#include "kernels/simd/machine_peak.hpp"

#include "kernels/instruction_sets/table.hpp"

namespace psi_xlstm::kernels {

template <class Real>
double peak_operations(InstructionSet instruction_set) {
  constexpr long kRounds = 20000;
  const auto& loops = published_loops_of<Real>(require_available(instruction_set));
  volatile Real used = loops.peak(kRounds);  // or the loop would be removed
  static_cast<void>(used);
  return static_cast<double>(kRounds * loops.peak_operations);
}

template double peak_operations<float>(InstructionSet);
template double peak_operations<double>(InstructionSet);

}  // namespace psi_xlstm::kernels
