#include "cosimulation/circuit_reference.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <utility>
#include <vector>

#include "cosimulation/cosimulation.hpp"
#include "cosimulation/reference.hpp"
#include "hdl/text/plan.hpp"
#include "ir/dynamics.hpp"
#include "psi_xlstm/core/error.hpp"
#include "support/networks.hpp"
#include "support/trained_networks.hpp"

namespace psi_xlstm {
namespace {

using testing::published_student;

std::vector<double> times_to(double stop, int points) {
  std::vector<double> times;
  for (int i = 0; i <= points; ++i) times.push_back(stop * i / points);
  return times;
}

// A circuit of linear elements needs a device too: one that carries next to nothing.
constexpr const char* kIdle = "xidle idle 0 device area=1e-9\nridle idle 0 1\n.tran 1n 1m\n";

CircuitSolution solved(const std::string& lines,
                       const std::vector<double>& times,
                       double max_step,
                       const ir::Network& network) {
  const Circuit circuit = parse_circuit("title\n" + lines, "test", network);
  EXPECT_EQ(circuit.not_covered, "");
  CircuitSolution found =
      solve_circuit(circuit, network, times, {.max_step = max_step, .default_conductance = 2e-4});
  EXPECT_EQ(found.reason, "");
  return found;
}

TEST(CircuitReference, RcStepMatchesClosedForm) {
  const std::vector<double> times = times_to(5e-6, 100);
  const CircuitSolution s =
      solved(std::string("v1 a 0 pulse(0 1 0 1n 1n 1 2)\nr1 a b 1k\nc1 b 0 1n\n") + kIdle, times,
             1e-7, published_student());
  // Nodes are numbered by their first appearance: the device's, then a, b.
  for (std::size_t k = 10; k < times.size(); ++k) {
    const double tau = 1e-6, rise = 1e-9, t = times[k];
    const double expected = 1 - tau / rise * (std::exp(-(t - rise) / tau) - std::exp(-t / tau));
    EXPECT_NEAR(s.nodes[2][k], expected, 2e-8) << t;
    EXPECT_NEAR(s.sources[0][k], -(1 - expected) / 1e3, 2e-11);
  }
}

// An oscillation that hardly decays, from the energy of a current that is switched off.
TEST(CircuitReference, ResonantCircuitMatchesClosedForm) {
  const std::vector<double> times = times_to(20e-6, 200);
  const CircuitSolution s = solved(
      std::string("i1 0 a sin(0 1m 1meg 0 0 90)\nl1 a 0 10u\nc1 a 0 1n\nr1 a 0 10k\n") + kIdle,
      times, 1e-7, published_student());
  // v'' + v' / (RC) + v / (LC) = i' / C with i = I cos(wt), from v = 0, i_L = I.
  const double c = 1e-9, l = 10e-6, r = 1e4, w = 2e6 * M_PI, amplitude = 1e-3;
  const double a = 1 / (l * c) - w * w, b = w / (r * c), drive = -w * amplitude / c;
  const double sine = drive * a / (a * a + b * b), cosine = -drive * b / (a * a + b * b);
  const double decay = 1 / (2 * r * c), own = std::sqrt(1 / (l * c) - decay * decay);
  // v(0) = 0 and v'(0) = (i(0) - i_L(0)) / C = 0
  const double p = -cosine, q = (-sine * w + decay * p) / own;
  for (std::size_t k = 0; k < times.size(); ++k) {
    const double t = times[k];
    const double expected = sine * std::sin(w * t) + cosine * std::cos(w * t) +
                            std::exp(-decay * t) * (p * std::cos(own * t) + q * std::sin(own * t));
    EXPECT_NEAR(s.nodes[1][k], expected, 1e-6 * 0.3) << t;
  }
}

// A source across a capacitor: its current is C dv/dt and jumps.
TEST(CircuitReference, CurrentOfASourceAcrossACapacitorJumps) {
  const std::vector<double> times = {0.5e-6, 1.005e-6, 1.5e-6, 2.005e-6, 3e-6};
  const CircuitSolution s =
      solved(std::string("v1 a 0 pwl(0 0 1u 0 1.01u 1 2u 1 2.01u 0)\nc1 a 0 1p\n") + kIdle, times,
             1e-8, published_student());
  const double expected[] = {0, -1e-4, 0, 1e-4, 0};
  for (std::size_t k = 0; k < times.size(); ++k) {
    EXPECT_NEAR(s.sources[0][k], expected[k], 1e-11) << times[k];
  }
}

TEST(CircuitReference, ControlledSourcesMatchClosedForms) {
  const CircuitSolution s = solved(std::string("v1 a 0 0.7\ne1 b 0 a 0 3\nr1 b c 1k\n"
                                               "g1 c 0 a b 1m\nb1 d 0 v=tanh(v(a))*v(b,a)\n"
                                               "b2 0 f i=exp(v(a))*1m\nr2 f 0 2k\nr3 d 0 1k\n") +
                                       kIdle,
                                   {0, 1e-6}, 1e-7, published_student());
  // idle, a, b, c, d, f
  EXPECT_NEAR(s.nodes[2][1], 2.1, 1e-12);
  EXPECT_NEAR(s.nodes[3][1], 2.1 + 1.4, 1e-12);
  EXPECT_NEAR(s.nodes[4][1], std::tanh(0.7) * 1.4, 1e-12);
  EXPECT_NEAR(s.nodes[5][1], 2 * std::exp(0.7), 1e-12);
}

// The same device through two integrators and two formulations: CVODE behind a resistor.
TEST(CircuitReference, AgreesWithTheReferenceOfOneDevice) {
  for (const ir::Network& network :
       {published_student(), testing::three_states(), testing::static_curve()}) {
    const double g0 = hdl::plan_emission(network).default_conductance;
    const std::vector<double> times = times_to(100e-6, 200);
    const Stimulus stimulus{.terms = {SineTerm{.amplitude = 1.5, .frequency = 3e4},
                                      PulseTerm{0, -0.4, 20e-6, 1e-7, 1e-7, 30e-6, 0}}};
    const ReferenceResult one =
        integrate_reference(state_equation(network), stimulus, 1000, ir::initial_state(network, g0),
                            times, {.max_step = 1e-6});
    ASSERT_EQ(one.reason, "");
    // A device of 2.5 times the area behind 1/2.5 of the resistance has the same voltages.
    const std::string drive = "t\nv1 a b sin(0 1.5 30k)\nv2 b 0 pulse(0 -0.4 20u 0.1u 0.1u 30u)\n";
    for (const auto& [rest, area] : {std::pair{"r1 a p 1k\nx1 p 0 device\n.tran 1n 1u\n", 1.0},
                                     {"r1 a p 400\nx1 p 0 device area=2.5\n.tran 1n 1u\n", 2.5}}) {
      const Circuit circuit = parse_circuit(drive + rest, "test", network);
      const CircuitSolution s =
          solve_circuit(circuit, network, times, {.max_step = 1e-6, .default_conductance = g0});
      ASSERT_EQ(s.reason, "");
      double full_scale = 0, worst = 0;
      for (std::size_t k = 0; k < times.size(); ++k) {
        const double expected = area * one.current[k];
        full_scale = std::max(full_scale, std::abs(expected));
        worst = std::max(worst, std::abs(expected - s.devices[0][k]));
      }
      EXPECT_LT(worst / full_scale, 1e-7) << network.name << ", area " << area;
    }
  }
}

TEST(CircuitReference, RefusesWhatItDoesNotCover) {
  const ir::Network network = published_student();
  const Circuit circuit =
      parse_circuit("t\nd1 a 0 m\n.model m d\nx1 a 0 device\n.tran 1n 1u\n", "c", network);
  try {
    solve_circuit(circuit, network, {0}, {.max_step = 1e-9});
    ADD_FAILURE();
  } catch (const SpiceError& e) {
    EXPECT_STREQ(e.what(),
                 "circuit c: netlist line 2: expected R C L V I E G B or the device in the "
                 "reference, got d1 a 0 m");
  }
}

TEST(CircuitReference, SaysWhereThereIsNoOperatingPoint) {
  const ir::Network network = published_student();
  const Circuit circuit =
      parse_circuit("t\nv1 a 0 1\ni1 0 b 1\nc1 b 0 1n\nx1 a 0 device\n.tran 1n 1u\n", "c", network);
  const CircuitSolution s = solve_circuit(circuit, network, {0, 1e-6}, {.max_step = 1e-9});
  EXPECT_EQ(s.reason,
            "the reference has no operating point: its equations have no unique solution");
}

}  // namespace
}  // namespace psi_xlstm
