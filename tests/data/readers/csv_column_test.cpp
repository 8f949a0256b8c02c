#include "data/readers/csv_column.hpp"

#include <gtest/gtest.h>

#include <string>

#include "psi_xlstm/core/error.hpp"

namespace psi_xlstm {
namespace {

struct Case {
  const char* name;
  CsvQuantity quantity;
  double scale;
  const char* port;
};

class CsvColumnMeaningOf : public ::testing::TestWithParam<Case> {};

TEST_P(CsvColumnMeaningOf, IsReadFromTheName) {
  const auto meaning = csv_column_meaning(GetParam().name, "here");
  ASSERT_TRUE(meaning.has_value()) << GetParam().name;
  EXPECT_EQ(meaning->quantity, GetParam().quantity) << GetParam().name;
  EXPECT_EQ(meaning->scale, GetParam().scale) << GetParam().name;
  EXPECT_EQ(meaning->port, GetParam().port) << GetParam().name;
}

INSTANTIATE_TEST_SUITE_P(Plain,
                         CsvColumnMeaningOf,
                         ::testing::Values(Case{"time_s", CsvQuantity::kTime, 1, ""},
                                           Case{"Time", CsvQuantity::kTime, 1, ""},
                                           Case{"t", CsvQuantity::kTime, 1, ""},
                                           Case{"time [ms]", CsvQuantity::kTime, 1e-3, ""},
                                           Case{"time_us", CsvQuantity::kTime, 1e-6, ""},
                                           Case{"t(\xC2\xB5s)", CsvQuantity::kTime, 1e-6, ""},
                                           Case{"t (\xCE\xBCs)", CsvQuantity::kTime, 1e-6, ""},
                                           Case{"t (\xB5s)", CsvQuantity::kTime, 1e-6, ""},
                                           Case{"TIME_NS", CsvQuantity::kTime, 1e-9, ""},
                                           Case{"V", CsvQuantity::kVoltage, 1, ""},
                                           Case{"Voltage (mV)", CsvQuantity::kVoltage, 1e-3, ""},
                                           Case{"voltage_uV", CsvQuantity::kVoltage, 1e-6, ""},
                                           Case{"voltage kV", CsvQuantity::kVoltage, 1e3, ""},
                                           Case{"I", CsvQuantity::kCurrent, 1, ""},
                                           Case{"current_A", CsvQuantity::kCurrent, 1, ""},
                                           Case{"i_a", CsvQuantity::kCurrent, 1, ""},
                                           Case{"current_ma", CsvQuantity::kCurrent, 1e-3, ""},
                                           Case{"I (uA)", CsvQuantity::kCurrent, 1e-6, ""},
                                           Case{"I[nA]", CsvQuantity::kCurrent, 1e-9, ""},
                                           Case{"current_pA", CsvQuantity::kCurrent, 1e-12, ""}));

INSTANTIATE_TEST_SUITE_P(
    Optional,
    CsvColumnMeaningOf,
    ::testing::Values(Case{"current_clean_A", CsvQuantity::kCleanCurrent, 1, ""},
                      Case{"clean_current_uA", CsvQuantity::kCleanCurrent, 1e-6, ""},
                      Case{"Clean current [mA]", CsvQuantity::kCleanCurrent, 1e-3, ""},
                      Case{"initial_conductance_S", CsvQuantity::kInitialConductance, 1, ""},
                      Case{"g0_uS", CsvQuantity::kInitialConductance, 1e-6, ""},
                      Case{"cycle", CsvQuantity::kRecord, 1, ""},
                      Case{"Sweep", CsvQuantity::kRecord, 1, ""},
                      Case{"record_id", CsvQuantity::kRecord, 1, ""},
                      Case{"cycle number", CsvQuantity::kRecord, 1, ""}));

INSTANTIATE_TEST_SUITE_P(
    Port,
    CsvColumnMeaningOf,
    ::testing::Values(Case{"v1", CsvQuantity::kVoltage, 1, "1"},
                      Case{"i_2", CsvQuantity::kCurrent, 1, "2"},
                      Case{"vgs", CsvQuantity::kVoltage, 1, "gs"},
                      Case{"V_DS_mV", CsvQuantity::kVoltage, 1e-3, "ds"},
                      Case{"id", CsvQuantity::kCurrent, 1, "d"},
                      Case{"AV", CsvQuantity::kVoltage, 1, "a"},
                      Case{"BI", CsvQuantity::kCurrent, 1, "b"},
                      Case{"gate_voltage", CsvQuantity::kVoltage, 1, "gate"},
                      Case{"drain current [uA]", CsvQuantity::kCurrent, 1e-6, "drain"},
                      Case{"CH1 [V]", CsvQuantity::kVoltage, 1, "ch1"},
                      Case{"Probe (mA)", CsvQuantity::kCurrent, 1e-3, "probe"}));

TEST(CsvColumnMeaning, IsNothingForOtherColumns) {
  for (const char* name : {"", "temperature", "Temperature [K]", "index", "version", "R (ohm)",
                           "iteration", "valid", "time)", "cycle_length", "()", "_", "timestamp"}) {
    EXPECT_FALSE(csv_column_meaning(name, "here").has_value()) << name;
  }
}

std::string refusal(const char* name) {
  try {
    csv_column_meaning(name, "a.csv:1");
  } catch (const DataError& e) {
    return e.what();
  }
  return "nothing was thrown";
}

TEST(CsvColumnMeaning, NeedsAKnownUnit) {
  EXPECT_EQ(refusal("time_min"),
            "a.csv:1: column \"time_min\": expected a unit among s, ms, us, ns, found \"min\"");
  EXPECT_EQ(refusal("Voltage [dB]"),
            "a.csv:1: column \"Voltage [dB]\": expected a unit among V, mV, uV, kV, found \"dB\"");
  EXPECT_EQ(
      refusal("current_fA"),
      "a.csv:1: column \"current_fA\": expected a unit among A, mA, uA, nA, pA, found \"fA\"");
  EXPECT_EQ(refusal("g0_ohm"),
            "a.csv:1: column \"g0_ohm\": expected a unit among S, mS, uS, nS, found \"ohm\"");
}

TEST(CsvColumnMeaning, DoesNotTakeMegaForMilli) {
  EXPECT_EQ(refusal("voltage_MV"),
            "a.csv:1: column \"voltage_MV\": expected a unit among V, mV, uV, kV, found \"MV\"");
}

}  // namespace
}  // namespace psi_xlstm
