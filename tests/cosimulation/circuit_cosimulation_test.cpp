#include "cosimulation/circuit_cosimulation.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "hdl/text/plan.hpp"
#include "ir/dynamics.hpp"
#include "psi_xlstm/core/error.hpp"
#include "support/in_ngspice.hpp"
#include "support/needs_osdi.hpp"
#include "support/networks.hpp"
#include "support/paths.hpp"
#include "support/trained_networks.hpp"

namespace psi_xlstm {
namespace {

using testing::in_ngspice;
using testing::published_student;

std::filesystem::path circuits() {
  return std::filesystem::path(testing::kSourceDir) / "configs" / "circuits";
}

bool has_osdi() { return testing::missing_osdi().empty(); }

std::optional<CosimRow> row_of(const CosimReport& report,
                               const std::string& path,
                               const std::string& ending) {
  for (const CosimRow& row : report.rows()) {
    if (row.path == path && row.stimulus.ends_with(ending)) return row;
  }
  return std::nullopt;
}

void show(const CosimReport& report) {
  if (std::getenv("PSI_SHOW_ERRORS") == nullptr) return;
  for (const CosimRow& row : report.rows()) {
    std::printf("%-10s %-70s %.3g\n", row.path.c_str(), row.stimulus.c_str(),
                row.max_abs_err_over_fs.value_or(-1));
  }
}

CosimReport compared(const std::string& name) {
  const ir::Network network = published_student();
  CosimReport report =
      in_ngspice(network, read_circuit(circuits() / (name + ".cir"), network), {}, {});
  show(report);
  for (const CosimRow& row : report.rows()) {
    EXPECT_TRUE(row.max_abs_err_over_fs.has_value()) << row.stimulus;
    EXPECT_TRUE(!row.passed || *row.passed)
        << row.path << ", " << row.stimulus << ": " << row.max_abs_err_over_fs.value_or(-1);
  }
  return report;
}

TEST(CircuitCosimulation, EveryCircuitOfTheProjectIsRead) {
  const ir::Network network = published_student();
  int count = 0;
  for (const auto& entry : std::filesystem::directory_iterator(circuits())) {
    const Circuit circuit = read_circuit(entry.path(), network);
    EXPECT_EQ(circuit.not_covered.empty(), circuit.name != "one_transistor_one_resistor")
        << circuit.name << ": " << circuit.not_covered;
    if (circuit.name == "crossbar_32x32") {
      EXPECT_EQ(circuit.devices.size(), 1024U);
    }
    ++count;
  }
  EXPECT_EQ(count, 7);
}

TEST(CircuitCosimulation, SmallCircuitsFollowTheReference) {
  const std::string last = has_osdi() ? "osdi" : "subcircuit";
  for (const char* name : {"series_resistor", "rc_load", "antiserial_pair"}) {
    const CosimReport report = compared(name);
    EXPECT_TRUE(report.warnings.empty()) << report.warnings.front();
    for (const char* what : {"device currents", "node voltages", "states frozen"}) {
      EXPECT_TRUE(row_of(report, what == std::string("states frozen") ? last : "subcircuit", what))
          << name << " " << what;
    }
    for (const CosimOutcome& o : report.transients) EXPECT_GT(o.conductance_swing, 0.2) << name;
  }
}

TEST(CircuitCosimulation, TheOscillatorOscillatesAsTheReferenceDoes) {
  const ir::Network network = published_student();
  const Circuit circuit = read_circuit(circuits() / "relaxation_oscillator.cir", network);
  const CircuitRun run = run_circuit(circuit, EmittedModel(network, EmittedForm::kSubcircuit),
                                     circuit.max_step, {}, Ngspice{});
  ASSERT_EQ(run.reason, "");
  const auto out = static_cast<std::size_t>(
      std::find(circuit.nodes.begin(), circuit.nodes.end(), "out") - circuit.nodes.begin());
  int changes = 0;
  for (std::size_t k = 1; k < run.time.size(); ++k) {
    if (run.time[k] > 20e-6) changes += run.nodes[out][k] * run.nodes[out][k - 1] < 0;
  }
  EXPECT_GE(changes, 4);
  // vkick carries nothing in either form: there is nothing to compare.
  const CosimReport report = compared("relaxation_oscillator");
  for (const CosimRow& row : report.rows()) EXPECT_EQ(row.not_verified, "") << row.stimulus;
}

// A MOSFET is not known to the reference: the forms are compared with each other.
TEST(CircuitCosimulation, ACellWithATransistorIsTheSameInBothForms) {
  if (!has_osdi()) GTEST_SKIP() << "no OSDI";
  const CosimReport report = compared("one_transistor_one_resistor");
  ASSERT_EQ(report.warnings.size(), 1U);
  EXPECT_NE(report.warnings[0].find("got m1 drain word 0 0 nmos1"), std::string::npos);
  EXPECT_EQ(report.rows().size(), 3U);
  EXPECT_TRUE(row_of(report, "osdi", "device currents against the subcircuit path"));
}

// Column currents of a crossbar whose selected device moves.
TEST(CircuitCosimulation, CrossbarColumnsAgreeToAHundredThousandth) {
  if (!has_osdi()) GTEST_SKIP() << "no OSDI";
  const CosimReport report = compared("crossbar_8x8");
  const auto row = row_of(report, "osdi", "source currents against the subcircuit path");
  ASSERT_TRUE(row);
  EXPECT_LT(row->max_abs_err_over_fs.value(), 1e-5);
  EXPECT_GT(report.transients.front().conductance_swing, 0.2);
  EXPECT_EQ(report.rows().size(), 8U);
}

// A model that is off by little must not pass, in either comparison.
TEST(CircuitCosimulation, TheComparisonCanFail) {
  const ir::Network network = published_student();
  const Circuit circuit = read_circuit(circuits() / "series_resistor.cir", network);
  for (const char* name : {"readout.bias", "forget_gate.bias", "target.bias"}) {
    ir::Network wrong = network;
    testing::block(wrong, name)[0] += 0.01;
    const CircuitRun run = run_circuit(circuit, EmittedModel(wrong, EmittedForm::kSubcircuit),
                                       circuit.max_step, {}, Ngspice{});
    ASSERT_EQ(run.reason, "");
    const CircuitSolution solution =
        solve_circuit(circuit, network, run.time, {.max_step = 1e-6, .default_conductance = 2e-4});
    ASSERT_EQ(solution.reason, "");
    EXPECT_GT(largest_error(solution.devices, run.devices).over_full_scale, 2e-4) << name;
  }
}

TEST(CircuitCosimulation, AdvisesAStepInNumbersAsAPersonWritesThem) {
  const ir::Network network = published_student();
  const Circuit circuit =
      parse_circuit("t\nv1 a 0 sin(0 0.3 20k)\nx1 a 0 device\n.tran 0.1u 100u\n", "steps", network);
  CosimConfig config;
  config.limit = 1e-12;
  const CosimReport report = in_ngspice(network, circuit, config, {}, {"subcircuit"});
  const auto advice = std::find_if(
      report.warnings.begin(), report.warnings.end(),
      [](const std::string& warning) { return warning.find(".tran") != std::string::npos; });
  ASSERT_NE(advice, report.warnings.end());
  EXPECT_NE(advice->find("try \".tran 1e-07 0.0001 0 "), std::string::npos) << *advice;
}

// No frozen state is wrong by a thousand times full scale.
TEST(CircuitCosimulation, JudgesTheFrozenStateByTheFactorOfTheConfig) {
  const ir::Network network = published_student();
  const Circuit circuit = read_circuit(circuits() / "series_resistor.cir", network);
  const CosimConfig config{.limit = 1e-12, .frozen_factor = 1e15};
  const CosimReport report = in_ngspice(network, circuit, config, {}, {"subcircuit"});
  ASSERT_FALSE(report.checks.empty());
  EXPECT_TRUE(report.checks.back().stimulus.ends_with("negative control, states frozen"));
  EXPECT_EQ(report.checks.back().passed, std::optional<bool>(false));
}

// Where nothing flows, nothing is compared.
TEST(CircuitCosimulation, ZerosAreNotVerified) {
  const ir::Network network = published_student();
  const Circuit circuit =
      parse_circuit("t\nv1 a 0 0\nx1 a 0 device\n.tran 10n 1u\n", "still", network);
  const CosimReport report = in_ngspice(network, circuit, {}, {}, {"subcircuit"});
  ASSERT_FALSE(report.rows().empty());
  for (const CosimRow& row : report.rows()) EXPECT_FALSE(row.passed) << row.stimulus;
  EXPECT_EQ(report.verdict().verdict, Verdict::kNotVerified);
}

TEST(CircuitCosimulation, RunsOnlyThePathsAskedFor) {
  const ir::Network network = published_student();
  const Circuit circuit = read_circuit(circuits() / "series_resistor.cir", network);
  const CosimReport report = in_ngspice(network, circuit, {}, {}, {"subcircuit"});
  EXPECT_EQ(report.rows().size(), 3U);
  for (const CosimRow& row : report.rows()) EXPECT_EQ(row.path, "subcircuit");
  EXPECT_THROW(in_ngspice(network, circuit, {}, {}, {"fastest"}), SpiceError);
  const Circuit cell = read_circuit(circuits() / "one_transistor_one_resistor.cir", network);
  EXPECT_THROW(in_ngspice(network, cell, {}, {}, {"subcircuit"}), SpiceError);
}

TEST(CircuitCosimulation, WhatNgspiceRefusesIsAReason) {
  const ir::Network network = published_student();
  const Circuit circuit =
      parse_circuit("t\nv1 a 0 1\nm1 a a 0 0 nothing\nx1 a 0 device\n.tran 1n 1u\n", "c", network);
  const CosimReport report = in_ngspice(network, circuit, {}, {});
  EXPECT_FALSE(report.verdict().passed());
  ASSERT_GE(report.warnings.size(), 2U);
  EXPECT_NE(report.warnings[1].find("circuit c: device currents, ngspice, subcircuit: ngspice"),
            std::string::npos)
      << report.warnings[1];
}

TEST(Resampled, IsExactForPolynomialsOnBothSidesOfAKink) {
  const double kink = 0.37;
  const auto value = [&](double t) {
    const double s = t - kink;
    return s < 0 ? 1 + s * (2 + s * (3 - s)) : 1 - s * (5 - s * s);
  };
  std::vector<double> time = {0, 0.05, 0.11, 0.2, 0.29, 0.34, 0.37, 0.38, 0.5, 0.61, 0.8, 0.9, 1};
  std::vector<double> values, wanted;
  for (double t : time) values.push_back(value(t));
  for (int i = 0; i <= 200; ++i) wanted.push_back(i / 200.0);
  const std::vector<double> kinks = {kink};
  const std::vector<double> found = resampled(time, values, kinks, wanted);
  const std::vector<double> smeared = resampled(time, values, {}, wanted);
  double worst = 0;
  for (std::size_t k = 0; k < wanted.size(); ++k) {
    EXPECT_NEAR(found[k], value(wanted[k]), 1e-12) << wanted[k];
    worst = std::max(worst, std::abs(smeared[k] - value(wanted[k])));
  }
  EXPECT_GT(worst, 1e-3) << "a kink that is not known must show";
  EXPECT_THROW(resampled({}, {}, {}, wanted), ShapeError);
}

TEST(LargestError, TakesTheFullScaleOfEachButAtLeastAThousandthOfTheLargest) {
  const std::vector<std::vector<double>> expected = {{10, -4}, {0.1, 0.2}, {1e-6, 0}};
  LargestError e = largest_error(expected, {{10, -4.01}, {0.1, 0.21}, {1e-6, 0}});
  EXPECT_EQ(e.quantity, 1U);
  EXPECT_NEAR(e.over_full_scale, 0.05, 1e-12);
  e = largest_error(expected, {{10, -4}, {0.1, 0.2}, {1e-3, 0}});
  EXPECT_EQ(e.quantity, 2U);
  EXPECT_NEAR(e.over_full_scale, 0.0999, 1e-9);
  const double nan = std::numeric_limits<double>::quiet_NaN();
  EXPECT_TRUE(std::isinf(largest_error({{1.0}}, {{nan}}).over_full_scale));
  EXPECT_THROW(largest_error({}, {}), ShapeError);
  EXPECT_THROW(largest_error({{1.0}}, {{1.0, 2.0}}), ShapeError);
}

}  // namespace
}  // namespace psi_xlstm
