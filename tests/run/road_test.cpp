#include "run/road.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <string>

#include "psi_xlstm/core/error.hpp"

namespace psi_xlstm {
namespace {

const Progress kUntoldRoad = [](const std::string&, double, const std::string&) {};

// What is said about the run before is said by the run that takes its place, and by no other.
TEST(Road, TellsThatTheFolderIsItsOwnOnceItIs) {
  const std::filesystem::path folder = std::filesystem::path(::testing::TempDir()) / "road_test";
  std::filesystem::remove_all(folder);
  int told = 0;
  const RunOptions options{.folder = folder, .threads = 1, .claimed = [&] { ++told; }};
  Road second(options, kUntoldRoad);
  {
    Road first({.folder = folder}, kUntoldRoad);
    first.claim("{}");
    EXPECT_THROW(second.claim("{}"), ConfigError);
    EXPECT_EQ(told, 0);
  }
  second.claim("{}");
  EXPECT_EQ(told, 1);
}

}  // namespace
}  // namespace psi_xlstm
