#include "psi_xlstm/data/readers/reading.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cmath>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "psi_xlstm/core/error.hpp"
#include "psi_xlstm/data/readers/csv.hpp"
#include "support/wave.hpp"

namespace psi_xlstm {
namespace {

// `count` lines "prefix,i,i+1,2i" with other separators if wanted.
std::string rows(int count, const std::string& prefix = "", char separator = ',', int first = 0) {
  std::string text;
  for (int i = first; i < first + count; ++i) {
    text += fmt::format("{}{}{}{}{}{}\n", prefix, i, separator, i + 1, separator, 2 * i);
  }
  return text;
}

class ReadRecords : public ::testing::Test {
 protected:
  void SetUp() override { std::filesystem::create_directories(folder_); }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  std::filesystem::path write(const std::string& text, const std::string& name = "dev.csv") {
    std::ofstream(folder_ / name, std::ios::binary) << text;
    return folder_ / name;
  }

  std::vector<Record> read(const std::string& text, const ReadOptions& options = {}) {
    return read_records({write(text)}, options);
  }

  std::filesystem::path folder_ =
      std::filesystem::temp_directory_path() / ("psi_reading_test_" + std::to_string(::getpid()));
};

TEST_F(ReadRecords, ReadsOneRecordInSiUnits) {
  const auto records = read("time_ms,voltage_mV,current_uA\n" + rows(50));
  ASSERT_EQ(records.size(), 1U);
  EXPECT_EQ(records[0].id, "dev");
  EXPECT_EQ(records[0].kind, RecordKind::kTransient);
  ASSERT_EQ(records[0].size(), 50U);
  EXPECT_EQ(records[0].time[7], 7 * 1e-3);
  EXPECT_EQ(records[0].voltage[0][7], 8 * 1e-3);
  EXPECT_EQ(records[0].current[0][7], 14 * 1e-6);
  EXPECT_TRUE(records[0].clean_current.empty());
  EXPECT_FALSE(records[0].initial_conductance.has_value());
}

TEST_F(ReadRecords, StartsARecordWhereTheCycleChanges) {
  const auto records = read("cycle,t,v,i\n" + rows(50, "1,") + rows(60, "two,"));
  ASSERT_EQ(records.size(), 2U);
  EXPECT_EQ(records[0].id, "dev/1");
  EXPECT_EQ(records[0].size(), 50U);
  EXPECT_EQ(records[1].id, "dev/two");
  EXPECT_EQ(records[1].size(), 60U);
  EXPECT_EQ(records[1].time[0], 0);
}

TEST_F(ReadRecords, ReadsSeveralFilesInOrder) {
  const auto first = write("t,v,i\n" + rows(50), "b.csv");
  const auto second = write("sweep,t,v,i\n" + rows(50, "7,"), "a.csv");
  const auto records = read_records({first, second}, {});
  ASSERT_EQ(records.size(), 2U);
  EXPECT_EQ(records[0].id, "b");
  EXPECT_EQ(records[1].id, "a/7");
}

TEST_F(ReadRecords, ReadsCommentsBlankLinesQuotesAndWindowsLineEnds) {
  const auto records = read(
      "\xEF\xBB\xBF# measured\r\n\r\n\"time [s]\";\"V\";\"I (mA)\"\r\n"
      "# first\r\n-1; +1 ;\"3\"\r\n" +
      rows(49, "", ';'));
  ASSERT_EQ(records[0].size(), 50U);
  EXPECT_EQ(records[0].time[0], -1);
  EXPECT_EQ(records[0].voltage[0][0], 1);
  EXPECT_EQ(records[0].current[0][0], 3 * 1e-3);
}

TEST_F(ReadRecords, TurnsTheSignOfTheCurrents) {
  const auto records = read("i_clean,t,v,i\n" + rows(50, "5,"), {.sign = -1});
  EXPECT_EQ(records[0].current[0][3], -6);
  EXPECT_EQ(records[0].clean_current[3], -5);
  EXPECT_EQ(records[0].voltage[0][3], 4);
}

TEST_F(ReadRecords, ReadsTheInitialConductance) {
  const auto records = read("cycle,g0_mS,t,v,i\n" + rows(50, "1,2,") + rows(50, "2,3,"));
  EXPECT_EQ(records[0].initial_conductance, 2 * 1e-3);
  EXPECT_EQ(records[1].initial_conductance, 3 * 1e-3);
}

TEST_F(ReadRecords, TakesNoRowForALineOfUnits) {
  const auto records = read("t,v,i\n1,1,1\n" + rows(60, "", ',', 2));
  EXPECT_EQ(records[0].size(), 61U);
  EXPECT_EQ(records[0].current[0][0], 1);
}

TEST_F(ReadRecords, IgnoresOtherColumns) {
  const auto records = read("temperature,t,v,i\n" + rows(50, "warm,"));
  EXPECT_EQ(records[0].current[0][49], 98);
}

TEST_F(ReadRecords, LeavesOutALastSampleThatRepeatsItsTimeAndSaysSo) {
  const std::vector<Record> records =
      read("cycle,t,v,i\n" + rows(60, "1,") + "1,59,7,8\n" + rows(60, "2,"));
  ASSERT_EQ(records.size(), 2U);
  EXPECT_EQ(records[0].size(), 60U);
  EXPECT_NE(records[0].current[0].back(), 8);
  ASSERT_EQ(records[0].remarks.size(), 1U);
  EXPECT_EQ(records[0].remarks[0],
            (folder_ / "dev.csv").string() +
                ":62: left out the last sample of the record, which repeats the time before it");
  EXPECT_TRUE(records[1].remarks.empty());
}

TEST_F(ReadRecords, ReadsADriveWithoutCurrentWhereItIsNotRequired) {
  const std::vector<Record> records =
      read_records({write("t,v\n0,1\n1,2\n")}, {.fewest_samples = 2, .current_required = false});
  EXPECT_EQ(records[0].voltage[0], (std::vector<double>{1, 2}));
  EXPECT_TRUE(records[0].current[0].empty());
}

TEST_F(ReadRecords, TakesAnotherSmallestLength) {
  EXPECT_EQ(read("t,v,i\n" + rows(3), {.fewest_samples = 3})[0].size(), 3U);
}

TEST_F(ReadRecords, RefusesTwoFilesWithOneName) {
  std::filesystem::create_directory(folder_ / "other");
  const auto first = write("t,v,i\n" + rows(50));
  const auto second = write("t,v,i\n" + rows(50), "other/dev.csv");
  try {
    read_records({first, second}, {});
    FAIL() << "nothing was thrown";
  } catch (const DataError& e) {
    EXPECT_EQ(e.what(),
              second.string() + ": expected files with different names, found \"dev\" twice");
  }
}

TEST_F(ReadRecords, RefusesAnotherSign) {
  try {
    read("t,v,i\n" + rows(50), {.sign = 2});
    FAIL() << "nothing was thrown";
  } catch (const ConfigError& e) {
    EXPECT_STREQ(e.what(), "sign: expected 1 or -1, found 2");
  }
}

TEST_F(ReadRecords, ReadsBackTheSameBitsThatWereWritten) {
  std::vector<Record> records = {testing::wave("plain", 1e-3),
                                 testing::wave("with, \"quotes\" # and", 1e-25)};
  for (Record& record : records) {
    record.clean_current = record.voltage[0];
    record.initial_conductance = 1.0 / 3;
  }
  const auto again = read(csv_text(records));
  ASSERT_EQ(again.size(), 2U);
  for (std::size_t r = 0; r < 2; ++r) {
    EXPECT_EQ(again[r].id, "dev/" + records[r].id);
    EXPECT_EQ(again[r].time, records[r].time);
    EXPECT_EQ(again[r].voltage, records[r].voltage);
    EXPECT_EQ(again[r].current, records[r].current);
    EXPECT_EQ(again[r].clean_current, records[r].clean_current);
    EXPECT_EQ(again[r].initial_conductance, records[r].initial_conductance);
  }
}

}  // namespace
}  // namespace psi_xlstm
