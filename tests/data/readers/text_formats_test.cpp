// Tables of text as instruments and programs write them, each with the numbers it must give.

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <string>
#include <vector>

#include "psi_xlstm/core/error.hpp"
#include "psi_xlstm/data/readers/reading.hpp"
#include "support/data_folder.hpp"

namespace psi_xlstm {
namespace {

// The test signal: what every file below holds at sample k, with four digits that text keeps.
double sample_time(int k) { return 0.25 * k; }
double sample_voltage(int k) { return std::round(1e4 * std::sin(0.3 * k + 0.1)) / 1e4; }
double sample_current(int k) { return std::round(1e4 * std::sin(0.3 * k)) / 1e4 * 1e-6; }

using Row = std::function<std::string(int)>;

std::string rows_of(int count, const Row& row) {
  std::string text;
  for (int k = 0; k < count; ++k) text += row(k) + "\n";
  return text;
}

std::string with_commas(std::string text) {
  std::replace(text.begin(), text.end(), '.', ',');
  return text;
}

bool says(const std::vector<std::string>& remarks, const std::string& text) {
  return std::any_of(remarks.begin(), remarks.end(),
                     [&](const std::string& remark) { return remark.find(text) != remark.npos; });
}

class TextFormats : public ::testing::Test {
 protected:
  Reading read(const std::string& text, const ReadOptions& options = {}) {
    return read_recording(folder_.write("dev.txt", text), options);
  }

  // Reads `text` and compares the record `r` with the test signal from sample `first` on.
  void expect_signal(const Reading& reading, std::size_t r = 0, int first = 0, int count = 60) {
    ASSERT_EQ(reading.problem, "");
    ASSERT_GT(reading.records.size(), r);
    const Record& record = reading.records[r];
    ASSERT_EQ(record.size(), static_cast<std::size_t>(count));
    for (int k = 0; k < count; ++k) {
      const auto at = static_cast<std::size_t>(k);
      ASSERT_NEAR(record.time[at], sample_time(first + k), 1e-9) << k;
      ASSERT_NEAR(record.voltage[0][at], sample_voltage(first + k), 1e-9) << k;
      ASSERT_NEAR(record.current[0][at], sample_current(first + k), 1e-15) << k;
    }
  }

