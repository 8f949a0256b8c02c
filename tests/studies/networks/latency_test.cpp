#include "studies/networks/latency.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "support/network_stock.hpp"
#include "support/networks.hpp"

namespace psi_xlstm {
namespace {

// Counts its steps: the protocol is five passes over the same 40,000 samples, each in order.
class Counter : public Streamer {
 public:
  double step(double time, double voltage) override {
    if (time == 0) ++passes;
    in_order = in_order && (time == 0 || time > last);
    last = time;
    ++steps;
    largest = std::max(largest, std::abs(voltage));
    return voltage;
  }
  int steps = 0, passes = 0;
  bool in_order = true;
  double last = 0, largest = 0;
};

TEST(NanosecondsPerStep, RunsSampleAfterSampleAlongThePublishedDrive) {
  Counter counter;
  EXPECT_GT(nanoseconds_per_step(counter), 0);
  EXPECT_EQ(counter.steps, 5 * 40000);
  EXPECT_EQ(counter.passes, 5);
  EXPECT_TRUE(counter.in_order);
  EXPECT_GT(counter.largest, 1);
  EXPECT_LT(counter.largest, 1.3);
}

TEST(StreamingNanoseconds, AreKnownForEveryKindOfModel) {
  for (const char* name : {"mlp", "low_rank"}) {
    EXPECT_GT(streaming_nanoseconds(testing::drawn_network(
                  {.kind = *value_named<NetworkKind>(name)}, "known_start", 1)),
              0);
  }
  EXPECT_GT(streaming_nanoseconds(testing::one_state()), 0);
}

}  // namespace
}  // namespace psi_xlstm
