#include "core/interruption.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <thread>

#include "core/parallel.hpp"
#include "core/process.hpp"

namespace psi_xlstm {
namespace {

TEST(Interruption, EndsNothingUnlessItIsAskedFor) {
  EXPECT_FALSE(interruption_asked());
  EXPECT_NO_THROW(check_interruption());
  Interruption interruption;
  const InterruptionScope scope(&interruption);
  EXPECT_NO_THROW(check_interruption());
  interruption.ask();
  EXPECT_TRUE(interruption_asked());
  EXPECT_THROW(check_interruption(), Interrupted);
}

TEST(Interruption, IsOfItsScopeAndOfItsThread) {
  Interruption outer, inner;
  const InterruptionScope one(&outer);
  inner.ask();
  {
    const InterruptionScope other(&inner);
    EXPECT_TRUE(interruption_asked());
  }
  EXPECT_FALSE(interruption_asked());
  outer.ask();
  std::thread([] { EXPECT_FALSE(interruption_asked()); }).join();
}

TEST(Interruption, EndsEveryThreadOfALoop) {
  Interruption interruption;
  const InterruptionScope scope(&interruption);
  std::atomic<int> begun{0};
  const auto work = [&](int) {
    ++begun;
    interruption.ask();
    while (true) {  // Until each thread has seen it by itself.
      check_interruption();
      std::this_thread::yield();
    }
  };
  EXPECT_THROW(for_each_index(100, 4, work), Interrupted);
  EXPECT_LE(begun, 4);
}

TEST(Interruption, EndsAProgramThatIsWaitedFor) {
  Interruption interruption;
  const InterruptionScope scope(&interruption);
  std::thread other([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    interruption.ask();
  });
  EXPECT_THROW(run_program({"sleep", "1000"}, "", 1000), Interrupted);
  other.join();
}

}  // namespace
}  // namespace psi_xlstm
