// Emitted models in decks of other people: multiplicity, names, options, noise, training range.

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "hdl/emitted_model.hpp"
#include "hdl/text/plan.hpp"
#include "simulators/ngspice/analysis.hpp"
#include "simulators/ngspice/forms.hpp"
#include "simulators/ngspice/simulator.hpp"
#include "support/needs_osdi.hpp"
#include "support/networks.hpp"
#include "support/trained_networks.hpp"

namespace psi_xlstm {
namespace {

using testing::one_state;
using testing::static_curve;
using testing::three_states;

std::vector<EmittedForm> forms_in_decks() {
  std::vector<EmittedForm> all = {EmittedForm::kSubcircuit};
  if (testing::missing_osdi().empty()) all.push_back(EmittedForm::kOsdi);
  return all;
}

std::string element(const EmittedModel& model,
                    const std::string& name,
                    const std::string& node,
                    const std::string& assignments) {
  return model.element(name, node, "0", assignments, 1e-7);
}

// The current of the first source under a sine of 1 V and 100 kHz.
std::vector<double> currents(const EmittedModel& model, const std::string& deck) {
  const TransientResult run = transient(model.definition() + "v1 a 0 sin(0 1 1e5)\n" + deck,
                                        {.stop_time = 2e-5, .max_step = 1e-7, .vectors = {"i(v1)"}},
                                        with_library(model, {}));
  EXPECT_EQ(run.reason, "") << deck;
  return run.vectors.contains("i(v1)") ? run.vectors.at("i(v1)") : std::vector<double>{};
}

void expect_same(const std::vector<double>& found,
                 const std::vector<double>& expected,
                 double factor,
                 double tolerance,
                 const std::string& where) {
  ASSERT_FALSE(expected.empty()) << where;
  ASSERT_EQ(found.size(), expected.size()) << where;
  double scale = 0;
  for (const double i : expected) scale = std::max(scale, std::abs(factor * i));
  for (std::size_t k = 0; k < expected.size(); ++k) {
    ASSERT_NEAR(found[k], factor * expected[k], tolerance * scale) << where << " at point " << k;
  }
}

TEST(UserDeck, MultiplicityAndAreaAreDevicesInParallel) {
  for (const ir::Network& network : {one_state(), three_states(), static_curve()}) {
    for (const EmittedForm form : forms_in_decks()) {
      const EmittedModel model(network, form);
      const std::string where = network.name + ", " + model.path();
      const std::vector<double> one = currents(model, element(model, "1", "a", ""));
      const std::vector<double> three =
          currents(model, element(model, "1", "a", "") + element(model, "2", "a", "") +
                              element(model, "3", "a", ""));
      expect_same(three, one, 3, 1e-9, where);
      for (const char* parameter : {" m=3", " area=3", " m=1.5 area=2"}) {
        expect_same(currents(model, element(model, "1", "a", parameter)), three, 1, 1e-9,
                    where + parameter);
      }
    }
  }
}

// A subcircuit of the user hands its multiplicity on.
TEST(UserDeck, MultiplicityOfASubcircuitAroundTheModelCounts) {
  const EmittedModel model(one_state(), EmittedForm::kSubcircuit);
  const std::vector<double> one = currents(model, element(model, "1", "a", ""));
  const std::string wrapped =
      ".subckt cell t params: count=1\n" + element(model, "1", "t", " m={count}") + ".ends\n";
  expect_same(currents(model, wrapped + "xcell a cell count=3\n"), one, 3, 1e-9, "wrapped");
}

TEST(UserDeck, ParametersOfTheDeckDoNotReachTheModel) {
  const std::string parameters =
      ".param g0=7 area=5 hold=0 m=4 noise=1 soa=1 c0_1=3 v=2 h=5 w=8 x1=9 l1=2 q1=3 r1=4\n"
      ".param a3_1=2 t4_1=7 a11_1=3 start=4 p=3 n=2 temp=400 tau_scale=9 dtmax=1\n";
  for (const ir::Network& network : {one_state(), three_states(), static_curve()}) {
    for (const EmittedForm form : forms_in_decks()) {
      const EmittedModel model(network, form);
      const std::string device = element(model, "1", "a", "");
      EXPECT_EQ(currents(model, parameters + device), currents(model, device))
          << network.name << ", " << model.path();
    }
  }
}

// Options that users set change how accurately a circuit is solved, not what the model is.
TEST(UserDeck, OptionsOfTheDeckDoNotChangeTheModel) {
  for (const EmittedForm form : forms_in_decks()) {
    const EmittedModel model(one_state(), form);
    const std::string device = element(model, "1", "a", "");
    const double plain = currents(model, device).back();
    for (const char* options :
         {".options gmin=1e-9", ".options gmin=1e-15 abstol=1e-9 vntol=1e-5", ".options temp=85",
          ".temp -40", ".options tnom=50", ".options chgtol=1e-12", ".options itl4=50 itl1=300",
          ".options pivrel=1e-2 pivtol=1e-14", ".options rshunt=1e15"}) {
      EXPECT_NEAR(currents(model, device + options + "\n").back() / plain, 1, 1e-4)
          << model.path() << " " << options;
    }
    const double gear = currents(model, device + ".options method=gear\n").back();
    EXPECT_NEAR(gear / plain, 1, 1e-3) << model.path();
  }
}

// The noise at a node behind 1 ohm, against that of a resistor in place of the device [V].
double noise_of(const EmittedModel& model, const std::string& deck) {
  const SpiceAnswer answer =
      run_analysis(model.definition() + "v1 src 0 dc 0 ac 1\nra src a 1\n" + deck,
                   {.command = "noise v(a) v1 dec 10 1k 2k",
                    .scale = "",
                    .option_line = ".options reltol=1e-6",
                    .vectors = {"onoise_total"},
                    .external = {}},
                   with_library(model, {}));
  EXPECT_EQ(answer.reason, "") << deck;
  return answer.vectors.contains("onoise_total") ? answer.vectors.at("onoise_total").front() : 0;
}

// 1 mS behind 1 ohm: the voltage noise squared is that of 1 ohm beside 1 kOhm.
TEST(UserDeck, TheSubcircuitHasTheThermalNoiseOfItsConductance) {
  const EmittedModel model(one_state(), EmittedForm::kSubcircuit);
  const std::string small = element(model, "1", "a", " g0=1e-3");
  const double resistor = noise_of(model, "rb a 0 1k\n");
  const double ideal = noise_of(model, "gb a 0 a 0 1e-3\n");  // without noise
  ASSERT_GT(resistor, ideal);
  EXPECT_NEAR(noise_of(model, element(model, "1", "a", " g0=1e-3 noise=1")) / resistor, 1, 1e-6);
  EXPECT_NEAR(noise_of(model, small) / ideal, 1, 1e-9);
  std::string five;
  for (const char* name : {"1", "2", "3", "4", "5"}) {
    five += element(model, name, "a", " g0=1e-3 noise=1");
  }
  const double together = noise_of(model, element(model, "1", "a", " g0=1e-3 noise=1 m=5"));
  EXPECT_NEAR(together / noise_of(model, five), 1, 1e-9);
  EXPECT_NEAR(together / noise_of(model, "rb a 0 200\n"), 1, 1e-6);
}

// Nothing in the subcircuit has a noise that nobody asked for, whatever the bias.
TEST(UserDeck, TheInsideOfTheSubcircuitHasNoNoise) {
  const ir::Network network = one_state();
  const EmittedModel model(network, EmittedForm::kSubcircuit);
  const std::string device = element(model, "1", "b", " g0=1e-3 hold=0");
  const SpiceAnswer answer =
      run_analysis(model.definition() + "v1 b 0 dc 0.5 ac 1\nf1 a 0 v1 1\nga a 0 a 0 1\n" + device,
                   {.command = "noise v(a) v1 dec 10 1k 2k",
                    .scale = "",
                    .option_line = ".options reltol=1e-6",
                    .vectors = {"onoise_total"},
                    .external = {}},
                   with_library(model, {}));
  EXPECT_EQ(answer.reason, "");
  // Resistors of 1 Ohm in place of the loads make some 1e-13 V.
  EXPECT_LT(answer.vectors.at("onoise_total").front(), 1e-15);
}

// What the subcircuit says instead of a message.
TEST(UserDeck, TheSubcircuitShowsByHowMuchItIsOutsideOfItsTrainingRange) {
  const ir::Network network = one_state();
  const EmittedModel model(network, EmittedForm::kSubcircuit);
  const auto shown = [&](double voltage, const std::string& parameters) {
    const OperatingPointResult run =
        operating_point(model.definition() + fmt::format("v1 a 0 {}\n", voltage) +
                            element(model, "1", "a", parameters),
                        {.vectors = {"v(x1.soa)"}}, with_library(model, {}));
    EXPECT_EQ(run.reason, "");
    return run.values.at("v(x1.soa)");
  };
  EXPECT_EQ(shown(1.5, ""), 0);
  EXPECT_EQ(shown(1.1, " soa=1"), 0);
  EXPECT_EQ(shown(-1.1, " soa=1"), 0);
  EXPECT_NEAR(shown(1.5, " soa=1"), 0.3 / 1.2, 1e-9);
  EXPECT_NEAR(shown(-1.3, " soa=1"), 0.1 / 1.2, 1e-9);
  const double half = (8e-4 - 6e-5) / 2;
  EXPECT_NEAR(shown(0.1, " soa=1 g0=1e-3"), 2e-4 / half, 1e-9);
  EXPECT_NEAR(shown(0.1, " soa=1 g0=5e-5"), 1e-5 / half, 1e-9);
}

class CompiledInUserDecks : public testing::NeedsOsdi {};

int count_of(const std::vector<std::string>& messages, const std::string& part) {
  return static_cast<int>(std::count_if(messages.begin(), messages.end(),
                                        [&](const auto& m) { return m.find(part) != m.npos; }));
}

TEST_F(CompiledInUserDecks, TellsOnceThatItIsOutsideOfItsTrainingRange) {
  const EmittedModel model(one_state(), EmittedForm::kOsdi);
  const auto messages = [&](double amplitude, const std::string& parameters) {
    const TransientResult run = transient(
        model.definition() + fmt::format("v1 a 0 sin(0 {} 1e5)\n", amplitude) +
            element(model, "1", "a", parameters),
        {.stop_time = 2e-5, .max_step = 1e-7, .vectors = {"i(v1)"}}, with_library(model, {}));
    EXPECT_EQ(run.reason, "");
    return run.messages;
  };
  const std::string voltage = "n1: warning: voltage at p: expected -1.20 V to 1.20 V";
  EXPECT_EQ(count_of(messages(1.5, " soa=1"), voltage), 1);
  EXPECT_EQ(count_of(messages(1.5, ""), "warning: voltage"), 0);
  EXPECT_EQ(count_of(messages(1.1, " soa=1"), "warning:"), 0);
  EXPECT_EQ(count_of(messages(0.1, " soa=1 g0=1e-3"),
                     "n1: warning: conductance: expected 60.0 uS to 800 uS"),
            1);
}

TEST_F(CompiledInUserDecks, RefusesATemperatureOfItsOwn) {
  const EmittedModel model(one_state(), EmittedForm::kOsdi);
  for (const char* parameter : {"temp", "dtemp"}) {
    const OperatingPointResult run =
        operating_point(model.definition() + "v1 a 0 1\n" +
                            element(model, "1", "a", fmt::format(" {}=50", parameter)),
                        {.vectors = {"i(v1)"}}, with_library(model, {}));
    EXPECT_NE(run.reason.find(fmt::format("n1: error: {}: expected none", parameter)),
              std::string::npos)
        << run.reason;
  }
}

}  // namespace
}  // namespace psi_xlstm
