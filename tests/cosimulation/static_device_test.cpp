// A device of two ports with charges in ngspice, as a subcircuit and compiled, against numbers made
// by hand.

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <complex>
#include <numbers>
#include <string>
#include <vector>

#include "cosimulation/cases.hpp"
#include "hdl/emitted_model.hpp"
#include "psi_xlstm/core/error.hpp"
#include "simulators/ngspice/forms.hpp"
#include "simulators/ngspice/simulator.hpp"
#include "support/needs_osdi.hpp"
#include "support/networks.hpp"
#include "support/static_devices.hpp"

namespace psi_xlstm {
namespace {

using testing::transistor;
using testing::TransistorPoint;

// The compiled one where the ngspice in use can load it.
std::vector<EmittedForm> forms() {
  std::vector<EmittedForm> list = {EmittedForm::kSubcircuit};
  if (testing::missing_osdi().empty()) list.push_back(EmittedForm::kOsdi);
  return list;
}

// Two devices in parallel behind a meter for every port: `area` of 2 and one as it is.
std::string two_devices(const EmittedModel& model,
                        const std::string& gate,
                        const std::string& drain) {
  const std::string stem = model.is_compiled() ? "n" : "x";
  const std::string name = model.is_compiled() ? "compiled_transistor" : "transistor";
  return model.definition() + "vg gin 0 " + gate + "\nvd din 0 " + drain +
         "\nvmg gin g 0.0\nvmd din d 0.0\n" + stem + "1 g d 0 " + name + " area=2\n" + stem +
         "2 g d 0 " + name + "\n";
}

TEST(StaticDevice, CarriesItsCurrentsInADcSweep) {
  for (const EmittedForm form : forms()) {
    const EmittedModel model(transistor(), form);
    const DcResult run = dc_sweep(
        two_devices(model, "dc 0", "dc 0.4"),
        {.source = "vg", .start = 0, .stop = 1, .step = 0.1, .vectors = {"i(vmg)", "i(vmd)"}},
        with_library(model, {}));
    ASSERT_EQ(run.reason, "") << model.path();
    ASSERT_EQ(run.sweep.size(), 11U);
    for (std::size_t k = 0; k < run.sweep.size(); ++k) {
      const TransistorPoint point(run.sweep[k], 0.4);
      EXPECT_NEAR(run.vectors.at("i(vmg)")[k], 3 * point.currents[0], 1e-11) << model.path();
      EXPECT_NEAR(run.vectors.at("i(vmd)")[k], 3 * point.currents[1], 1e-8) << model.path();
    }
  }
}

// i = (dI/dV + j omega dQ/dV) v, in every one of the four directions.
TEST(StaticDevice, HasItsCapacitancesInSmallSignals) {
  const TransistorPoint point(0.7, 0.3);
  for (const EmittedForm form : forms()) {
    const EmittedModel model(transistor(), form);
    for (const std::size_t by : {0U, 1U}) {
      const AcResult run =
          ac(two_devices(model, by == 0 ? "dc 0.7 ac 1" : "dc 0.7",
                         by == 1 ? "dc 0.3 ac 1" : "dc 0.3"),
             {.start = 1e6, .stop = 1e10, .points_per_decade = 1, .vectors = {"i(vmg)", "i(vmd)"}},
             with_library(model, {}));
      ASSERT_EQ(run.reason, "") << model.path();
      for (std::size_t k = 0; k < run.frequency.size(); ++k) {
        const double omega = 2 * std::numbers::pi * run.frequency[k];
        for (const std::size_t p : {0U, 1U}) {
          const std::complex<double> i = run.vectors.at(p == 0 ? "i(vmg)" : "i(vmd)")[k];
          const double g = 3 * point.conductances[p][by];
          const double c = 3 * point.capacitances[p][by];
          EXPECT_NEAR(i.imag(), omega * c, 1e-5 * std::abs(omega * c)) << model.path() << p << by;
          EXPECT_NEAR(i.real(), g, 1e-5 * std::abs(g) + 1e-10) << model.path() << p << by;
        }
      }
    }
  }
}

// i = I + dQ/dV dV/dt along a sine, trapezoidal in short steps.
TEST(StaticDevice, CarriesItsDisplacementCurrentInATransient) {
  constexpr double kFrequency = 1e8, kOmega = 2 * std::numbers::pi * kFrequency;
  for (const EmittedForm form : forms()) {
    const EmittedModel model(transistor(), form);
    const TransientResult run = transient(two_devices(model, "sin(0.5 0.4 1e8)", "dc 0.4"),
                                          {.stop_time = 2 / kFrequency,
                                           .max_step = 1 / (1000 * kFrequency),
                                           .relative_tolerance = 1e-6,
                                           .vectors = {"i(vmg)", "i(vmd)"}},
                                          with_library(model, {}));
    ASSERT_EQ(run.reason, "") << model.path();
    double worst[2] = {0, 0};
    int compared = 0;
    for (std::size_t k = 0; k < run.time.size(); ++k) {
      const double t = run.time[k];
      if (t < 0.1 / kFrequency) continue;  // the source begins with a bend
      const TransistorPoint point(0.5 + 0.4 * std::sin(kOmega * t), 0.4);
      const double slope = 0.4 * kOmega * std::cos(kOmega * t);
      for (const std::size_t p : {0U, 1U}) {
        const double expected = 3 * (point.currents[p] + point.capacitances[p][0] * slope);
        const double found = run.vectors.at(p == 0 ? "i(vmg)" : "i(vmd)")[k];
        worst[p] = std::max(worst[p], std::abs(found - expected));
      }
      ++compared;
    }
    EXPECT_GT(compared, 1000);
    EXPECT_LT(worst[0], 1e-3 * 3 * 1.3e-12 * 0.4 * kOmega) << model.path();
    EXPECT_LT(worst[1], 1e-3 * 3 * 2e-3) << model.path();
  }
}

// What has no comparison says so before it emits anything.
TEST(CompareDevices, RefusesWhatIsNotOneConductance) {
  const auto problem_with = [](const ir::Network& network) -> std::string {
    try {
      standard_cases(network, {}, 1e-3);
    } catch (const ShapeError& e) {
      return e.what();
    }
    return "none";
  };
  EXPECT_EQ(problem_with(transistor()),
            "network transistor: co-simulation: expected one port, found 2");
  EXPECT_EQ(problem_with(testing::with_charges(testing::one_state())),
            "network one_state_charged: co-simulation: expected no charges");
}

}  // namespace
}  // namespace psi_xlstm
