#include "data/readers/spice_raw.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cmath>
#include <complex>
#include <string>
#include <vector>

#include "psi_xlstm/data/readers/reading.hpp"
#include "support/data_folder.hpp"

namespace psi_xlstm {
namespace {

constexpr int kRawPoints = 60;

double raw_time(int k) { return 1e-6 * k; }
double raw_voltage(int k) { return std::sin(0.3 * k + 0.2); }
double raw_current(int k) { return 1e-6 * std::cos(0.3 * k); }

template <class Number>
void append(std::string& bytes, Number value) {
  bytes.append(reinterpret_cast<const char*>(&value), sizeof value);
}

std::string raw_head(const std::string& flags,
                     const std::string& command = "",
                     const std::string& data = "Binary:",
                     int points = kRawPoints) {
  return "Title: * a device\nDate: Sun Nov 29 22:56:46  2026\n" + command +
         "Plotname: Transient Analysis\nFlags: " + flags +
         "\nNo. Variables: 3\nNo. Points: " + std::to_string(points) +
         "\nVariables:\n\t0\ttime\ttime\n\t1\tv(p)\tvoltage\n\t2\ti(vm)\tcurrent\n" + data + "\n";
}

std::string in_utf16(const std::string& text) {
  std::string wide;
  for (char c : text) {
    wide += c;
    wide += '\0';
  }
  return wide;
}

std::string doubles() {
  std::string bytes;
  for (int k = 0; k < kRawPoints; ++k) {
    for (double value : {raw_time(k), raw_voltage(k), raw_current(k)}) append(bytes, value);
  }
  return bytes;
}

std::string ascii() {
  std::string text;
  for (int k = 0; k < kRawPoints; ++k) {
    text += fmt::format(" {}\t{:.15e}\n\t{:.15e}\n\t{:.15e}\n\n", k, raw_time(k), raw_voltage(k),
                        raw_current(k));
  }
  return text;
}

const std::string kOfLtspice = "Command: Linear Technology Corporation LTspice XVII\n";

class SpiceRaw : public ::testing::Test {
 protected:
  Reading read(const std::string& bytes, const ReadOptions& options = {}) {
    return read_recording(folder_.write("dev.raw", bytes), options);
  }

  void expect_signal(const Reading& reading, double tolerance, std::size_t r = 0) {
    ASSERT_EQ(reading.problem, "");
    ASSERT_GT(reading.records.size(), r);
    const Record& record = reading.records[r];
    ASSERT_EQ(record.size(), static_cast<std::size_t>(kRawPoints));
    for (int k = 0; k < kRawPoints; ++k) {
      const auto at = static_cast<std::size_t>(k);
      ASSERT_NEAR(record.time[at], raw_time(k), 1e-20) << k;
      ASSERT_NEAR(record.voltage[0][at], raw_voltage(k), tolerance) << k;
      ASSERT_NEAR(record.current[0][at], raw_current(k), 1e-6 * tolerance) << k;
    }
  }

