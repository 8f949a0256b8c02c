#include "core/seconds.hpp"

#include <gtest/gtest.h>

#include <string>

#include "psi_xlstm/core/error.hpp"

namespace psi_xlstm {
namespace {

TEST(Seconds, KnowsUnits) {
  EXPECT_DOUBLE_EQ(seconds("0.34e-3", "t"), 0.34e-3);
  EXPECT_DOUBLE_EQ(seconds("0.34ms", "t"), 0.34e-3);
  EXPECT_DOUBLE_EQ(seconds("10 us", "t"), 10e-6);
  EXPECT_DOUBLE_EQ(seconds("5ns", "t"), 5e-9);
  EXPECT_DOUBLE_EQ(seconds("1e2ps", "t"), 1e-10);
  EXPECT_DOUBLE_EQ(seconds("2s", "t"), 2);
}

// 100 * 1e-6 is not the double nearest to 1e-4.
TEST(Seconds, AreTheSameNumberInEveryUnit) {
  EXPECT_EQ(seconds("100us", "t"), 1e-4);
  EXPECT_EQ(seconds("8.7ms", "t"), 8.7e-3);
  EXPECT_EQ(seconds("0.34 ms", "t"), 0.34e-3);
}

TEST(Seconds, RefusesWhatIsNoTime) {
  for (const char* text : {"", "ms", "-1ms", "0", "1 min", "1e999", "1ms2", "nan"}) {
    try {
      seconds(text, "--tau");
      FAIL() << text;
    } catch (const ConfigError& e) {
      EXPECT_EQ(std::string(e.what()),
                "--tau: expected a time > 0 such as 0.34ms, 10us or 2e-3 (seconds), found \"" +
                    std::string(text) + "\"");
    }
  }
}

}  // namespace
}  // namespace psi_xlstm
