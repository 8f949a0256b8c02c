#include "core/parallel.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <latch>
#include <numeric>
#include <stdexcept>
#include <string>
#include <vector>

#include "psi_xlstm/core/error.hpp"

namespace psi_xlstm {
namespace {

/// What for_each_index throws where the indices of `bad` throw their number, and who has run.
std::string thrown(int count, int threads, const std::vector<int>& bad, std::vector<int>& ran) {
  std::vector<std::atomic<int>> began(static_cast<std::size_t>(count));
  std::string text = "nothing";
  try {
    for_each_index(count, threads, [&](int i) {
      began[static_cast<std::size_t>(i)] = 1;
      for (int b : bad) {
        if (b == i) throw DataError(std::to_string(i));
      }
    });
  } catch (const DataError& e) {
    text = e.what();
  }
  ran.assign(began.begin(), began.end());
  return text;
}

TEST(ForEachIndex, RunsEveryIndexOnce) {
  for (int threads : {1, 2, 5, 100}) {
    std::vector<std::atomic<int>> runs(20);
    for_each_index(20, threads, [&](int i) { ++runs[static_cast<std::size_t>(i)]; });
    for (const auto& count : runs) EXPECT_EQ(count, 1);
  }
  for_each_index(0, 4, [](int) { FAIL(); });
}

TEST(ForEachIndex, AnExceptionReachesTheCallerFromAnyThread) {
  for (int threads : {1, 4}) {
    std::vector<int> ran;
    EXPECT_EQ(thrown(100, threads, {}, ran), "nothing");
    EXPECT_EQ(std::accumulate(ran.begin(), ran.end(), 0), 100);
    for (int bad : {0, 50, 99}) EXPECT_EQ(thrown(100, threads, {bad}, ran), std::to_string(bad));
  }
}

// Several times: which thread is first differs from run to run.
TEST(ForEachIndex, OfSeveralExceptionsTheOneOfTheLowestIndexIsThrown) {
  for (int repeat = 0; repeat < 200; ++repeat) {
    std::vector<int> ran;
    ASSERT_EQ(thrown(30, 4, {29, 17, 8, 9, 10}, ran), "8");
    for (std::size_t i = 0; i <= 8; ++i) ASSERT_EQ(ran[i], 1);
  }
}

// Index 0 ends only after index 1 has thrown, so the order is the same on every machine: nothing
// after the two has begun, and the exception of index 0 counts although it comes later.
TEST(ForEachIndex, StopsSoonAndWaitsForWhatHasBegun) {
  std::latch other_throws(1);
  std::atomic<int> began = 0;
  std::string text;
  try {
    for_each_index(1000, 2, [&](int i) {
      ++began;
      if (i == 0) other_throws.wait();
      if (i == 1) other_throws.count_down();
      throw std::runtime_error(std::to_string(i));
    });
  } catch (const std::runtime_error& e) {
    text = e.what();
  }
  EXPECT_EQ(text, "0");
  EXPECT_EQ(began, 2);
}

}  // namespace
}  // namespace psi_xlstm