  testing::DataFolder folder_;
};

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

TEST_F(TextFormats, ReadsAutolabNova) {
  const auto row = [](int k) {
    return with_commas(fmt::format("{};{};{};{};{};{};100 nA", sample_voltage(k) + 0.01,
                                   sample_time(k), sample_current(k), sample_voltage(k),
                                   k < 60 ? 1 : 2, k + 1)) +
           "\r";
  };
  const Reading reading = read(
      "Potential applied (V);Time (s);WE(1).Current (A);WE(1).Potential (V);Scan;Index;Current "
      "range\r\n" +
      rows_of(120, row));
  EXPECT_EQ(reading.format, "Autolab NOVA");
  expect_signal(reading, 0);
  expect_signal(reading, 1, 60);
  EXPECT_EQ(reading.records[1].id, "dev/2");
  EXPECT_TRUE(says(reading.remarks,
                   "took \"WE(1).Potential (V)\" for the voltage, not \"Potential applied (V)\""));
  EXPECT_TRUE(says(reading.remarks, "column \"Scan\" tells 2 records"));
  EXPECT_TRUE(std::count(reading.details.begin(), reading.details.end(), "decimal comma") == 1);
  EXPECT_EQ(reading.columns[3].role, "voltage");
  EXPECT_EQ(reading.columns[6].text, "100 nA");
}

TEST_F(TextFormats, ReadsKeithleyLists) {
  const Reading reading = read(
      "Item,Smu1.Time[1][1],Smu1.V[1][1],Smu1.I[1][1],Smu1.R[1][1],\r\n" + rows_of(60, [](int k) {
        return fmt::format("{},{},{},{},-7006.06,\r", k + 1, sample_time(k), sample_voltage(k),
                           sample_current(k));
      }));
  EXPECT_EQ(reading.format, "Keithley list");
  expect_signal(reading);
}

std::string easyexpert_file(const std::string& names, const Row& row) {
  return "\r\nSetupTitle, IV Channel Sweep\r\nTestParameter, Context.MainFrame, B1500A\r\n"
         "TestParameter, Channel.VName, DrainV, SrcV\r\nDimension1, 60, 60\r\nDimension2, 1, 1\r\n"
         "DataName, " +
         names + "\r\n" + rows_of(60, row);
}

TEST_F(TextFormats, ReadsEasyExpertWithTime) {
  const Reading reading = read(easyexpert_file("Time, DrainV, DrainI", [](int k) {
    return fmt::format("DataValue, {}, {}, {}\r", sample_time(k), sample_voltage(k),
                       sample_current(k));
  }));
  EXPECT_EQ(reading.format, "Keysight EasyEXPERT (\"B1500A\")");
  expect_signal(reading);
}

TEST_F(TextFormats, ReadsEasyExpertWithoutTimeAsDcOrBySweepRate) {
  const std::string text = easyexpert_file("DrainV, DrainI", [](int k) {
    return fmt::format("DataValue, {}, {}\r", 0.01 * k, 1e-6 * k);
  });
  const Reading missing = read(text);
  EXPECT_EQ(folder_.without_folder(missing.problem),
            "dev.txt:7: expected a time column such as time_s, found the columns \"DrainV\", "
            "\"DrainI\"; --time names one, --sweep-rate V/s makes one where the voltage was swept");
  EXPECT_EQ(missing.ways, std::vector<std::string>{"--sweep-rate V/s"});
  const Reading dc = read(text, {.transient_required = false});
  ASSERT_EQ(dc.records.size(), 1U);
  EXPECT_EQ(dc.records[0].kind, RecordKind::kDc);
  EXPECT_EQ(dc.records[0].size(), 60U);
  EXPECT_TRUE(dc.records[0].time.empty());
  EXPECT_EQ(dc.ways, std::vector<std::string>{"--sweep-rate V/s"});
  const Reading swept = read(text, {.sweep_rate = 0.5});
  ASSERT_EQ(swept.problem, "");
  EXPECT_NEAR(swept.records[0].time[50], 1.0, 1e-9);
  EXPECT_TRUE(says(swept.remarks, "made the time from the voltage, swept at 0.5 V/s"));
}

TEST_F(TextFormats, ReadsSeveralMeasurementsOfEasyExpert) {
  const Row row = [](int k) {
    return fmt::format("DataValue, {}, {}, {}", sample_time(k), sample_voltage(k),
                       sample_current(k));
  };
  const std::string one = easyexpert_file("Time, V1, I1", row);
  const Reading reading = read(one + one);
  expect_signal(reading, 0);
  expect_signal(reading, 1);
  EXPECT_EQ(reading.records[1].id, "dev/2");
}

// Channel 2 is over a shunt of 10 kohm in series with the device.
std::string shunt_row(int k, const char* format) {
  const double over_shunt = sample_current(k) * 1e4;
  return fmt::format(fmt::runtime(format), sample_time(k), over_shunt,
                     over_shunt + sample_voltage(k));
}

TEST_F(TextFormats, ReadsKeysightOscilloscopesOverAShunt) {
  const std::string text = "x-axis,1,2\r\nsecond,Volt,Volt\r\n" + rows_of(60, [](int k) {
                             return shunt_row(k, "{:.7E},{:.9E},{:.9E}\r");
                           });
  const Reading missing = read(text);
  EXPECT_EQ(missing.format, "Keysight oscilloscope");
  EXPECT_EQ(
      folder_.without_folder(missing.problem),
      "dev.txt:1: expected one voltage column (more than one port is not supported yet), "
      "found \"1\" and \"2\" and no current; where one is over a shunt: --shunt OHM --voltage "
      "2-1 --current 1");
  expect_signal(read(text, {.voltage = "2-1", .current = "1", .shunt = 1e4}));
}

TEST_F(TextFormats, ReadsTektronixOscilloscopesOfBothForms) {
  const std::string newer =
      "Model,MSO64B\nFirmware Version,1.2\n\nWaveform Type,ANALOG,,\nSample Interval,0.25,,\n"
      "Record Length,60,,\nVertical Units,V,V,\n\nTIME,CH1,CH2\n" +
      rows_of(60, [](int k) { return shunt_row(k, "{},{:.9e},{:.9e}"); });
  const Reading reading = read(newer, {.voltage = "CH2-CH1", .current = "CH1", .shunt = 1e4});
  EXPECT_EQ(reading.format, "Tektronix oscilloscope");
  expect_signal(reading);

  std::string older;
  const std::vector<std::string> set_up = {"Record Length,60", "Sample Interval,0.25",
                                           "Trigger Point,30", "Source,CH1",
                                           "Vertical Units,V", "Horizontal Units,s"};
  for (int k = 0; k < 60; ++k) {
    const auto at = static_cast<std::size_t>(k);
    older += fmt::format("{},,{:>12.6f},{:>12.5f},\n", at < set_up.size() ? set_up[at] : ",",
                         sample_time(k), sample_voltage(k));
  }
  const Reading one = read(older, {.current_required = false});
  EXPECT_EQ(one.format, "Tektronix oscilloscope, one channel");
  ASSERT_EQ(one.problem, "");
  EXPECT_NEAR(one.records[0].voltage[0][7], sample_voltage(7), 1e-9);
  EXPECT_NEAR(one.records[0].time[7], sample_time(7), 1e-9);
}

TEST_F(TextFormats, ReadsRigolOscilloscopesOfBothForms) {
  const std::string sequence =
      "X,CH1,CH2,Start,Increment,\nSequence,Volt,Volt,0.000000e+00,2.500000e-01\n" +
      rows_of(60, [](int k) {
        const double over_shunt = sample_current(k) * 1e4;
        return fmt::format("{},{:.9e},{:.9e},,", k, over_shunt, over_shunt + sample_voltage(k));
      });
  const ReadOptions options = {.voltage = "CH2-CH1", .current = "CH1", .shunt = 1e4};
  const Reading reading = read(sequence, options);
  EXPECT_EQ(reading.format, "Rigol oscilloscope");
  expect_signal(reading);
  const Reading newer =
      read("Time(s),CH1(V),CH2(V)\n" +
               rows_of(60, [](int k) { return shunt_row(k, "{},{:.9e},{:.9e}"); }),
           {.voltage = "3-2", .current = "2", .shunt = 1e4});
  EXPECT_EQ(newer.format, "Rigol oscilloscope");
  expect_signal(newer);
}

TEST_F(TextFormats, ReadsLeCroyOscilloscopes) {
  const Reading reading = read(
      "LECROYWR64Xi,60001,Waveform\nSegments,1,SegmentSize,60\nSegment,TrigTime,TimeSinceSegment1\n"
      "#1,15-Feb-2010 12:00:00,0\nTime,Ampl\n" +
          rows_of(60,
                  [](int k) { return fmt::format("{},{}", sample_time(k), sample_voltage(k)); }),
      {.voltage = "Ampl", .current_required = false});
  EXPECT_EQ(reading.format, "LeCroy oscilloscope");
  ASSERT_EQ(reading.problem, "");
  EXPECT_NEAR(reading.records[0].voltage[0][9], sample_voltage(9), 1e-9);
}

TEST_F(TextFormats, ReadsQVisa) {
  const Reading reading = read(
      "*! QVisaDataObject v1.1\n*! hash 8e9e321\n\n#! __data__ e604902\n#! __type__ iv-sweep\n"
      "t\t\tV\t\tI\t\tP\t\t\n" +
      rows_of(60, [](int k) {
        return fmt::format("{}\t\t{}\t\t{}\t\t1e-9\t\t", sample_time(k), sample_voltage(k),
                           sample_current(k));
      }));
  EXPECT_EQ(reading.format, "QVisa");
  // Names with two tabs between them, rows with one.
  expect_signal(read("*! QVisaDataObject v1.1\n\n#! __type__ iv-sweep\nt\t\tV\t\tI\t\tP\t\t\n" +
                     rows_of(60, [](int k) {
                       return fmt::format("{}\t{}\t{}\t1e-9\t", sample_time(k), sample_voltage(k),
                                          sample_current(k));
                     })));
  EXPECT_EQ(reading.columns.size(), 4U);
  expect_signal(reading);
}

TEST_F(TextFormats, ReadsStepsOfLtspiceAsRecords) {
  std::string text = "time\tV(vin)\tIx(U1:TE)\n";
  for (const char* step : {"Vx=-2.5  (Step: 1/2)", "Vx=2  (Step: 2/2)"}) {
    text += fmt::format("Step Information: {}\n", step);
    text += rows_of(60, [](int k) {
      return fmt::format("{:.15e}\t{:.6e}\t{:.6e}", sample_time(k), sample_voltage(k),
                         sample_current(k));
    });
  }
  const Reading reading = read(text);
  EXPECT_EQ(reading.format, "LTspice text export");
  expect_signal(reading, 0);
  expect_signal(reading, 1);
  EXPECT_EQ(reading.records[0].id, "dev/Vx=-2.5");
  EXPECT_EQ(reading.records[1].id, "dev/Vx=2");
  EXPECT_TRUE(says(reading.remarks, "2 parts in the file, each a record"));
}

TEST_F(TextFormats, ReadsPrintOfNgspice) {
  const std::string line(80, '-');
  const std::string head = "a memristor\nTransient Analysis  Sun Nov 29 22:56:46  2026\n" + line +
                           "\nIndex   time            v(p)            i(vm)           \n" + line +
                           "\n";
  const auto page = [&](int first, int count) {
    return rows_of(count, [&](int k) {
      const int n = first + k;
      return fmt::format("{}\t{:.6e}\t{:.6e}\t{:.6e}\t", n, sample_time(n), sample_voltage(n),
                         sample_current(n));
    });
  };
  const Reading reading = read(head + page(0, 20) + "\f\n" + head + page(20, 40));
  EXPECT_EQ(reading.format, "ngspice print");
  expect_signal(reading);
}

std::string wrdata_row(int k, bool scales) {
  const std::string time = fmt::format("{:15.8e}", sample_time(k));
  const std::string V = fmt::format("{:15.8e}", sample_voltage(k));
  const std::string I = fmt::format("{:15.8e}", sample_current(k));
  return scales ? time + " " + V + " " + time + " " + I + " " : time + " " + V + " " + I + " ";
}

TEST_F(TextFormats, ReadsWrdataOfNgspice) {
  const Reading plain = read(rows_of(60, [](int k) { return wrdata_row(k, false); }));
  EXPECT_EQ(plain.format, "ngspice wrdata");
  expect_signal(plain);
  EXPECT_TRUE(says(plain.remarks,
                   "took the three nameless columns of wrdata for time, voltage and current"));
  const Reading scales = read(rows_of(60, [](int k) { return wrdata_row(k, true); }));
  expect_signal(scales);
  EXPECT_TRUE(says(scales.remarks, "left out 1 columns that repeat the first one"));
  const Reading named = read(" time            v(p)            i(vm)          \n" +
                             rows_of(60, [](int k) { return wrdata_row(k, false); }));
  EXPECT_EQ(named.format, "ngspice wrdata");
  expect_signal(named);
  const Reading both = read(" time            v(p)            time            i(vm)          \n" +
                            rows_of(60, [](int k) { return wrdata_row(k, true); }));
  expect_signal(both);
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
