#include "kernels/simd/machine_peak.hpp"

#include "kernels/simd/loops_of.hpp"
#include "kernels/simd/optimizer.hpp"

namespace psi_xlstm::kernels {

template <class Real>
double peak_operations(InstructionSet instruction_set) {
  constexpr long kRounds = 20000;
  const auto& loops = loops_of(instruction_set, []<int Bytes>() -> const OptimizerLoops<Real>& {
    return optimizer_loops<Real, Bytes>();
  });
  volatile Real used = loops.peak(kRounds);  // or the loop would be removed
  static_cast<void>(used);
  return static_cast<double>(kRounds * loops.peak_operations);
}

template double peak_operations<float>(InstructionSet);
template double peak_operations<double>(InstructionSet);

}  // namespace psi_xlstm::kernels
