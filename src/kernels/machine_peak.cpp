#include "psi_xlstm/kernels/machine_peak.hpp"

#include <algorithm>
#include <chrono>

#include "instruction_table.hpp"

namespace psi_xlstm::kernels {

template <class Real>
double machine_peak(InstructionSet instruction_set, double seconds) {
  using Clock = std::chrono::steady_clock;
  constexpr long kRounds = 20000;  // well below a millisecond: short enough to be undisturbed
  const auto& loops = published_loops_of<Real>(require_available(instruction_set));
  const Clock::time_point start = Clock::now();
  double best = 0;
  Real sum = 0;
  for (Clock::time_point before = start; before - start < std::chrono::duration<double>(seconds);) {
    sum += loops.peak(kRounds);
    const Clock::time_point after = Clock::now();
    const double taken = std::chrono::duration<double>(after - before).count();
    best = std::max(best, static_cast<double>(kRounds * loops.peak_operations) / taken);
    before = after;
  }
  volatile Real used = sum;  // or the loop would be removed
  static_cast<void>(used);
  return best * 1e-9;
}

template double machine_peak<float>(InstructionSet, double);
template double machine_peak<double>(InstructionSet, double);

}  // namespace psi_xlstm::kernels
