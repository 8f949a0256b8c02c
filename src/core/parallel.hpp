#pragma once

#include <algorithm>
#include <atomic>
#include <thread>
#include <vector>

namespace psi_xlstm::fit {

/// Runs `work(i)` for i = 0..count-1 on at most `threads` threads. The calls must not depend on
/// each other; the order in which they run is not defined. `work` must not throw.
template <class Work>
void for_each_index(int count, int threads, const Work& work) {
  std::atomic<int> next{0};
  const auto loop = [&] {
    for (int i = next++; i < count; i = next++) work(i);
  };
  std::vector<std::thread> pool;
  for (int t = 1; t < std::min(threads, count); ++t) pool.emplace_back(loop);
  loop();
  for (std::thread& thread : pool) thread.join();
}

}  // namespace psi_xlstm::fit
