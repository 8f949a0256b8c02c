#include "simulators/vacask/netlist.hpp"

#include <gtest/gtest.h>

#include <string>

#include "psi_xlstm/core/error.hpp"
#include "support/networks.hpp"

namespace psi_xlstm::vacask {
namespace {

TEST(VacaskSources, SayEveryTerm) {
  const Stimulus stimulus{
      {ConstantTerm{0.5},
       SineTerm{.offset = 0.25, .amplitude = 2, .frequency = 1000, .phase_deg = 90},
       PulseTerm{-1, 1, 1e-6, 1e-9, 2e-9, 1e-5, 1e-4},
       DecayingJumpTerm{.amplitude = 3, .start = 2e-6, .decay_rate = 1e4},
       VoltageTable{{0, 1e-6}, {0, 1}}}};
  EXPECT_EQ(sources(stimulus, false),
            "vin1 (in in1) psi_source dc=0.5\n"
            "vin2 (in1 in2) psi_source dc=2.25 type=\"sine\" sinedc=0.25 ampl=2.0 freq=1000.0 "
            "delay=-0.00025\n"
            "vin3 (in2 in3) psi_source dc=-1.0 type=\"pulse\" val0=-1.0 val1=1.0 delay=1e-06 "
            "rise=1e-09 fall=2e-09 width=1e-05 period=1e-04\n"
            "vin4 (in3 in4) psi_source dc=0 type=\"exp\" val0=0 val1=3.0 delay=2e-06 td2=1e-30 "
            "tau1=1e-09 tau2=1e-04\n"
            "vin5 (in4 0) psi_source dc=0.0 type=\"pwl\" wave=[0.0, 0.0, 1e-06, 1.0]\n");
  EXPECT_EQ(sources(stimulus, true), "vin1 (in 0) psi_source dc=1.75 mag=1\n");
}

TEST(VacaskSources, RefuseWhatTheLanguageDoesNotSay) {
  const SineTerm both{.amplitude = 1, .frequency = 1e3, .delay = 1e-3, .phase_deg = 10};
  EXPECT_THROW(sources({{both}}, false), SpiceError);
  EXPECT_THROW(sources({}, false), SpiceError);
}

}  // namespace
}  // namespace psi_xlstm::vacask
