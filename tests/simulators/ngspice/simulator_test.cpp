#include "simulators/ngspice/simulator.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <cmath>
#include <numbers>
#include <string>
#include <vector>

#include "psi_xlstm/core/error.hpp"

namespace psi_xlstm {
namespace {

const std::string kRc = "v1 a 0 dc 1 ac 1\nr1 a b 1k\nc1 b 0 1n ic=0\n";  // time constant 1 us

/// Largest deviation of v(b) of kRc from 1 - exp(-t / 1 us) [V].
double rc_error(double max_step) {
  const auto result = transient(kRc,
                                {.stop_time = 5e-6,
                                 .max_step = max_step,
                                 .use_initial_conditions = true,
                                 .options = {{"trtol", 1}, {"chgtol", 1e-18}},
                                 .vectors = {"v(b)"}},
                                {});
  EXPECT_TRUE(result.usable()) << result.reason;
  double largest = 0;
  for (std::size_t k = 0; k < result.time.size(); ++k) {
    const double exact = 1 - std::exp(-result.time[k] / 1e-6);
    largest = std::max(largest, std::abs(result.vectors.at("v(b)")[k] - exact));
  }
  return largest;
}

std::string error_of(const std::string& netlist, const TransientOptions& options) {
  try {
    transient(netlist, options, {});
  } catch (const SpiceError& e) {
    return e.what();
  }
  return "none";
}

TEST(Transient, RcStepFollowsItsClosedFormToSecondOrder) {
  const double coarse = rc_error(2e-8), fine = rc_error(1e-8);
  EXPECT_LT(fine, 2e-5);
  EXPECT_GT(coarse / fine, 2.5);
}

TEST(Transient, ReturnsEveryPointUpToTheStopTimeAndItsCounters) {
  const auto result =
      transient(kRc, {.stop_time = 1e-6, .max_step = 1e-8, .vectors = {"v(a)", "i(V1)"}}, {});
  ASSERT_TRUE(result.usable()) << result.reason;
  EXPECT_EQ(result.time.front(), 0);
  EXPECT_NEAR(result.time.back(), 1e-6, 1e-15);
  EXPECT_GE(result.time.size(), 100u);
  EXPECT_EQ(result.vectors.at("i(V1)").size(), result.time.size());
  EXPECT_GE(result.counters.accepted_points, 100);
  EXPECT_GE(result.counters.iterations, result.counters.accepted_points);
}

TEST(Transient, CountsWhatTheAnalysisHadOfACore) {
  const auto start = std::chrono::steady_clock::now();
  const auto result =
      transient(kRc, {.stop_time = 1e-4, .max_step = 1e-8, .vectors = {"v(a)"}}, {});
  const double wall =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  ASSERT_TRUE(result.usable()) << result.reason;
  EXPECT_GT(result.counters.seconds, 0);
  EXPECT_LT(result.counters.seconds, wall);  // one thread, within the call
}

TEST(Transient, GearDiffersFromTrapezoidalButOnlyLittle) {
  TransientOptions options{
      .stop_time = 2e-6, .max_step = 1e-8, .use_initial_conditions = true, .vectors = {"v(b)"}};
  const auto trapezoidal = transient(kRc, options, {});
  options.method = IntegrationMethod::kGear;
  const auto gear = transient(kRc, options, {});
  ASSERT_TRUE(gear.usable()) << gear.reason;
  const double difference =
      std::abs(gear.vectors.at("v(b)").back() - trapezoidal.vectors.at("v(b)").back());
  EXPECT_GT(difference, 1e-9);
  EXPECT_LT(difference, 1e-4);
}

TEST(Transient, ServesAnExternalSourceFromItsTable) {
  const VoltageTable table{.times = {0, 1e-6, 2e-6, 4e-6}, .values = {0, 1, -0.5, 0.25}};
  const auto result = transient("Vin a 0 external\nr1 a 0 1k\n",
                                {.stop_time = 5e-6,
                                 .max_step = 3.7e-8,
                                 .vectors = {"v(a)", "i(Vin)"},
                                 .external = {{"Vin", table}}},
                                {});
  ASSERT_TRUE(result.usable()) << result.reason;
  for (std::size_t k = 0; k < result.time.size(); ++k) {
    const double expected = interpolate(table, result.time[k]);
    EXPECT_NEAR(result.vectors.at("v(a)")[k], expected, 1e-12);
    EXPECT_NEAR(result.vectors.at("i(Vin)")[k], -expected / 1e3, 1e-12);
  }
}

TEST(Transient, ExternalSourcesAndTablesMustMatch) {
  TransientOptions options{.stop_time = 1e-6, .max_step = 1e-7, .vectors = {"v(a)"}};
  EXPECT_EQ(error_of("v1 a 0 external\nr1 a 0 1k\n", options),
            "external source v1: expected a table, got none");
  options.external["v2"] = {.times = {0}, .values = {1}};
  EXPECT_EQ(error_of("v1 a 0 1\nr1 a 0 1k\n", options),
            "table of source v2: expected that source as external in the netlist, found none");
  options.external = {{"v1", {.times = {0, 0}, .values = {1, 2}}}};
  EXPECT_EQ(error_of("v1 a 0 external\nr1 a 0 1k\n", options),
            "table of source v1: expected times that increase, got 0 s before 0 s");
}

TEST(Transient, RefusesWrongOptionsInOneSentence) {
  EXPECT_EQ(error_of(kRc, {.stop_time = 0, .max_step = 1, .vectors = {"v(a)"}}),
            "transient stop time: expected more than 0 s, got 0");
  EXPECT_EQ(error_of(kRc, {.stop_time = 1, .vectors = {"v(a)"}}),
            "transient maximal step: expected more than 0 s and at most the stop time, got 0");
  EXPECT_EQ(
      error_of(kRc,
               {.stop_time = 1, .max_step = 1, .options = {{"maxord", 1}}, .vectors = {"v(a)"}}),
      "simulation options: expected maxord 2, 3, 4, 5 or 6, got 1");
  EXPECT_EQ(error_of(kRc, {.stop_time = 1, .max_step = 1, .vectors = {"v(a);shell ls"}}),
            "wanted vector: expected v(node), i(source) or @device[quantity], got "
            "\"v(a);shell ls\"");
  EXPECT_EQ(error_of(kRc, {.stop_time = 1, .max_step = 1}),
            "simulation: expected at least one wanted vector, got none");
}

// C dx/dt = x^2 with x(0) = 1 has no solution beyond t = 1.
TEST(Transient, RefusesVectorsThatAreNoNames) {
  TransientOptions options{.stop_time = 1, .max_step = 1};
  for (const std::string& name :
       std::vector<std::string>{"", "v()", "v(", "v(a", "v(a,b)", "v(a b)", "x", "@", "@r1",
                                "@r1[]", "@[i]", "@r1[i]x", "v(a)\nquit", "v(\xc3\xa9)", "all"}) {
    options.vectors = {name};
    EXPECT_TRUE(error_of(kRc, options).starts_with("wanted vector: ")) << name;
  }
}

TEST(Transient, KeepsThePointsBeforeABreakdownAndSaysWhy) {
  const auto result = transient("b1 0 x i=v(x)*v(x)\nc1 x 0 1 ic=1\n",
                                {.stop_time = 2,
                                 .max_step = 0.01,
                                 .use_initial_conditions = true,
                                 .options = {{"chgtol", 1e-6}},
                                 .vectors = {"v(x)"}},
                                {});
  EXPECT_FALSE(result.usable());
  EXPECT_NE(result.reason.find("ngspice could not finish the analysis: doAnalyses: TRAN"),
            std::string::npos)
      << result.reason;
  ASSERT_GT(result.time.size(), 50u);
  EXPECT_NEAR(result.time.back(), 1, 0.1);
}

TEST(Transient, AMissingNodeIsAReason) {
  const auto result =
      transient(kRc, {.stop_time = 1e-6, .max_step = 1e-8, .vectors = {"v(a)", "v(zz)"}}, {});
  EXPECT_EQ(result.reason, "ngspice could not finish the analysis: there is no vector v(zz)");
}

TEST(Transient, ARefusedNetlistIsAReasonWithTheMessageOfNgspice) {
  const TransientOptions options{.stop_time = 1e-6, .max_step = 1e-8, .vectors = {"v(a)"}};
  EXPECT_EQ(transient("v1 a 0 1\nr1 a 0 hallo\n", options, {}).reason,
            "ngspice refused the netlist: Error on line 3 or its substitute: r1 a 0 hallo unknown "
            "parameter (hallo)");
  // ngspice 44 names the line as well
  const std::string unknown = transient("v1 a 0 1\nx1 a 0 nosub\n", options, {}).reason;
  EXPECT_TRUE(
      unknown.starts_with("ngspice refused the netlist: Error: unknown subckt: x1 a 0 nosub"))
      << unknown;
  const auto unknown_parameter = transient("v1 a 0 1\nr1 a 0 {zz}\n", options, {});
  EXPECT_NE(unknown_parameter.reason.find("Undefined parameter [zz]"), std::string::npos)
      << unknown_parameter.reason;
}

TEST(DcSweep, DividerGivesHalfOfTheSweep) {
  const auto result = dc_sweep(
      "v1 a 0 0\nr1 a b 1k\nr2 b 0 1k\n",
      {.source = "v1", .start = -1, .stop = 1, .step = 0.125, .vectors = {"v(b)", "i(v1)"}}, {});
  ASSERT_TRUE(result.usable()) << result.reason;
  ASSERT_EQ(result.sweep.size(), 17u);
  for (std::size_t k = 0; k < result.sweep.size(); ++k) {
    EXPECT_DOUBLE_EQ(result.sweep[k], -1 + 0.125 * static_cast<double>(k));
    EXPECT_NEAR(result.vectors.at("v(b)")[k], result.sweep[k] / 2, 1e-8);
    EXPECT_NEAR(result.vectors.at("i(v1)")[k], -result.sweep[k] / 2e3, 1e-11);
  }
}

TEST(Ac, RcLowPassHasItsTransferFunction) {
  const auto result =
      ac(kRc, {.start = 1e3, .stop = 1e7, .points_per_decade = 5, .vectors = {"v(b)"}}, {});
  ASSERT_TRUE(result.usable()) << result.reason;
  ASSERT_EQ(result.frequency.size(), 21u);
  for (std::size_t k = 0; k < result.frequency.size(); ++k) {
    const std::complex<double> s(0, 2 * std::numbers::pi * result.frequency[k]);
    EXPECT_LT(std::abs(result.vectors.at("v(b)")[k] - 1.0 / (1.0 + s * 1e-6)), 1e-9);
  }
}

// i = is (exp(v / vt) - 1) with vt = k T / q at 27 degrees Celsius, and v + R i = 1 V.
TEST(OperatingPoint, DiodeBehindAResistorObeysItsEquation) {
  const auto result =
      operating_point("v1 a 0 1\nr1 a b 1k\nd1 b 0 dm\n.model dm d(is=1e-14 n=1)\n",
                      {.options = {{"gmin", 1e-15}}, .vectors = {"v(b)", "i(v1)"}}, {});
  ASSERT_TRUE(result.usable()) << result.reason;
  const double v = result.values.at("v(b)"), i = -result.values.at("i(v1)");
  EXPECT_NEAR(v + 1e3 * i, 1, 1e-9);
  EXPECT_NEAR(i / (1e-14 * std::expm1(v / (8.617333262e-5 * 300.15))), 1, 1e-4);
}

TEST(OperatingPoint, GivesQuantitiesOfDevicesAndIgnoresWhatFollowsEnd) {
  const auto result = operating_point("v1 a 0 1\nr1 a 0 2k\n  .END  \n\n* nothing\n",
                                      {.vectors = {"@R1[i]", "v(A)"}}, {});
  ASSERT_TRUE(result.usable()) << result.reason;
  EXPECT_NEAR(result.values.at("@R1[i]"), 0.5e-3, 1e-12);
  EXPECT_NEAR(result.values.at("v(A)"), 1, 1e-12);
}

TEST(SimulatorInfo, NamesLibraryAndVersion) {
  const auto info = simulator_info({});
  EXPECT_NE(info.library.find("libngspice"), std::string::npos);
  EXPECT_TRUE(info.version.starts_with("ngspice-")) << info.version;
}

TEST(SimulatorInfo, AMissingLibraryIsOneSentence) {
  try {
    simulator_info({.library = "libno_such_spice.so"});
    FAIL();
  } catch (const SpiceError& e) {
    EXPECT_STREQ(
        e.what(),
        "ngspice library: cannot be loaded: libno_such_spice.so: cannot open shared object "
        "file: No such file or directory");
  }
}

TEST(SimulatorInfo, AMissingDeviceLibraryIsOneSentence) {
  try {
    simulator_info({.osdi = {"/no/such/device.osdi"}});
    FAIL();
  } catch (const SpiceError& e) {
    EXPECT_STREQ(e.what(),
                 "OSDI device library: expected a file at /no/such/device.osdi, found none");
  }
}

}  // namespace
}  // namespace psi_xlstm
