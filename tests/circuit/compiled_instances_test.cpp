// Instances of a user's compiled models in a deck, and conditions.

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <string>
#include <vector>

#include "circuit/circuit.hpp"
#include "psi_xlstm/core/error.hpp"
#include "support/networks.hpp"

namespace psi_xlstm {
namespace {

Circuit deck_with(const std::string& lines) {
  return parse_circuit("t\nv1 in 0 1\nx1 in 0 device\n.tran 1n 1u\n" + lines, "test",
                       testing::one_state());
}

std::string refusal_of(const std::string& lines) {
  try {
    deck_with(lines);
  } catch (const SpiceError& e) {
    return e.what();
  }
  return "none";
}

using Numbers = std::map<std::string, double>;

Numbers numbers(const std::vector<std::pair<std::string, double>>& of) {
  return {of.begin(), of.end()};
}

// As a foundry's library has it: the model inside the subcircuit, with parameters of the corner.
const char* const kLibrary = R"(.param corner=2
.subckt nfet d g s b w=1u l=0.1u ng=1 rf=0
.if (rf == 0)
    .if (floor(ng/2)*2 != ng)
Nfet d g s b nfet_model w=w l='l' nf={ng} as='max(w/ng,0.15u)*2'
    .else
Nfet d g s b nfet_model w=w l=l nf={ng} as=0
    .endif
.elseif (rf > 5)
Nfet d g s b nothing
.else
Nfet d g s b nfet_rf
.endif
.model nfet_model psp103va type = +1
+ vfbo = '-0.9*corner' toxo = 2e-9
.ends nfet
.model nfet_rf psp103va (type=1 rg={corner/4})
)";

TEST(CompiledInstances, AreTakenApartWithTheirModels) {
  const Circuit c =
      deck_with(std::string(kLibrary) +
                "xa in g 0 0 nfet w=3u ng=3\nxb in g in 0 nfet ng=2\nxc in g 0 0 nfet rf=1\n");
  EXPECT_EQ(c.not_taken_apart, "");
  EXPECT_NE(c.not_covered.find("nfet is of a compiled model, which the reference does not know"),
            std::string::npos);
  ASSERT_EQ(c.compiled.size(), 3U);
  EXPECT_EQ(c.compiled[0].name, "xa.nfet");
  EXPECT_EQ(c.compiled[0].nodes, (std::vector<std::string>{"in", "g", "0", "0"}));
  const Numbers a = numbers(c.compiled[0].parameters);
  EXPECT_DOUBLE_EQ(a.at("w"), 3e-6);
  EXPECT_DOUBLE_EQ(a.at("l"), 1e-7);
  EXPECT_DOUBLE_EQ(a.at("nf"), 3);
  EXPECT_DOUBLE_EQ(a.at("as"), 2e-6);
  EXPECT_DOUBLE_EQ(numbers(c.compiled[1].parameters).at("as"), 0);
  ASSERT_EQ(c.models.size(), 3U);  // one for each call, and the one outside
  const auto model_of = [&](const CompiledInstance& instance) {
    return *std::find_if(c.models.begin(), c.models.end(),
                         [&](const CompiledModel& m) { return m.name == instance.model; });
  };
  EXPECT_EQ(model_of(c.compiled[0]).type, "psp103va");
  EXPECT_EQ(numbers(model_of(c.compiled[0]).parameters),
            (Numbers{{"type", 1}, {"vfbo", -1.8}, {"toxo", 2e-9}}));
  EXPECT_EQ(numbers(model_of(c.compiled[2]).parameters), (Numbers{{"type", 1}, {"rg", 0.5}}));
  EXPECT_NE(std::find(c.nodes.begin(), c.nodes.end(), "g"), c.nodes.end());
}

// The text keeps the lines as they are: a SPICE decides on its own conditions.
TEST(CompiledInstances, StayInTheTextForSpice) {
  const Circuit c = deck_with(std::string(kLibrary) + "xa in g 0 0 nfet\n");
  const std::string text =
      c.netlist(EmittedModel(testing::one_state(), EmittedForm::kSubcircuit), 1e-9);
  EXPECT_NE(text.find("\n.if (rf == 0)\n"), text.npos);
  EXPECT_NE(text.find("\nnfet d g s b nfet_model w=w l={l} nf={ng} as={max(w/ng,0.15u)*2}\n"),
            text.npos);
}

TEST(CompiledInstances, WhatIsWrongIsOneSentence) {
  EXPECT_EQ(refusal_of("n1 in 0 dev\n"), "netlist line 5: expected a .model line of dev, got none");
  EXPECT_EQ(refusal_of("n1 dev\n"), "netlist line 5: expected n<name> nodes model, got n1 dev");
  EXPECT_EQ(refusal_of(".endif\n"), "netlist line 5: expected .if before .endif, got .endif");
  EXPECT_EQ(refusal_of(".else\n"), "netlist line 5: expected .if before .else, got .else");
  EXPECT_EQ(refusal_of(".if (1 > 0)\nr1 in 0 1\n"),
            "netlist: expected .endif after .if, got the end");
}

TEST(CompiledInstances, ConditionsChooseElements) {
  const auto resistors = [](const std::string& lines) {
    std::string names;
    for (const CircuitElement& e : deck_with(".param a=2 b=3\n" + lines).elements) {
      if (e.kind == ElementKind::kResistor) names += e.name + " ";
    }
    return names;
  };
  const std::string branches =
      "r1 in 0 1\n.elseif (a==2 && b>=3)\nr2 in 0 1\n.else\nr3 in 0 1\n.endif\n";
  EXPECT_EQ(resistors(".if (a < b)\n" + branches), "r1 ");
  EXPECT_EQ(resistors(".if(a>b)\n" + branches), "r2 ");
  EXPECT_EQ(resistors(".if (a != 2 || min(a,b) == 3)\n.if (1)\nr0 in 0 1\n.endif\n" + branches),
            "r2 ");
  EXPECT_EQ(resistors(".if (max(a,b) <= 2)\n.elseif (0)\n.else\nr4 in 0 1\n.endif\n"), "r4 ");
}

// A condition that cannot be read says so: nothing of its branches is compared.
TEST(CompiledInstances, AConditionThatCannotBeReadIsNotCovered) {
  const Circuit c = deck_with(".if (unknown > 0)\nr1 in 0 1\n.endif\n");
  EXPECT_NE(c.not_covered.find("expected a known parameter"), std::string::npos);
  EXPECT_NE(c.not_taken_apart, "");
}

TEST(CompiledInstances, AJumpOfAVoltageIsNotForTheReference) {
  EXPECT_NE(deck_with("b1 q 0 v=floor(v(in))\nr1 q 0 1\n").not_covered.find("beside a voltage"),
            std::string::npos);
}

}  // namespace
}  // namespace psi_xlstm
