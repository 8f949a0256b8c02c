#include <gtest/gtest.h>

#include <algorithm>

#include "bench/spice_benchmark.hpp"
#include "core/json/config_io.hpp"
#include "report/figure_script.hpp"

namespace psi_xlstm {
namespace {

const Machine kMachine = {"a processor", "a system", 2, 1.25};

SpiceBenchmark measured() {
  SpiceBenchmark b;
  b.device = {{"student_m8_osdi", 100, 160, 13656, 1, 0.2185, 5012, 10e-9, 5},
              {"student_m8_osdi", 1000, 168, 700, 9, 0.1176, 220, 100e-9, 5},
              {"student_m8_subcircuit", 100, 8000, 13847, 0, 11.08, 5020, 10e-9, 2},
              {"bsim4", 100, 800, 10042, 1, 0.803, 5018, 10e-9, 5}};
  b.crossbar = {{8, "student_m8_osdi", 0.03, 0.02, 1146, 1077, 6, 0, 20e-9, 5},
                {32, "student_m8_osdi", 4.2, 5.6, 1143, 1077, 7, 0, 20e-9, 3}};
  b.waveform = {{"student_m8_osdi", 1, 10020, 6500}};
  b.teacher = {{"teacher", "1.13.0", 10000, 104000, 1300}};
  b.agreement = {{"student_m8_osdi", "student_m8_subcircuit", 100, 4.9e-6}};
  b.conditions = {"ngspice-39", "trained here", "crossbars: no compiler"};
  return b;
}

TEST(SpiceBenchmark, IsStoredUnderTheAgreedNames) {
  const auto tree = nlohmann::json::parse(config_text(measured()));
  const auto& device = tree.at("device").at(0);
  EXPECT_EQ(device.at("model"), "student_m8_osdi");
  EXPECT_EQ(device.at("devices"), 100);
  EXPECT_EQ(device.at("ns_per_device_iteration"), 160.0);
  EXPECT_EQ(device.at("iterations"), 13656);
  EXPECT_EQ(device.at("rejected"), 1);
  EXPECT_EQ(device.at("total_s"), 0.2185);
  const auto& crossbar = tree.at("crossbar").at(1);
  EXPECT_EQ(crossbar.at("n"), 32);
  EXPECT_EQ(crossbar.at("model"), "student_m8_osdi");
  EXPECT_EQ(crossbar.at("total_s"), 4.2);
  EXPECT_EQ(crossbar.at("plain_resistor_s"), 5.6);
}

TEST(SpiceBenchmark, ReadsBackWhatWasStored) {
  const std::string text = config_text(measured());
  const auto again = config_from_json<SpiceBenchmark>(nlohmann::json::parse(text), "bench.json");
  EXPECT_EQ(config_text(again), text);
}

TEST(SpiceBenchmarkTables, ShowEveryRowAndWhatItWasMeasuredWith) {
  const auto tables = spice_benchmark_tables(measured(), kMachine);
  ASSERT_EQ(tables.size(), 5U);
  std::string all;
  for (const Table& table : tables) {
    EXPECT_NO_THROW(check_table(table));
    all += to_text(table);
  }
  std::replace(all.begin(), all.end(), '\n', ' ');  // notes are broken into lines
  for (const char* part : {"N = 100",      "N = 1000",
                           "160",          "168",
                           "8000",         "13656",
                           "0.2185",       "11.08",
                           "4.9e-06",      "0.200",
                           "0.020",        "1.050",
                           "0.750",        "1.500",
                           "104000",       "80.0",
                           "16.0",         "ngspice-39",
                           "trained here", "a processor",
                           "1.25",         "Left out: crossbars: no compiler."}) {
    EXPECT_NE(all.find(part), std::string::npos) << part << "\n" << all;
  }
  EXPECT_NE(to_text(tables[0]).find("n/a"), std::string::npos) << "bsim4 at N = 1000";
}

using Row = std::vector<std::string>;

TEST(SpiceBenchmarkTables, HaveEveryNumberBelowItsName) {
  const auto tables = spice_benchmark_tables(measured(), kMachine);
  EXPECT_EQ(tables[1].header, (Row{"model", "N", "step [ns]", "time points", "rejected",
                                   "iterations", "total [s]", "repetitions"}));
  EXPECT_EQ(tables[1].rows[0],
            (Row{"student_m8_osdi", "100", "10", "5012", "1", "13656", "0.2185", "5"}));
  EXPECT_EQ(tables[3].header,
            (Row{"n", "model", "longest step [ns]", "total [s]", "plain resistors [s]", "ratio",
                 "iterations", "resistors", "rejected", "warnings", "repetitions"}));
  EXPECT_EQ(tables[3].rows[1], (Row{"32", "student_m8_osdi", "20", "4.2000", "5.6000", "0.750",
                                    "1143", "1077", "7", "0", "3"}));
}

TEST(SpiceBenchmarkTables, LeaveOutWhatWasNotMeasured) {
  SpiceBenchmark benchmark = measured();
  benchmark.device.erase(benchmark.device.begin(), benchmark.device.begin() + 2);
  benchmark.crossbar.clear();
  benchmark.waveform.clear();
  benchmark.teacher.clear();
  benchmark.agreement.clear();
  EXPECT_EQ(spice_benchmark_tables(benchmark, kMachine).size(), 2U);
  EXPECT_EQ(spice_benchmark_figure(benchmark).panels.size(), 1U);
}

TEST(SpiceBenchmarkFigure, HasACurvePerModelAndOneForResistors) {
  const Figure figure = spice_benchmark_figure(measured());
  ASSERT_EQ(figure.panels.size(), 2U);
  ASSERT_EQ(figure.panels[0].series.size(), 3U);
  EXPECT_EQ(figure.panels[0].series[0].x, (std::vector<double>{100, 1000}));
  EXPECT_EQ(figure.panels[0].series[0].y, (std::vector<double>{160, 168}));
  ASSERT_EQ(figure.panels[1].series.size(), 2U);
  EXPECT_EQ(figure.panels[1].series[1].y, (std::vector<double>{0.02, 5.6}));
  EXPECT_NO_THROW(figure_script(figure));
}

}  // namespace
}  // namespace psi_xlstm
