#include "bench/spice_benchmark_circuits.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numbers>

#include "devices/vteam.hpp"
#include "psi_xlstm/core/error.hpp"
#include "simulators/ngspice/forms.hpp"
#include "simulators/ngspice/simulator.hpp"
#include "support/networks.hpp"

namespace psi_xlstm {
namespace {

const BenchmarkDevice& device_called(const BenchmarkDevices& devices, const std::string& model) {
  for (const BenchmarkDevice& device : devices.all()) {
    if (device.model == model) return device;
  }
  throw std::invalid_argument("no device " + model);
}

TransientResult run(const std::string& netlist,
                    const BenchmarkDevice* device,
                    const std::string& vector,
                    double stop,
                    double step,
                    bool uic) {
  SimulatorOptions simulator;
  if (device != nullptr) simulator.osdi = device->libraries;
  return transient(netlist,
                   {.stop_time = stop,
                    .max_step = step,
                    .use_initial_conditions = uic,
                    .relative_tolerance = 1e-4,
                    .vectors = {vector}},
                   simulator);
}

// The hand-written forms are the device of data/vteam.hpp: both are held against its own
// integration. Without a rate of its own in the circuit the state is a part in a thousand off.
TEST(BenchmarkCircuits, TheHandWrittenVteamIsTheDeviceOfTheData) {
  const bool compiled = problem_with_osdi({}).empty();
  const BenchmarkDevices devices(testing::one_state(), compiled);
  std::vector<std::string> forms = {"vteam_subcircuit"};
  if (compiled) forms.push_back("vteam_osdi");
  for (const std::string& form : forms) {
    const BenchmarkDevice& device = device_called(devices, form);
    const TransientResult found =
        run(device.definition + sine_source() + device.element(0, "in", 10e-9), &device, "i(vin)",
            20e-6, 10e-9, true);
    ASSERT_TRUE(found.usable()) << form << ": " << found.reason;
    const Record truth = simulate_vteam(
        vteam_vt100k(), found.time,
        [](double t) { return std::sin(2 * std::numbers::pi * 100e3 * t); }, 0.5);
    double scale = 0, worst = 0;
    for (std::size_t k = 0; k < found.time.size(); ++k) {
      scale = std::max(scale, std::abs(truth.clean_current[k]));
      worst = std::max(worst, std::abs(-found.vectors.at("i(vin)")[k] - truth.clean_current[k]));
    }
    EXPECT_LT(worst / scale, 3e-3) << form;
    const auto [low, high] =
        std::minmax_element(truth.clean_current.begin(), truth.clean_current.end());
    EXPECT_GT(std::abs(*low), 1.2 * *high) << "the drive must move the state";
  }
}

TEST(BenchmarkCircuits, RefusesParametersThatAreNoVteam) {
  if (const std::string problem = problem_with_osdi({}); !problem.empty()) GTEST_SKIP() << problem;
  const BenchmarkDevices devices(testing::one_state(), true);
  const BenchmarkDevice& device = device_called(devices, "vteam_osdi");
  const TransientResult found =
      run(".model compiled_vteam vteam r_on=-5\n" + sine_source() + device.element(0, "in", 1e-8),
          &device, "i(vin)", 1e-6, 1e-8, true);
  EXPECT_FALSE(found.usable());
  EXPECT_NE(found.reason.find("vteam: expected resistances above 0"), std::string::npos)
      << found.reason;
}

TEST(BenchmarkCircuits, EveryDeviceOfAnArrayCarriesTheSameCurrent) {
  const BenchmarkDevices devices(testing::one_state(), false);
  const BenchmarkDevice& device = device_called(devices, "rc");
  const TransientResult one =
      run(array_netlist(device, 1, sine_source(), 1e-8), &device, "i(vin)", 10e-6, 1e-8, true);
  const TransientResult many =
      run(array_netlist(device, 7, sine_source(), 1e-8), &device, "i(vin)", 10e-6, 1e-8, true);
  ASSERT_TRUE(one.usable() && many.usable()) << one.reason << many.reason;
  EXPECT_NEAR(many.vectors.at("i(vin)").back(), 7 * one.vectors.at("i(vin)").back(), 1e-12);
  // C dV/dt of 1 pF at the end of the period
  EXPECT_NEAR(one.vectors.at("i(vin)").back(), -1e-12 * 2 * std::numbers::pi * 1e5, 1e-9);
}

// One cell: the current of both states of the drive through two segments of wire and 1/g.
TEST(BenchmarkCircuits, ACrossbarOfOneCellIsASeriesCircuit) {
  const auto resistor = [](const std::string& name, const std::string& row,
                           const std::string& column, double g) {
    return "rx" + name + " " + row + " " + column + " " + std::to_string(1 / g) + "\n";
  };
  const TransientResult found = run(crossbar_netlist(1, {1e-2}, "", resistor), nullptr, "i(vc0)",
                                    kCrossbarTime, 20e-9, false);
  ASSERT_TRUE(found.usable()) << found.reason;
  double write = 0, read = 0;
  for (std::size_t k = 0; k < found.time.size(); ++k) {
    const double current = found.vectors.at("i(vc0)")[k];
    if (found.time[k] < 6e-6) write = std::max(write, current);
    if (found.time[k] > 7e-6) read = std::max(read, current);
  }
  EXPECT_NEAR(write, 1.2 / 102, 1e-8);
  EXPECT_NEAR(read, 0.1 / 102, 1e-9);
}

TEST(BenchmarkCircuits, ACrossbarHasACellPerCrossing) {
  int cells = 0;
  const auto cell = [&](const std::string& name, const std::string& row, const std::string& column,
                        double g) {
    EXPECT_EQ(row, "r" + name);
    EXPECT_EQ(column, "c" + name);
    EXPECT_GT(g, 0);
    ++cells;
    return "";
  };
  const std::string netlist =
      crossbar_netlist(3, crossbar_conductances(3, 1e-4, 1e-3), "* of a test\n", cell);
  EXPECT_EQ(cells, 9);
  EXPECT_TRUE(netlist.starts_with("* of a test\n"));
  for (const char* wire : {"rr0_0 r0_in r0_0 1\n", "rr2_2 r2_1 r2_2 1\n", "rc0_1 c0_1 c1_1 1\n",
                           "rc2_1 c2_1 c1_out 1\n"}) {
    EXPECT_NE(netlist.find(wire), std::string::npos) << wire;
  }
}

TEST(BenchmarkCircuits, ConductancesAreSpreadOverTheirRangeAndAlwaysTheSame) {
  const std::vector<double> g = crossbar_conductances(16, 1e-4, 1e-3);
  EXPECT_EQ(g, crossbar_conductances(16, 1e-4, 1e-3));
  ASSERT_EQ(g.size(), 256U);
  const auto [low, high] = std::minmax_element(g.begin(), g.end());
  EXPECT_GE(*low, 1e-4);
  EXPECT_LT(*high, 1e-3);
  const auto below = std::count_if(g.begin(), g.end(), [](double x) { return x < 3.16e-4; });
  EXPECT_NEAR(static_cast<double>(below), 128, 32);  // four standard deviations
}

}  // namespace
}  // namespace psi_xlstm
