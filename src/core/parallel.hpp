#pragma once

#include <algorithm>
#include <atomic>
#include <exception>
#include <mutex>
#include <system_error>
#include <thread>
#include <vector>

#include "core/interruption.hpp"

namespace psi_xlstm {

/// Runs `work(i)` for i = 0..count-1 on at most `threads` threads. The calls must not depend on
/// each other; the order in which they run is not defined. Where calls throw, no further ones
/// begin, and the exception of the lowest index of all is thrown here once the others have ended.
/// What can interrupt this thread can interrupt them all.
template <class Work>
void for_each_index(int count, int threads, const Work& work) {
  // Indices are given out in order, so every index below one that has thrown has at least begun:
  // the lowest one that throws does so whatever the order in which threads come to run.
  std::atomic<int> next{0};
  std::mutex mutex;
  int failed = count;
  std::exception_ptr problem;
  const Interruption* const interruption = interruption_of_this_thread();
  const auto loop = [&] {
    const InterruptionScope scope(interruption);
    for (int i = next++; i < count; i = next++) {
      try {
        check_interruption();
        work(i);
      } catch (...) {
        const std::lock_guard lock(mutex);
        next = count;
        if (i < failed) {
          failed = i;
          problem = std::current_exception();
        }
      }
    }
  };
  {
    std::vector<std::jthread> pool;
    try {
      for (int t = 1; t < std::min(threads, count); ++t) pool.emplace_back(loop);
    } catch (const std::system_error&) {
      // The system gives no more threads: those that run do all.
    }
    loop();
  }
  if (problem) std::rethrow_exception(problem);
}

}  // namespace psi_xlstm
