#include "report/gnuplot.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <string>

namespace psi_xlstm {
namespace {

TEST(RunGnuplot, ReturnsWhatTheScriptPrints) {
  const auto result = run_gnuplot("set print '-'\nprint 6 * 7\n");
  ASSERT_TRUE(result.usable()) << result.reason;
  EXPECT_EQ(result.output, "42\n");
}

TEST(RunGnuplot, PassesMoreThanAPipeHolds) {
  const std::string line(100, '#');
  std::string script;
  for (int i = 0; i < 5000; ++i) script += line + "\n";
  const auto result =
      run_gnuplot(script + "set print '-'\ndo for [i=1:100000] { print 'twelve bytes' }\n");
  ASSERT_TRUE(result.usable()) << result.reason;
  EXPECT_EQ(result.output.size(), 1300000U);
}

TEST(RunGnuplot, SaysThatTheProgramIsMissing) {
  const auto result = run_gnuplot("", {.program = "no-such-gnuplot"});
  EXPECT_FALSE(result.usable());
  EXPECT_EQ(result.reason,
            "gnuplot: expected to start no-such-gnuplot, found: No such file or directory");
}

TEST(RunGnuplot, SaysWhatTheScriptDidWrong) {
  const auto result = run_gnuplot("nonsense\n");
  EXPECT_FALSE(result.usable());
  EXPECT_TRUE(result.reason.starts_with("gnuplot: expected to run the script, found: "))
      << result.reason;
  EXPECT_NE(result.reason.find("invalid command"), std::string::npos) << result.reason;
}

TEST(RunGnuplot, StopsAtTheTimeLimit) {
  const auto start = std::chrono::steady_clock::now();
  const auto result = run_gnuplot("pause 20\n", {.time_limit = 0.2});
  EXPECT_EQ(result.reason, "gnuplot: expected an answer within 0.2 s, found: none");
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(10));
}

}  // namespace
}  // namespace psi_xlstm
