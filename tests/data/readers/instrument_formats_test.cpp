// Files as instruments and simulators write them, each with the numbers it must give.

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

class InstrumentFormats : public testing::TextFiles {};

TEST_F(InstrumentFormats, ReadsAutolabNova) {
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

TEST_F(InstrumentFormats, ReadsKeithleyLists) {
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

TEST_F(InstrumentFormats, ReadsEasyExpertWithTime) {
  const Reading reading = read(easyexpert_file("Time, DrainV, DrainI", [](int k) {
    return fmt::format("DataValue, {}, {}, {}\r", sample_time(k), sample_voltage(k),
                       sample_current(k));
  }));
  EXPECT_EQ(reading.format, "Keysight EasyEXPERT (\"B1500A\")");
  expect_signal(reading);
}

TEST_F(InstrumentFormats, ReadsEasyExpertWithoutTimeAsDcOrBySweepRate) {
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

TEST_F(InstrumentFormats, ReadsSeveralMeasurementsOfEasyExpert) {
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

TEST_F(InstrumentFormats, ReadsKeysightOscilloscopesOverAShunt) {
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

TEST_F(InstrumentFormats, ReadsTektronixOscilloscopesOfBothForms) {
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

TEST_F(InstrumentFormats, ReadsRigolOscilloscopesOfBothForms) {
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

TEST_F(InstrumentFormats, ReadsLeCroyOscilloscopes) {
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

TEST_F(InstrumentFormats, ReadsQVisa) {
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

TEST_F(InstrumentFormats, ReadsStepsOfLtspiceAsRecords) {
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

TEST_F(InstrumentFormats, ReadsPrintOfNgspice) {
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

TEST_F(InstrumentFormats, ReadsWrdataOfNgspice) {
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

}  // namespace
}  // namespace psi_xlstm
