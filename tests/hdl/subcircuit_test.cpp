#include "hdl/subcircuit.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <sstream>
#include <string>

#include "psi_xlstm/core/error.hpp"
#include "support/every_operation.hpp"
#include "support/golden.hpp"
#include "support/networks.hpp"
#include "support/static_devices.hpp"

namespace psi_xlstm::hdl {
namespace {

using testing::expect_golden;

TEST(Subcircuit, OneState) { expect_golden(subcircuit(testing::one_state()), "one_state.sp"); }
TEST(Subcircuit, ThreeStates) {
  expect_golden(subcircuit(testing::three_states()), "three_states.sp");
}
TEST(Subcircuit, StaticCurve) {
  expect_golden(subcircuit(testing::static_curve()), "static_curve.sp");
}

TEST(Subcircuit, IsPrintableTextWithinItsFrame) {
  for (const ir::Network& network : {testing::one_state(), testing::three_states(),
                                     testing::static_curve(), testing::every_operation(1)}) {
    const std::string text = subcircuit(network);
    EXPECT_TRUE(std::all_of(text.begin(), text.end(), [](char c) {
      return c == '\n' || (c >= ' ' && c <= '~');
    })) << network.name;
    EXPECT_NE(text.find("\n.subckt " + network.name + " "), std::string::npos);
    EXPECT_TRUE(text.ends_with("\n.ends " + network.name + "\n"));
  }
}

TEST(Subcircuit, HasASourceForEveryPortOfAStaticDevice) {
  const std::string text = subcircuit(testing::static_device(false));
  EXPECT_NE(text.find("\n.subckt static_device g d s params: area=1.0 m=1.0 soa=0.0\n"), text.npos);
  EXPECT_NE(text.find("\nBi1 g s I=m*area*("), text.npos);
  EXPECT_NE(text.find("\nBi2 d s I=m*area*("), text.npos);
  for (const char* of_a_state : {"hold", "g0", "conductance"}) {
    EXPECT_EQ(text.find(of_a_state), text.npos) << of_a_state;
  }
}

TEST(Subcircuit, Transistor) { expect_golden(subcircuit(testing::transistor()), "transistor.sp"); }

// SPICE takes the second element of a name for a redefinition or an error.
TEST(Subcircuit, NamesEveryElementOnce) {
  for (const ir::Network& network : {testing::three_states(), testing::every_operation(1),
                                     testing::with_charges(testing::every_operation(2))}) {
    std::istringstream lines(subcircuit(network));
    std::set<std::string> names;
    for (std::string line; std::getline(lines, line);) {
      if (line.starts_with("*") || line.starts_with(".")) continue;
      std::string name = line.substr(0, line.find(' '));
      std::transform(name.begin(), name.end(), name.begin(),
                     [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
      EXPECT_TRUE(names.insert(name).second) << line;
    }
    EXPECT_GT(names.size(), 20U);
  }
}

TEST(Subcircuit, WritesNumbersThatReadBackExactly) {
  ir::Network network = testing::one_state();
  testing::set_block(network, "target.weight", {1.0 / 3, 1e-25, -0.1});
  testing::set_block(network, "target.bias", {-1.2345678901234566e-7});
  const std::string text = subcircuit(network);
  for (const char* number :
       {" 0.3333333333333333\n", " 1e-25\n", " -0.1\n", "{-1.2345678901234566e-07}\n"}) {
    EXPECT_NE(text.find(number), std::string::npos) << number;
  }
}

TEST(Subcircuit, HasAStartingConductanceOnlyWhereTheStartIsTied) {
  const auto head_of = [](const ir::Network& network) {
    const std::string text = subcircuit(network);
    const std::size_t begin = text.find(".subckt");
    return text.substr(begin, text.find('\n', begin) - begin);
  };
  EXPECT_NE(head_of(testing::one_state()).find(" g0="), std::string::npos);
  EXPECT_EQ(head_of(testing::every_operation(1)),
            ".subckt every_operation p1 n params: hold=1.0 area=1.0 m=1.0 noise=0.0 soa=0.0");
  EXPECT_EQ(head_of(testing::static_curve()),
            ".subckt static_curve p n params: area=1.0 m=1.0 noise=0.0 soa=0.0");
}

TEST(Subcircuit, RefusesNamesThatAreNoIdentifiers) {
  ir::Network network = testing::one_state();
  network.name = "x\n.control";
  EXPECT_THROW(subcircuit(network), ConfigError);
}

}  // namespace
}  // namespace psi_xlstm::hdl
