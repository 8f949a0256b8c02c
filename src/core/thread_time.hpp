#pragma once

#include <ctime>

namespace psi_xlstm {

/// What this thread has had of a core so far [s]: other programs disturb that less than a clock.
inline double thread_seconds() {
  timespec time{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + 1e-9 * static_cast<double>(time.tv_nsec);
}

}  // namespace psi_xlstm
