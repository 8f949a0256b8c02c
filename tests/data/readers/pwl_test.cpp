#include "data/readers/pwl.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <string>
#include <vector>

#include "core/atomic_file.hpp"
#include "psi_xlstm/core/error.hpp"

namespace psi_xlstm {
namespace {

const PwlWaveform kRamp{.times = {0, 1e-3, 3e-3}, .values = {0.5, 0.5, -0.1}};

class ReadPwl : public ::testing::Test {
 protected:
  void SetUp() override {
    file_ = std::filesystem::path(::testing::TempDir()) /
            (std::string(::testing::UnitTest::GetInstance()->current_test_info()->name()) + ".pwl");
  }
  void TearDown() override { std::filesystem::remove(file_); }

  PwlWaveform read(const std::string& text) const {
    write_file(file_, text);
    return read_pwl(file_);
  }

  std::string problem_of(const std::string& text) const {
    try {
      read(text);
    } catch (const DataError& e) {
      return std::string(e.what()).substr(file_.string().size());
    }
    return "nothing was thrown";
  }

  std::filesystem::path file_;
};

TEST_F(ReadPwl, ReadsBackWhatWasWritten) {
  const PwlWaveform back = read(pwl_text(kRamp));
  EXPECT_EQ(back.times, kRamp.times);
  EXPECT_EQ(back.values, kRamp.values);
}

TEST_F(ReadPwl, TakesCommasTabsAndComments) {
  const PwlWaveform back = read("* of a generator\n# s V\n; or so\n0,1\n 1e-3\t -2 \n2e-3 , 3\n");
  EXPECT_EQ(back.times, (std::vector<double>{0, 1e-3, 2e-3}));
  EXPECT_EQ(back.values, (std::vector<double>{1, -2, 3}));
}

TEST_F(ReadPwl, RefusesWhatIsNoWaveform) {
  EXPECT_EQ(problem_of("0 1\n1\n"), ":2: expected a time [s] and a voltage [V], found \"1\"");
  EXPECT_EQ(problem_of("0 1 2\n"), ":1: expected a time [s] and a voltage [V], found \"0 1 2\"");
  EXPECT_EQ(problem_of("0 inf\n"), ":1: expected a time [s] and a voltage [V], found \"0 inf\"");
  EXPECT_EQ(problem_of("0 1\n0 2\n"), ":2: expected times that increase, found 0 s after 0 s");
  EXPECT_EQ(problem_of("# nothing\n"),
            ": expected lines of a time [s] and a voltage [V], found none");
}

TEST(PwlWaveform, IsLinearBetweenItsPoints) {
  EXPECT_DOUBLE_EQ(kRamp.value(-1), 0.5);
  EXPECT_DOUBLE_EQ(kRamp.value(0.5e-3), 0.5);
  EXPECT_DOUBLE_EQ(kRamp.value(2e-3), 0.2);
  EXPECT_DOUBLE_EQ(kRamp.value(3e-3), -0.1);
  EXPECT_DOUBLE_EQ(kRamp.value(9), -0.1);
}

TEST(PwlText, RefusesWhatIsNoWaveform) {
  EXPECT_THROW(pwl_text({}), DataError);
  EXPECT_THROW(pwl_text({.times = {0, 1}, .values = {1}}), DataError);
  EXPECT_THROW(pwl_text({.times = {1, 1}, .values = {1, 2}}), DataError);
}

TEST(PwlSource, IsOneSourceOfTheNetlist) {
  PwlWaveform five = kRamp;
  five.times.insert(five.times.end(), {4e-3, 5e-3});
  five.values.insert(five.values.end(), {0, 1});
  EXPECT_EQ(pwl_source(five, "drive", "p", "n"),
            "vdrive p n pwl(\n+ 0 0.5 0.001 0.5 0.003 -0.1 0.004 0\n+ 0.005 1 )\n");
  EXPECT_THROW(pwl_source(kRamp, "drive\n.shell", "p", "n"), ConfigError);
}

}  // namespace
}  // namespace psi_xlstm