  testing::DataFolder folder_;
};

constexpr double kDouble = 1e-14, kFloat = 1e-7;  // Rounding of what the files hold.

TEST_F(SpiceRaw, ReadsNgspiceBinaryAndAscii) {
  const Reading binary = read(raw_head("real") + doubles());
  EXPECT_EQ(binary.format, "SPICE raw of ngspice, binary");
  expect_signal(binary, 0);
  const Reading text = read(raw_head("real", "", "Values:") + ascii());
  EXPECT_EQ(text.format, "SPICE raw of ngspice, ascii");
  expect_signal(text, kDouble);
}

// LTspice: text in UTF-16, the time as a double, the rest as floats, times marked by a minus sign.
TEST_F(SpiceRaw, ReadsLtspiceBinary) {
  std::string floats;
  for (int k = 0; k < kRawPoints; ++k) {
    append(floats, k % 7 == 3 ? -raw_time(k) : raw_time(k));
    append(floats, static_cast<float>(raw_voltage(k)));
    append(floats, static_cast<float>(raw_current(k)));
  }
  const Reading wide = read(in_utf16(raw_head("real forward", kOfLtspice)) + floats);
  EXPECT_EQ(wide.format, "SPICE raw of LTspice, binary");
  expect_signal(wide, kFloat);
  expect_signal(read(raw_head("real forward", kOfLtspice) + floats), kFloat);
  expect_signal(read(in_utf16(raw_head("real forward double", kOfLtspice)) + doubles()), 0);
}

// Its text is of one encoding with the header.
TEST_F(SpiceRaw, ReadsLtspiceAsciiInUtf16) {
  std::string text = raw_head("real forward", kOfLtspice, "Values:");
  for (int k = 0; k < kRawPoints; ++k) {
    text += fmt::format("{}\t\t{:.17e}\r\n\t{:.17e}\r\n\t{:.17e}\r\n", k, raw_time(k),
                        raw_voltage(k), raw_current(k));
  }
  const Reading reading = read(in_utf16(text));
  EXPECT_EQ(reading.format, "SPICE raw of LTspice, ascii");
  expect_signal(reading, kDouble);
}

TEST_F(SpiceRaw, ReadsLtspiceFastAccess) {
  std::string bytes;
  for (int k = 0; k < kRawPoints; ++k) append(bytes, raw_time(k));
  for (int k = 0; k < kRawPoints; ++k) append(bytes, static_cast<float>(raw_voltage(k)));
  for (int k = 0; k < kRawPoints; ++k) append(bytes, static_cast<float>(raw_current(k)));
  expect_signal(read(in_utf16(raw_head("real forward fastaccess", kOfLtspice)) + bytes), kFloat);
}

TEST_F(SpiceRaw, TakesTransientPlotsAsRecordsAndLeavesOutOthers) {
  const std::string plot = raw_head("real") + doubles();
  std::string point = raw_head("real", "", "Binary:", 1);
  point.replace(point.find("\ttime\ttime"), 10, "\tv(q)\tvoltage");
  point.replace(point.find("Transient Analysis"), 18, "Operating Point");
  for (double value : {1.0, 2.0, 3.0}) append(point, value);
  const Reading reading = read(point + plot + plot);
  expect_signal(reading, 0, 0);
  expect_signal(reading, 0, 1);
  EXPECT_EQ(reading.records[1].id, "dev/2");
  ASSERT_GE(reading.remarks.size(), 1U);
  EXPECT_NE(reading.remarks[0].find("left out 1 of 3 plots"), std::string::npos);
}

TEST_F(SpiceRaw, StartsRecordsAtTheStepsOfLtspice) {
  const std::string head =
      raw_head("real forward stepped double", kOfLtspice, "Binary:", 2 * kRawPoints);
  const Reading reading = read(in_utf16(head) + doubles() + doubles());
  expect_signal(reading, 0, 0);
  expect_signal(reading, 0, 1);
}

TEST_F(SpiceRaw, ChoosesAmongNodesByName) {
  std::string head = raw_head("real");
  head.replace(head.find("i(vm)\tcurrent"), 13, "v(q)\tvoltage");
  const Reading missing = read(head + doubles());
  EXPECT_EQ(
      folder_.without_folder(missing.problem),
      "dev.raw: expected one voltage column (more than one port is not supported yet), found "
      "\"v(p)\" and \"v(q)\" and no current; where one is over a shunt: --shunt OHM --voltage "
      "'v(q)-v(p)' --current 'v(p)'");
  const Reading reading =
      read(head + doubles(), {.voltage = "v(p)-v(q)", .current = "v(q)", .shunt = 10});
  ASSERT_EQ(reading.problem, "");
  EXPECT_DOUBLE_EQ(reading.records[0].voltage[0][5], raw_voltage(5) - raw_current(5));
  EXPECT_DOUBLE_EQ(reading.records[0].current[0][5], raw_current(5) / 10);
}

// 1 kohm in series with 1 nF.
TEST_F(SpiceRaw, TurnsAnAcAnalysisIntoAdmittances) {
  std::string head = raw_head("complex", "", "Binary:", 3);
  head.replace(head.find("time\ttime"), 9, "frequency\tfrequency");
  head.replace(head.find("Transient"), 9, "AC");
  std::string bytes;
  std::vector<std::complex<double>> expected;
  for (double f : {1e3, 1e5, 1e7}) {
    const std::complex<double> V(0.5, 0.1);
    const std::complex<double> Y =
        1.0 / (1e3 + 1.0 / std::complex<double>(0, 2 * 3.141592653589793 * f * 1e-9));
    const std::complex<double> I = Y * V;
    expected.push_back(Y);
    for (double value : {f, 0.0, V.real(), V.imag(), I.real(), I.imag()}) append(bytes, value);
  }
  const Reading reading = read(head + bytes, {.transient_required = false});
  ASSERT_EQ(reading.problem, "");
  ASSERT_EQ(reading.records.size(), 1U);
  EXPECT_EQ(reading.records[0].kind, RecordKind::kAc);
  ASSERT_EQ(reading.records[0].admittance.size(), 3U);
  EXPECT_EQ(reading.records[0].admittance[1].frequency, 1e5);
  for (std::size_t k = 0; k < 3; ++k) {
    EXPECT_NEAR(std::abs(reading.records[0].admittance[k].admittance[0] - expected[k]), 0, 1e-17);
  }
  EXPECT_EQ(folder_.without_folder(read(head + bytes).problem),
            "dev.raw: expected a voltage and a current against time, found AC data (SPICE raw of "
            "ngspice, binary), which is not fitted against time");
}

// ngspice runs the AC analysis first; what follows it is the table.
TEST_F(SpiceRaw, TakesTheTransientPlotBehindAnAcPlot) {
  std::string ac = raw_head("complex", "", "Binary:", 1);
  ac.replace(ac.find("time\ttime"), 9, "frequency\tfrequency");
  ac.replace(ac.find("Transient"), 9, "AC");
  for (double value : {1e3, 0.0, 1.0, 0.0, 1e-3, 0.0}) append(ac, value);
  const Reading reading = read(ac + raw_head("real") + doubles());
  ASSERT_EQ(reading.problem, "");
  ASSERT_EQ(reading.records.size(), 1U);
  EXPECT_EQ(reading.records[0].kind, RecordKind::kTransient);
  EXPECT_DOUBLE_EQ(reading.records[0].voltage[0][5], raw_voltage(5));
}

TEST_F(SpiceRaw, RefusesAnAdmittanceAtAVoltageOfNothing) {
  std::string ac = raw_head("complex", "", "Binary:", 1);
  ac.replace(ac.find("time\ttime"), 9, "frequency\tfrequency");
  ac.replace(ac.find("Transient"), 9, "AC");
  for (double value : {1e3, 0.0, 0.0, 0.0, 1e-3, 0.0}) append(ac, value);
  EXPECT_THROW(read(ac, {.transient_required = false}), DataError);
}

}  // namespace
}  // namespace psi_xlstm
