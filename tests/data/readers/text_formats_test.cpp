// Tables of text of every form, each with the numbers it must give.

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "psi_xlstm/core/error.hpp"
#include "support/text_files.hpp"

namespace psi_xlstm {
namespace {

using testing::Row;
using testing::rows_of;
using testing::sample_current;
using testing::sample_time;
using testing::sample_voltage;
using testing::says;
using testing::with_commas;

class TextFormats : public testing::TextFiles {};

TEST_F(TextFormats, ReadsEverySeparatorAndDecimalMark) {
  for (const char* separator : {",", ";", "\t", " ", "  ", ", ", "|", "; "}) {
    for (bool comma : {false, true}) {
      if (comma && std::string(separator).find(',') != std::string::npos) continue;
      const auto text = [&](const std::string& line) { return comma ? with_commas(line) : line; };
      std::string file = fmt::format("time_s{0}voltage_V{0}current_uA\n", separator);
      file += rows_of(60, [&](int k) {
        return text(fmt::format("{}", sample_time(k))) + separator +
               text(fmt::format("{}", sample_voltage(k))) + separator +
               text(fmt::format("{}", sample_current(k) * 1e6));
      });
      SCOPED_TRACE(fmt::format("\"{}\" {}", separator, comma));
      expect_signal(read(file));
    }
  }
}

std::string plain_row(int k) {
  return fmt::format("{},{},{}", sample_time(k), sample_voltage(k), sample_current(k));
}

TEST_F(TextFormats, ReadsUnitsInParenthesesBracketsAndALineOfTheirOwn) {
  const Row micro = [](int k) {
    return fmt::format("{},{},{}", sample_time(k) * 1e3, sample_voltage(k),
                       sample_current(k) * 1e6);
  };
  for (const char* header : {"t (ms),V (V),I (uA)",
                             "time [ms],voltage [V],current [\xC2\xB5"
                             "A]",
                             "time/ms,Ewe/V,I/\xB5"
                             "A",
                             "t,V,I\nms,V,uA",
                             "t,V,I\n(ms),(V),(\xCE\xBC"
                             "A)",
                             "\"Time [ms]\",\"U (V)\",\"I, measured (uA)\""}) {
    SCOPED_TRACE(header);
    expect_signal(read(std::string(header) + "\n" + rows_of(60, micro)));
  }
}

TEST_F(TextFormats, ReadsByteOrderMarksQuotesTrailingSeparatorsAndPreambles) {
  const std::string body = rows_of(60, [](int k) { return plain_row(k) + ","; });
  expect_signal(
      read("\xEF\xBB\xBF"
           "t,v,i,\r\n" +
           body));
  expect_signal(read("t,v,i\n" + body));
  const std::string quoted = rows_of(60, [](int k) {
    return with_commas(
        fmt::format("\"{}\";\"{}\";\"{}\"", sample_time(k), sample_voltage(k), sample_current(k)));
  });
  expect_signal(read("\"t\";\"v\";\"i\"\n" + quoted));
  const Reading reading = read(
      "Instrument;Model 1\nOperator;somebody, somewhere\nPoints;60\n\nSettings\n"
      "t;v;i\n" +
      quoted);
  expect_signal(reading);
  EXPECT_EQ(reading.skipped, 5U);
  EXPECT_TRUE(
      says(reading.records[0].remarks, "dev.txt: passed over 4 lines of text above the table"));
  expect_signal(read("sep=;\nt;v;i\n" + quoted));
}

TEST_F(TextFormats, ReadsUtf16) {
  const std::string text =
      "t,v,i (\xB5"
      "A)\r\n" +
      rows_of(60, [](int k) {
        return fmt::format("{},{},{}", sample_time(k), sample_voltage(k), sample_current(k) * 1e6);
      });
  std::string little = "\xFF\xFE", big = "\xFE\xFF";
  for (char c : text) {
    little += c;
    little += '\0';
    big += '\0';
    big += c;
  }
  expect_signal(read(little));
  const Reading reading = read(big);
  expect_signal(reading);
  EXPECT_EQ(reading.details.back(), "UTF-16");
}

TEST_F(TextFormats, UsesACommentedHeaderAndSaysSo) {
  for (const char* header : {"# t,v,i", "#t,v,i", "# made today\n# t,v,i", "% t,v,i"}) {
    SCOPED_TRACE(header);
    const Reading reading = read(std::string(header) + "\n" + rows_of(60, plain_row));
    expect_signal(reading);
    EXPECT_TRUE(says(reading.remarks, "took the commented line for the names of the columns"));
  }
}

TEST_F(TextFormats, NamesNamelessColumnsOnRequest) {
  ReadOptions options;
  options.columns = {"t", "v", "i"};
  expect_signal(read(rows_of(60, plain_row), options));
  const Row blanks = [](int k) {
    return fmt::format("{} {}  {}", sample_time(k), sample_voltage(k), sample_current(k));
  };
  expect_signal(read(rows_of(60, blanks), options));
  options.columns = {"no", "t", "i", "v"};
  expect_signal(read(rows_of(60,
                             [](int k) {
                               return fmt::format("No,{},{},{},REST,{},", sample_time(k),
                                                  sample_current(k), sample_voltage(k),
                                                  k == 20 ? "S" : " ");
                             }),
                     options));
}

TEST_F(TextFormats, RefusesMoreNamesThanColumns) {
  ReadOptions options;
  options.columns = {"t", "v", "i", "p"};
  EXPECT_TRUE(read(rows_of(60, plain_row), options)
                  .problem.ends_with(
                      "dev.txt:1: --columns: expected at most 3 names, one a column, found 4"));
}

TEST_F(TextFormats, StartsARecordWhereTheTimeStartsAgain) {
  const Reading reading = read("t,v,i\n" + rows_of(60, plain_row) + rows_of(60, plain_row));
  expect_signal(reading, 0);
  expect_signal(reading, 1);
  EXPECT_EQ(reading.records[1].id, "dev/2");
  EXPECT_TRUE(says(reading.remarks, "dev.txt:62: the time starts again here: 2 records"));
  EXPECT_TRUE(says(reading.records[0].remarks, "the time starts again"));
  EXPECT_TRUE(reading.records[1].remarks.empty());
}

TEST_F(TextFormats, NamesRecordsByAWeakColumnWhereTheTimeAgrees) {
  const Row first = [](int k) { return "7," + plain_row(k); };
  const Row second = [](int k) { return "8," + plain_row(k); };
  const Reading reading = read("run,t,v,i\n" + rows_of(60, first) + rows_of(60, second));
  EXPECT_EQ(reading.records.at(1).id, "dev/8");
  // Where it does not, it is one column among others.
  const Reading one = read("run,t,v,i\n" + rows_of(120, [](int k) {
                             return fmt::format("{},{}", k / 60, plain_row(k));
                           }));
  EXPECT_EQ(one.records.size(), 1U);
  EXPECT_EQ(one.records[0].id, "dev");
}

TEST_F(TextFormats, TakesTheRecordColumnThatIsNamed) {
  const std::string text = "temperature,t,v,i\n" + rows_of(120, [](int k) {
                             return fmt::format("{},{}", k < 60 ? "cold" : "warm", plain_row(k));
                           });
  EXPECT_EQ(read(text).records.size(), 1U);
  const Reading reading = read(text, {.record = "temperature"});
  expect_signal(reading, 1, 60);
  EXPECT_EQ(reading.records[1].id, "dev/warm");
}

TEST_F(TextFormats, TakesTwoRecordColumnsTogether) {
  std::string text = "cycle,sweep,t,v,i\n";
  for (const char* record : {"1,set", "1,reset", "2,set"}) {
    text += rows_of(60, [&](int k) { return std::string(record) + "," + plain_row(k); });
  }
  const Reading reading = read(text);
  expect_signal(reading, 2);
  ASSERT_EQ(reading.records.size(), 3U);
  EXPECT_EQ(reading.records[0].id, "dev/1/set");
  EXPECT_EQ(reading.records[1].id, "dev/1/reset");
  EXPECT_TRUE(
      says(reading.remarks, "the columns \"cycle\" and \"sweep\" tell the records together"));
}

TEST_F(TextFormats, MergesFewEqualTimesAndSaysSo) {
  const Reading reading =
      read("t,v,i\n" + rows_of(300, [](int k) {
             const std::string row = plain_row(k);
             return k == 100 ? row + "\n" + fmt::format("{},{},{}", sample_time(k), 7, 3e-6) : row;
           }));
  ASSERT_EQ(reading.problem, "");
  const Record& record = reading.records[0];
  ASSERT_EQ(record.size(), 300U);
  EXPECT_NEAR(record.voltage[0][100], (sample_voltage(100) + 7) / 2, 1e-12);
  EXPECT_NEAR(record.current[0][100], (sample_current(100) + 3e-6) / 2, 1e-18);
  EXPECT_EQ(record.voltage[0][101], sample_voltage(101));
  EXPECT_TRUE(says(record.remarks, "merged 1 of 301 samples into the one before"));
}

TEST_F(TextFormats, FindsColumnsByNameInAnyCaseAndByNumber) {
  const std::string text = "Elapsed;left;right;drain\n" + rows_of(60, [](int k) {
                             return fmt::format("{};{};{};{}", sample_time(k),
                                                sample_voltage(k) + 1, 1, sample_current(k));
                           });
  expect_signal(read(text, {.time = "elapsed", .voltage = "left-right", .current = "4"}));
  expect_signal(read(text, {.time = "1", .voltage = "2 - 3", .current = "DRAIN"}));
}

TEST_F(TextFormats, KeepsTheColumnsOfAFileThatMakesNoRecords) {
  const Reading reading = read("t,temperature\n" + rows_of(60, [](int k) {
                                 return fmt::format("{},{}", k, k % 2 == 0 ? "300.5" : "warm");
                               }));
  EXPECT_NE(reading.problem, "");
  ASSERT_EQ(reading.columns.size(), 2U);
  EXPECT_EQ(reading.columns[0].role, "time");
  EXPECT_EQ(reading.columns[0].numbers, 60U);
  EXPECT_EQ(reading.columns[0].greatest, 59);
  EXPECT_EQ(reading.columns[1].numbers, 30U);
  EXPECT_EQ(reading.columns[1].text, "warm");
}

}  // namespace
}  // namespace psi_xlstm
