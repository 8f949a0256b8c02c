#include "psi_xlstm/data/readers/csv.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cmath>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "psi_xlstm/core/error.hpp"

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

class ReadCsv : public ::testing::Test {
 protected:
  void SetUp() override { std::filesystem::create_directories(folder_); }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  std::filesystem::path write(const std::string& text, const std::string& name = "dev.csv") {
    std::ofstream(folder_ / name, std::ios::binary) << text;
    return folder_ / name;
  }

  std::vector<Record> read(const std::string& text, const CsvOptions& options = {}) {
    return read_csv({write(text)}, options);
  }

  // The message without the folder in front of the file name.
  std::string refusal(const std::string& text) {
    try {
      read(text);
    } catch (const DataError& e) {
      return std::string(e.what()).substr(folder_.string().size() + 1);
    }
    return "nothing was thrown";
  }

  std::filesystem::path folder_ =
      std::filesystem::temp_directory_path() / ("psi_csv_test_" + std::to_string(::getpid()));
};

TEST_F(ReadCsv, ReadsOneRecordInSiUnits) {
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

TEST_F(ReadCsv, StartsARecordWhereTheCycleChanges) {
  const auto records = read("cycle,t,v,i\n" + rows(50, "1,") + rows(60, "two,"));
  ASSERT_EQ(records.size(), 2U);
  EXPECT_EQ(records[0].id, "dev/1");
  EXPECT_EQ(records[0].size(), 50U);
  EXPECT_EQ(records[1].id, "dev/two");
  EXPECT_EQ(records[1].size(), 60U);
  EXPECT_EQ(records[1].time[0], 0);
}

TEST_F(ReadCsv, ReadsSeveralFilesInOrder) {
  const auto first = write("t,v,i\n" + rows(50), "b.csv");
  const auto second = write("sweep,t,v,i\n" + rows(50, "7,"), "a.csv");
  const auto records = read_csv({first, second}, {});
  ASSERT_EQ(records.size(), 2U);
  EXPECT_EQ(records[0].id, "b");
  EXPECT_EQ(records[1].id, "a/7");
}

TEST_F(ReadCsv, ReadsCommentsBlankLinesQuotesAndWindowsLineEnds) {
  const auto records = read(
      "\xEF\xBB\xBF# measured\r\n\r\n\"time [s]\";\"V\";\"I (mA)\"\r\n"
      "# first\r\n-1; +1 ;\"3\"\r\n" +
      rows(49, "", ';'));
  ASSERT_EQ(records[0].size(), 50U);
  EXPECT_EQ(records[0].time[0], -1);
  EXPECT_EQ(records[0].voltage[0][0], 1);
  EXPECT_EQ(records[0].current[0][0], 3 * 1e-3);
}

TEST_F(ReadCsv, TurnsTheSignOfTheCurrents) {
  const auto records = read("i_clean,t,v,i\n" + rows(50, "5,"), {.sign = -1});
  EXPECT_EQ(records[0].current[0][3], -6);
  EXPECT_EQ(records[0].clean_current[3], -5);
  EXPECT_EQ(records[0].voltage[0][3], 4);
}

TEST_F(ReadCsv, ReadsTheInitialConductance) {
  const auto records = read("cycle,g0_mS,t,v,i\n" + rows(50, "1,2,") + rows(50, "2,3,"));
  EXPECT_EQ(records[0].initial_conductance, 2 * 1e-3);
  EXPECT_EQ(records[1].initial_conductance, 3 * 1e-3);
}

TEST_F(ReadCsv, IgnoresOtherColumns) {
  const auto records = read("temperature,t,v,i\n" + rows(50, "warm,"));
  EXPECT_EQ(records[0].current[0][49], 98);
}

TEST_F(ReadCsv, RefusesFilesWithoutSamples) {
  EXPECT_EQ(refusal(""),
            "dev.csv: expected a header line such as time_s,voltage_V,current_A, found an empty "
            "file");
  EXPECT_EQ(refusal("t,v,i\n# nothing\n"),
            "dev.csv:2: expected samples below the header, found the end of the file");
}

TEST_F(ReadCsv, RefusesAMissingHeader) {
  EXPECT_EQ(refusal(rows(60)),
            "dev.csv:1: expected a header line such as time_s,voltage_V,current_A, found numbers");
}

TEST_F(ReadCsv, RefusesAWrongNumberOfFields) {
  EXPECT_EQ(refusal("t,v,i\n1,2,3\n2,3\n"),
            "dev.csv:3: expected 3 fields as in the header, found 2");
  EXPECT_EQ(refusal("t,v,i\n1,2,3,\n"), "dev.csv:2: expected 3 fields as in the header, found 4");
  EXPECT_EQ(refusal("t,v,i\n1,2,\"3\n"),
            "dev.csv:2: expected a closing quote, found the end of the line");
}

TEST_F(ReadCsv, RefusesWhatIsNotAFiniteNumber) {
  EXPECT_EQ(refusal("t,v,i\n0,1,2\n1,abc,2\n"),
            "dev.csv:3: column \"v\": expected a number, found \"abc\"");
  EXPECT_EQ(refusal("t,v,i\n0,,2\n"),
            "dev.csv:2: column \"v\": expected a number, found an empty cell");
  EXPECT_EQ(refusal("t,v,i\n0,1,nan\n"),
            "dev.csv:2: column \"i\": expected a finite number, found \"nan\"");
  EXPECT_EQ(refusal("t,v,i\n-inf,1,2\n"),
            "dev.csv:2: column \"t\": expected a finite number, found \"-inf\"");
  EXPECT_EQ(refusal("t,v,i\n0,1,1e400\n"),
            "dev.csv:2: column \"i\": expected a finite number, found \"1e400\"");
  EXPECT_EQ(
      refusal("t,v,i\n0,1,\x1B[2J" + std::string(60, 'z') + "\n"),
      "dev.csv:2: column \"i\": expected a number, found \"?[2J" + std::string(36, 'z') + "\"");
}

TEST_F(ReadCsv, RefusesADecimalComma) {
  EXPECT_EQ(refusal("t;v;i\n0;1;2\n0,5;1;2\n"),
            "dev.csv:3: column \"t\": expected a number with a decimal point, found \"0,5\"");
}

TEST_F(ReadCsv, RefusesTimeThatDoesNotIncrease) {
  EXPECT_EQ(refusal("time_us,v,i\n0,1,2\n0.5,1,2\n0.5,1,2\n0.6,1,2\n"),
            "dev.csv:4: column \"time_us\": expected a time that increases within a record, found "
            "0.5 after 0.5");
  EXPECT_EQ(refusal("t,v,i\n" + rows(60) + "3,1,1\n"),
            "dev.csv:62: column \"t\": expected a time that increases within a record, found 3 "
            "after 59");
}

TEST_F(ReadCsv, LeavesOutALastSampleThatRepeatsItsTimeAndSaysSo) {
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

TEST_F(ReadCsv, ReadsADriveWithoutCurrentWhereItIsNotRequired) {
  const std::vector<Record> records =
      read_csv({write("t,v\n0,1\n1,2\n")}, {.fewest_samples = 2, .current_required = false});
  EXPECT_EQ(records[0].voltage[0], (std::vector<double>{1, 2}));
  EXPECT_TRUE(records[0].current[0].empty());
}

TEST_F(ReadCsv, RefusesAShortRecord) {
  EXPECT_EQ(refusal("t,v,i\n" + rows(49)),
            "dev.csv:2: record \"dev\": expected at least 50 samples, found 49");
  EXPECT_EQ(refusal("cycle,t,v,i\n" + rows(50, "1,") + rows(3, "2,") + rows(50, "3,")),
            "dev.csv:52: record \"dev/2\": expected at least 50 samples, found 3");
}

TEST_F(ReadCsv, TakesAnotherSmallestLength) {
  EXPECT_EQ(read("t,v,i\n" + rows(3), {.fewest_samples = 3})[0].size(), 3U);
}

TEST_F(ReadCsv, RefusesARecordWithoutVoltage) {
  std::string text = "t,v,i\n";
  for (int i = 0; i < 50; ++i) text += fmt::format("{},0.0,1\n", i);
  EXPECT_EQ(refusal(text),
            "dev.csv:2: record \"dev\": column \"v\": expected a voltage, found only zeros");
  text = "t,v,i\n";
  for (int i = 0; i < 50; ++i) text += fmt::format("{},1,0\n", i);
  EXPECT_EQ(refusal(text),
            "dev.csv:2: record \"dev\": column \"i\": expected a current, found only zeros");
}

TEST_F(ReadCsv, RefusesARecordInTwoPlaces) {
  EXPECT_EQ(refusal("cycle,t,v,i\n" + rows(50, "1,") + rows(50, "2,") + rows(50, "1,")),
            "dev.csv:102: column \"cycle\": expected each record in one block of lines, found "
            "\"1\" again");
  EXPECT_EQ(refusal("cycle,t,v,i\n" + rows(50, ",")),
            "dev.csv:2: column \"cycle\": expected a text of 1 to 40 characters, found an empty "
            "cell");
}

TEST_F(ReadCsv, RefusesAnInitialConductanceThatChangesOrIsNotPositive) {
  EXPECT_EQ(refusal("g0_mS,t,v,i\n" + rows(1, "2,") + rows(1, "3,", ',', 1)),
            "dev.csv:3: column \"g0_mS\": expected the same value throughout a record, found 3 "
            "after 2");
  EXPECT_EQ(refusal("g0,t,v,i\n" + rows(1, "-2,")),
            "dev.csv:2: column \"g0\": expected a number > 0, found -2");
}

TEST_F(ReadCsv, RefusesTwoFilesWithOneName) {
  std::filesystem::create_directory(folder_ / "other");
  const auto first = write("t,v,i\n" + rows(50));
  const auto second = write("t,v,i\n" + rows(50), "other/dev.csv");
  try {
    read_csv({first, second}, {});
    FAIL() << "nothing was thrown";
  } catch (const DataError& e) {
    EXPECT_EQ(e.what(),
              second.string() + ": expected files with different names, found \"dev\" twice");
  }
}

TEST_F(ReadCsv, RefusesAnotherSign) {
  try {
    read("t,v,i\n" + rows(50), {.sign = 2});
    FAIL() << "nothing was thrown";
  } catch (const ConfigError& e) {
    EXPECT_STREQ(e.what(), "read_csv: expected the sign 1 or -1, found 2");
  }
}

Record wave(const std::string& id, double scale) {
  Record record;
  record.id = id;
  record.voltage.resize(1);
  record.current.resize(1);
  for (int i = 0; i < 50; ++i) {
    record.time.push_back(i * 0.1e-6);
    record.voltage[0].push_back(std::sin(i * 0.3));
    record.current[0].push_back(scale * std::sin(i * 0.3 + 0.1));
  }
  return record;
}

TEST_F(ReadCsv, ReadsBackTheSameBitsThatWereWritten) {
  std::vector<Record> records = {wave("plain", 1e-3), wave("with, \"quotes\" # and", 1e-25)};
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

TEST(CsvText, HasOnlyTheColumnsThatAreNeeded) {
  Record record = wave("a", 1);
  const auto head = [](const std::vector<Record>& records) {
    const std::string text = csv_text(records);
    return text.substr(0, text.find('\n'));
  };
  EXPECT_EQ(head({record}), "time_s,voltage_V,current_A");
  record.initial_conductance = 1;
  EXPECT_EQ(head({record}), "time_s,voltage_V,current_A,initial_conductance_S");
  EXPECT_EQ(head({record, wave("b", 1)}), "record,time_s,voltage_V,current_A");
}

TEST(CsvText, RefusesRecordsWithSeveralPorts) {
  Record record = wave("mos", 1);
  record.voltage.push_back(record.voltage[0]);
  try {
    csv_text({record});
    FAIL() << "nothing was thrown";
  } catch (const DataError& e) {
    EXPECT_STREQ(e.what(),
                 "csv_text: expected transient records with one port, found another kind in record "
                 "\"mos\"");
  }
}

}  // namespace
}  // namespace psi_xlstm
