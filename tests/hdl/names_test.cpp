#include "hdl/text/names.hpp"

#include <gtest/gtest.h>

#include <string>

#include "hdl/subcircuit.hpp"
#include "hdl/verilog_a.hpp"
#include "psi_xlstm/core/error.hpp"
#include "support/networks.hpp"
#include "support/static_devices.hpp"

namespace psi_xlstm::hdl {
namespace {

TEST(ModelNames, WhatASimulatorKeepsForItselfGetsASuffix) {
  for (const char* word :
       {"diode", "Resistor", "vsource", "NPN", "capacitor", "module", "Module", "analog", "subckt",
        "simulator", "nport", "memristor", "gnd", "temper", "time", "tanh", "pwl", "endsection"}) {
    EXPECT_NE(problem_with_model_name(word), "") << word;
    EXPECT_EQ(usable_model_name(word), std::string(word) + "_device");
    EXPECT_EQ(problem_with_model_name(usable_model_name(word)), "");
  }
  for (const char* name : {"student", "my_cell", "knowm_10Hz", "diode_1", "x12"}) {
    EXPECT_EQ(usable_model_name(name), name);
  }
}

TEST(ModelNames, EveryChangeIsSaid) {
  ir::Network network = testing::static_device(false);
  network.name = "diode";
  network.ports = {"in", "input"};
  network.reference_terminal = "GND";
  const RenamedNetwork renamed = with_usable_names(network);
  EXPECT_EQ(renamed.network.name, "diode_device");
  EXPECT_EQ(renamed.network.ports, (std::vector<std::string>{"in", "input_terminal"}));
  EXPECT_EQ(renamed.network.reference_terminal, "GND_terminal");
  EXPECT_EQ(
      renamed.changes,
      (std::vector<std::string>{
          "the model \"diode\" is called diode_device, for \"diode\" is a device type of SPICE",
          "the terminal \"input\" is called input_terminal, for \"input\" is a word of "
          "Verilog-A",
          "the terminal \"GND\" is called GND_terminal, for \"GND\" is a name inside the "
          "model"}));
  EXPECT_NE(subcircuit(renamed.network).find(".subckt diode_device in input_terminal GND_terminal"),
            std::string::npos);
  EXPECT_NE(
      verilog_a(renamed.network).find("module diode_device(in, input_terminal, GND_terminal)"),
      std::string::npos);
  EXPECT_TRUE(with_usable_names(testing::one_state()).changes.empty());
}

// A terminal may be called as the model is, but not as the model was.
TEST(ModelNames, ATerminalDoesNotKeepTheNameThatItsModelLost) {
  ir::Network network = testing::one_state();
  network.name = "v";
  network.ports = {"v"};
  const RenamedNetwork renamed = with_usable_names(network);
  EXPECT_EQ(renamed.network.name, "v_device");
  EXPECT_NO_THROW(check_names(renamed.network));
}

TEST(ModelNames, TwoTerminalsOfOneNameAreRefusedAllTheSame) {
  ir::Network network = testing::one_state();
  network.ports = {"n"};
  EXPECT_THROW(check_names(with_usable_names(network).network), EmitError);
}

}  // namespace
}  // namespace psi_xlstm::hdl
