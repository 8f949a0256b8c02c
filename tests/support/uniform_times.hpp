#pragma once

#include <vector>

namespace psi_xlstm::testing {

/// 0, step, 2 step, ..., (count - 1) step.
inline std::vector<double> uniform_times(int count, double step) {
  std::vector<double> time;
  for (int k = 0; k < count; ++k) time.push_back(k * step);
  return time;
}

}  // namespace psi_xlstm::testing
