#include "data/tables/column_meaning.hpp"

#include <gtest/gtest.h>

#include <string>

namespace psi_xlstm {
namespace {

struct Case {
  const char* name;
  Quantity quantity;
  double scale;
  const char* port;
  int rank = 0;
};

class ColumnMeaningOf : public ::testing::TestWithParam<Case> {};

TEST_P(ColumnMeaningOf, IsReadFromTheName) {
  const ColumnMeaning meaning = column_meaning(GetParam().name);
  EXPECT_EQ(meaning.quantity, GetParam().quantity) << GetParam().name;
  EXPECT_EQ(meaning.scale, GetParam().scale) << GetParam().name;
  EXPECT_EQ(meaning.port, GetParam().port) << GetParam().name;
  EXPECT_EQ(meaning.rank, GetParam().rank) << GetParam().name;
  EXPECT_TRUE(meaning.unit_known) << GetParam().name;
}

INSTANTIATE_TEST_SUITE_P(Plain,
                         ColumnMeaningOf,
                         ::testing::Values(Case{"time_s", Quantity::kTime, 1, ""},
                                           Case{"Time", Quantity::kTime, 1, ""},
                                           Case{"t", Quantity::kTime, 1, ""},
                                           Case{"time [ms]", Quantity::kTime, 1e-3, ""},
                                           Case{"time_us", Quantity::kTime, 1e-6, ""},
                                           Case{"t(\xC2\xB5s)", Quantity::kTime, 1e-6, ""},
                                           Case{"t (\xCE\xBCs)", Quantity::kTime, 1e-6, ""},
                                           Case{"t (\xB5s)", Quantity::kTime, 1e-6, ""},
                                           Case{"TIME_NS", Quantity::kTime, 1e-9, ""},
                                           Case{"V", Quantity::kVoltage, 1, ""},
                                           Case{"Voltage (mV)", Quantity::kVoltage, 1e-3, ""},
                                           Case{"voltage_uV", Quantity::kVoltage, 1e-6, ""},
                                           Case{"voltage kV", Quantity::kVoltage, 1e3, ""},
                                           Case{"I", Quantity::kCurrent, 1, ""},
                                           Case{"current_A", Quantity::kCurrent, 1, ""},
                                           Case{"i_a", Quantity::kCurrent, 1, ""},
                                           Case{"current_ma", Quantity::kCurrent, 1e-3, ""},
                                           Case{"I (uA)", Quantity::kCurrent, 1e-6, ""},
                                           Case{"I[nA]", Quantity::kCurrent, 1e-9, ""},
                                           Case{"current_pA", Quantity::kCurrent, 1e-12, ""}));

INSTANTIATE_TEST_SUITE_P(
    Optional,
    ColumnMeaningOf,
    ::testing::Values(Case{"current_clean_A", Quantity::kCleanCurrent, 1, ""},
                      Case{"clean_current_uA", Quantity::kCleanCurrent, 1e-6, ""},
                      Case{"Clean current [mA]", Quantity::kCleanCurrent, 1e-3, ""},
                      Case{"initial_conductance_S", Quantity::kInitialConductance, 1, ""},
                      Case{"g0_uS", Quantity::kInitialConductance, 1e-6, ""},
                      Case{"cycle", Quantity::kRecord, 1, ""},
                      Case{"Sweep", Quantity::kRecord, 1, ""},
                      Case{"record_id", Quantity::kRecord, 1, ""},
                      Case{"cycle number", Quantity::kRecord, 1, ""}));

INSTANTIATE_TEST_SUITE_P(Port,
                         ColumnMeaningOf,
                         ::testing::Values(Case{"v1", Quantity::kVoltage, 1, "1"},
                                           Case{"i_2", Quantity::kCurrent, 1, "2"},
                                           Case{"vgs", Quantity::kVoltage, 1, "gs"},
                                           Case{"V_DS_mV", Quantity::kVoltage, 1e-3, "ds"},
                                           Case{"id", Quantity::kCurrent, 1, "d"},
                                           Case{"AV", Quantity::kVoltage, 1, "a"},
                                           Case{"BI", Quantity::kCurrent, 1, "b"},
                                           Case{"gate_voltage", Quantity::kVoltage, 1, "gate"},
                                           Case{"drain current [uA]", Quantity::kCurrent, 1e-6,
                                                "drain"},
                                           Case{"CH1 [V]", Quantity::kVoltage, 1, "ch1"},
                                           Case{"Probe (mA)", Quantity::kCurrent, 1e-3, "probe"}));

// As instruments and simulators spell them.
INSTANTIATE_TEST_SUITE_P(
    Instrument,
    ColumnMeaningOf,
    ::testing::Values(Case{"Smu1.Time[1][1]", Quantity::kTime, 1, "", 1},
                      Case{"Smu1.V[1][1]", Quantity::kVoltage, 1, "", 1},
                      Case{"Smu1.I[1][1]", Quantity::kCurrent, 1, "", 1},
                      Case{"WE(1).Current (A)", Quantity::kCurrent, 1, "", 1},
                      Case{"WE(1).Potential (V)", Quantity::kVoltage, 1, "", 1},
                      Case{"Potential applied (V)", Quantity::kVoltage, 1, "potential applied", 3},
                      Case{"V_set", Quantity::kVoltage, 1, "", 3},
                      Case{"set voltage (mV)", Quantity::kVoltage, 1e-3, "set voltage", 3},
                      Case{"DrainV", Quantity::kVoltage, 1, "drain", 1},
                      Case{"SrcI", Quantity::kCurrent, 1, "src", 1},
                      Case{"CH1V", Quantity::kVoltage, 1, "ch1", 1},
                      Case{"time/s", Quantity::kTime, 1, "", 1},
                      Case{"Ewe/V", Quantity::kVoltage, 1, "", 1},
                      Case{"<I>/mA", Quantity::kCurrent, 1e-3, "", 1},
                      Case{"U/mV", Quantity::kVoltage, 1e-3, "u", 1},
                      Case{"Test_Time(s)", Quantity::kTime, 1, "", 1},
                      Case{"Elapsed Time (min)", Quantity::kTime, 60, "", 1},
                      Case{"Time (Min)", Quantity::kTime, 60, ""},
                      Case{"time_min", Quantity::kTime, 60, ""},
                      Case{"t (h)", Quantity::kTime, 3600, ""},
                      Case{"current_fA", Quantity::kCurrent, 1e-15, ""},
                      Case{"Duration (s)", Quantity::kTime, 1, "", 2},
                      Case{"Scan", Quantity::kRecord, 1, "", 1}));

INSTANTIATE_TEST_SUITE_P(Spice,
                         ColumnMeaningOf,
                         ::testing::Values(Case{"V(out)", Quantity::kVoltage, 1, "out"},
                                           Case{"v(p,n)", Quantity::kVoltage, 1, "p,n"},
                                           Case{"I(R1)", Quantity::kCurrent, 1, "r1"},
                                           Case{"Ix(U1:TE)", Quantity::kCurrent, 1, "u1:te"},
                                           Case{"Id(M1)", Quantity::kCurrent, 1, "m1"},
                                           Case{"vm#branch", Quantity::kCurrent, 1, "vm"},
                                           Case{"V(mV)", Quantity::kVoltage, 1e-3, ""},
                                           Case{"I(A)", Quantity::kCurrent, 1, ""}));

TEST(ColumnMeaning, IsNothingForOtherColumns) {
  for (const char* name : {"",
                           "temperature",
                           "Temperature [K]",
                           "index",
                           "version",
                           "R (ohm)",
                           "iteration",
                           "valid",
                           "time)",
                           "cycle_length",
                           "()",
                           "_",
                           "timestamp",
                           "Current range",
                           "Q+",
                           "Item",
                           "#branch",
                           "Smu1.R[1][1]",
                           "Ix(U1:TE)/V(vin)",
                           "res min",
                           "pulse_width",
                           "P",
                           "voltmeter"}) {
    EXPECT_EQ(column_meaning(name).quantity, Quantity::kOther) << name;
  }
}

TEST(ColumnMeaning, TakesItsUnitFromALineOfUnits) {
  EXPECT_EQ(column_meaning("x-axis", "second").quantity, Quantity::kTime);
  const ColumnMeaning channel = column_meaning("1", "Volt");
  EXPECT_EQ(channel.quantity, Quantity::kVoltage);
  EXPECT_EQ(channel.port, "1");
  EXPECT_EQ(channel.rank, 0);
  EXPECT_EQ(column_meaning("V", "(mV)").scale, 1e-3);
  EXPECT_EQ(column_meaning("I",
                           "[\xC2\xB5"
                           "A]")
                .scale,
            1e-6);
  EXPECT_EQ(column_meaning("noise", "Hz").quantity, Quantity::kOther);
}

TEST(ColumnMeaning, KeepsAUnitThatIsNoneOfItsQuantity) {
  for (const char* name : {"time_year", "Voltage [dB]", "current_kA", "g0_ohm", "voltage_MV"}) {
    EXPECT_FALSE(column_meaning(name).unit_known) << name;
  }
  EXPECT_EQ(column_meaning("Voltage [dB]").unit, "dB");
}

TEST(ColumnMeaning, NamesTheUnitsOfAQuantity) {
  EXPECT_EQ(known_units(Quantity::kTime), "s, ms, us, ns, ps, min, h");
  EXPECT_EQ(known_units(Quantity::kVoltage), "V, mV, uV, nV, kV");
  EXPECT_EQ(known_units(Quantity::kCurrent), "A, mA, uA, nA, pA, fA");
}

TEST(IsUnit, KnowsWhatStandsBelowNames) {
  for (const char* text : {"s", "(V)", "[uA]", "second", "Volt", "Ohm",
                           "\xC2\xB5"
                           "s",
                           "%"}) {
    EXPECT_TRUE(is_unit(text)) << text;
  }
  for (const char* text : {"", "time", "1.5", "1", "()", "REST"})
    EXPECT_FALSE(is_unit(text)) << text;
}

}  // namespace
}  // namespace psi_xlstm
