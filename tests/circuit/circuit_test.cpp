#include "circuit/circuit.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <utility>
#include <vector>

#include "core/rng.hpp"
#include "psi_xlstm/core/error.hpp"
#include "support/networks.hpp"

namespace psi_xlstm {
namespace {

Circuit parsed(const std::string& text) {
  return parse_circuit(text, "test", testing::one_state());
}

std::string problem_with(const std::string& lines) {
  try {
    parsed("title\n" + lines);
  } catch (const SpiceError& e) {
    return e.what();
  }
  return "none";
}

const char* const kNested = R"(the title may hold .control or anything else: "x" 'y' ; $
* a comment
.param g=1e-4 rw={2*3}
.subckt pair a b params: scale=1
x1 a m device g0={g*scale} ; upper
x2 m b one_state
+ area=2.5
r1 m gnd {rw}
.ends pair
V1 In 0 dc 0.5 pulse(0 1
+ 1u 10n 10n 2u 5u)
xa in out pair scale=3
xb out 0 pair
b1 q 0 v=v(xa.m, out)*2
.tran 10n 5u 0 20n
.end
)";

TEST(Circuit, TakesSubcircuitsApart) {
  const Circuit c = parsed(kNested);
  EXPECT_EQ(c.not_covered, "");
  EXPECT_DOUBLE_EQ(c.stop_time, 5e-6);
  EXPECT_DOUBLE_EQ(c.print_step, 1e-8);
  EXPECT_DOUBLE_EQ(c.max_step, 2e-8);
  ASSERT_EQ(c.devices.size(), 4U);
  EXPECT_EQ(c.devices[0].name, "xa.x1");
  EXPECT_EQ(c.devices[0].plus, "in");
  EXPECT_EQ(c.devices[0].minus, "xa.m");
  EXPECT_DOUBLE_EQ(c.devices[0].conductance.value(), 3e-4);
  EXPECT_EQ(c.devices[0].current_vector(), "i(v.xa.vpsi_x1)");
  EXPECT_EQ(c.devices[1].area, 2.5);
  EXPECT_FALSE(c.devices[1].conductance.has_value());
  EXPECT_DOUBLE_EQ(c.devices[2].conductance.value(), 1e-4);
  EXPECT_EQ(c.devices[3].minus, "0");
  ASSERT_EQ(c.elements.size(), 4U);
  EXPECT_EQ(c.elements[0].name, "v1");
  EXPECT_EQ(c.elements[0].current_vector(), "i(v1)");
  EXPECT_DOUBLE_EQ(c.elements[0].wave.value(2e-6), 1);
  EXPECT_EQ(c.elements[1].name, "xa.r1");
  EXPECT_DOUBLE_EQ(c.elements[1].value, 6);
  EXPECT_EQ(c.elements[1].minus, "0");
  EXPECT_EQ(c.nodes, (std::vector<std::string>{"in", "xa.m", "out", "xb.m", "q"}));
}

TEST(Circuit, PutsTheModelAndAMeterAtEveryDevice) {
  const Circuit c = parsed(kNested);
  const std::string text =
      c.netlist(EmittedModel(testing::one_state(), EmittedForm::kSubcircuit), 1e-8);
  for (const char* line :
       {"\n.subckt pair a b params: scale=1\n", "\nvpsi_x1 a psi_x1 0.0\n",
        "\nxpsi_x1 psi_x1 m one_state g0={g*scale}\n", "\nxpsi_x2 psi_x2 b one_state area=2.5\n",
        "\nxa in out pair scale=3\n", "\n.subckt one_state p n params:"}) {
    EXPECT_NE(("\n" + text).find(line), std::string::npos) << line << text;
  }
  EXPECT_EQ(text.find(".tran"), std::string::npos);
  EXPECT_EQ(text.find("title"), std::string::npos);
}

TEST(Circuit, KnowsTheWaveformsOfSources) {
  const Circuit c = parsed(R"(title
v1 a 0 1.5
v2 b 0 dc 0 ac 1 sin(0.1 1 1k 1m 0 90)
v3 c 0 exp(0 2 1u 3u 10u 5u)
i1 d 0 pwl(0 0 1u 1m 2u 0)
v5 e 0 dc 2 ac 1 0
x1 a b device
r1 c d 1
r2 e 0 1k
.tran 1n 1u
)");
  ASSERT_EQ(c.not_covered, "");
  EXPECT_EQ(c.elements[0].wave.value(1), 1.5);
  EXPECT_NEAR(c.elements[1].wave.value(1.2e-3), 0.1 + std::cos(2 * M_PI * 0.2), 1e-14);
  const double t = 12e-6;
  EXPECT_NEAR(c.elements[2].wave.value(t),
              2 * (1 - std::exp(-11e-6 / 3e-6)) - 2 * (1 - std::exp(-2e-6 / 5e-6)), 1e-14);
  EXPECT_DOUBLE_EQ(c.elements[3].wave.value(0.5e-6), 0.5e-3);
  EXPECT_EQ(c.elements[4].wave.value(1), 2);
}

TEST(Circuit, SaysWhatTheReferenceDoesNotCover) {
  const std::string frame = "title\nv1 a 0 1\nx1 a 0 device\n.tran 1n 1u\n";
  const std::pair<const char*, const char*> cases[] = {
      {"m1 a b 0 0 n1\n.model n1 nmos(level=1)\n",
       "netlist line 5: expected R C L V I E G B or the device in the reference, got m1 a b 0 0 "
       "n1"},
      {".ic v(a)=1\n", ".ic (line 5) is not known to the reference"},
      {"x2 a 0 cell m=2\n.subckt cell p n\nr1 p n 1k\n.ends\n",
       "netlist line 5: m of a subcircuit is not known to the reference"},
      {"x2 a 0 device hold=0\n", "netlist line 5: hold=0 is not known to the reference"},
      {"r1 a 0 1k tc=1\n",
       "netlist line 5: expected name, two nodes and a value in the reference, got r1 a 0 1k tc=1"},
      {"v2 b 0 am(1 0 1k 1meg)\n",
       "netlist line 5: expected sin, pulse, exp or pwl in the reference, got v2 b 0 am(1 0 1k "
       "1meg)"}};
  for (const auto& [lines, sentence] : cases) {
    EXPECT_EQ(parsed(frame + lines).not_covered, sentence) << lines;
  }
  EXPECT_EQ(parsed("title\nv1 a 0 1\nx1 a 0 device\n.tran 1n 1u uic\n").not_covered,
            "uic is not known to the reference");
}

TEST(Circuit, RefusesWhatIsNoCircuit) {
  const std::string tran = ".tran 1n 1u\n", device = "x1 a 0 device\n";
  const std::pair<std::string, const char*> cases[] = {
      {tran + "v1 a 0 1\n",
       "netlist: expected a line \"x<name> plus minus device\" or \"... one_state\", got none"},
      {device, "netlist: expected a line .tran step stop [0 [max]], got none"},
      {tran + tran + device, "netlist line 3: expected one .tran line, got a second one"},
      {".tran 1n 1u 1n\n" + device, "netlist line 2: expected a start of 0, got 1n"},
      {".tran 1u 1n\n" + device,
       "netlist line 2: expected 0 < step < stop and a longest step up to stop, got .tran 1u 1n"},
      {tran + "x1 a device\n",
       "netlist line 3: expected \"x<name> plus minus device g0=...\", got x1 a device"},
      {tran + "x1 a b device q=1\n",
       "netlist line 3: expected a parameter among g0, hold, area, m, got q"},
      {tran + "x1 a b device g0=x\n", "netlist line 3: expected a number, got \"x\""},
      {tran + "x1 a b device g0={1)}\nv1 a 0 1\n", "none"},
      {".subckt s a\nx1 a 0 device\n.ends\n" + tran,
       "netlist: expected a device in use, got one in a subcircuit without calls"},
      {tran + device + "x=1\n", "netlist line 4: expected an element, got x=1"},
      {tran + device + "x2 a b other\n",
       "netlist line 4: expected a subcircuit of this file, got x2 a b other"},
      {tran + device + ".subckt s a\n.subckt t a\n",
       "netlist line 5: expected no .subckt inside another, got .subckt t a"},
      {tran + device + ".subckt device a b\n.ends\n",
       "netlist line 4: expected a new name of a subcircuit, got device"},
      {tran + ".subckt s a\nx1 a 0 device\n.ends\nv1 a 0 1\n",
       "netlist: expected a device in use, got one in a subcircuit without calls"},
      {tran + device + "r1 psi_x1 0 1\n",
       "netlist line 4: expected no name that begins with psi_ or vpsi_, got r1 psi_x1 0 1"},
      {tran + device + ".subckt s a\nx2 a s\n.ends\nx3 a s\n",
       "netlist line 5: expected at most 20 subcircuits in each other, got x2 a s"}};
  for (const auto& [lines, sentence] : cases) EXPECT_EQ(problem_with(lines), sentence) << lines;
}

// What a simulator would find late, or never: with the line of the user's deck.
TEST(Circuit, RefusesEarlyWhatCannotBeSimulated) {
  const std::string tran = ".tran 1n 20u\n", device = "x1 a 0 device\n";
  const std::pair<std::string, const char*> cases[] = {
      {tran + device + "v2 b 0 pulse(0 1 0 1f 1f 1f 4f)\n",
       "netlist line 4: expected at most 1000000 breakpoints until the stop time, got 2e+10"},
      {".tran 1f 1\n" + device, "netlist line 2: expected at most 10000000 steps, got 1e+15"},
      {tran + "x1 a 0 device g0=-1\n", "netlist line 3: expected g0 above 0, got -1"},
      {tran + ".param g=1\nx1 a 0 device g0={g-1}\n",
       "netlist line 4: expected g0 above 0, got {g-1}"},
      {tran + "x1 a 0 device area=0\n", "netlist line 3: expected area above 0, got 0"},
      {tran + "x1 a 0 device hold=2\n", "netlist line 3: expected hold=0 or hold=1, got 2"},
      {tran + device + "r1 a 0 1\n* comment\nr1 a 0 2\n",
       "netlist line 6: expected a new name of an element, got r1"},
      {tran + device + device, "netlist line 4: expected a new name of an element, got x1"},
      {tran + "v1 a 0 1\nx1 a 0 device g0=2e-4 g0=3e-4\n",
       "netlist line 4: expected one value of g0, got several"},
      {tran + "v1 a 0 1\n.param g=1 g=2\nx1 a 0 device g0={g}\n",
       "netlist line 4: expected one value of g, got several"},
      {tran + device + "v1 a 0 dc 0 dc\n",
       "netlist line 4: expected a value after dc, got v1 a 0 dc 0 dc"},
      {tran + device + "v1 a 0 dc 0 1\n",
       "netlist line 4: expected one DC value, got v1 a 0 dc 0 1"},
      {tran + "v1 b 0 1\nr1 b 0 1\n" + device,
       "netlist: expected something else at node a than a terminal of x1, got nothing: the "
       "terminal floats"},
      {tran + "v1 b 0 1\nx1 b c device\nx2 c d device\n",
       "netlist: expected something else at node d than a terminal of x2, got nothing: the "
       "terminal floats"},
      {tran + device + "v1 a 0 1\nv2 a gnd 2\n",
       "netlist: expected no loop of voltage sources, got one that v2 closes"},
      {tran + device + "v1 a b 1\ne1 b c a 0 2\nb1 c 0 v=v(a)\nv2 a 0 1\n",
       "netlist: expected no loop of voltage sources, got one that v2 closes"},
      {tran + device + ".subckt s a\nv1 a a 1\n.ends\nxs a s\n",
       "netlist: expected no loop of voltage sources, got one that xs.v1 closes"},
      {tran + device + ".tran=1 r1 a 0 1\n",
       "netlist line 4: expected an element or one of .subckt, .ends, .param, .model, .ic, "
       ".nodeset, .options, .temp, .if, .elseif, .else, .endif, .end, got .tran=1"}};
  for (const auto& [lines, sentence] : cases) EXPECT_EQ(problem_with(lines), sentence) << lines;
  EXPECT_EQ(problem_with(tran + device + ".subckt s a\nr1 a 0 1\n.ends\nr1 a 0 1\nxs a s\n"),
            "none");
  EXPECT_EQ(problem_with(tran + device + "v1 a b 1\nv2 b 0 1\nl1 a 0 1u\n"), "none");
  for (const char* source :
       {"dc 0 sin(0 1 1k)", "0 ac 1 90", "dc 0 distof1 1", "ac 1 90 dc 2", "sin(0 1 1k)"}) {
    EXPECT_EQ(problem_with(tran + device + "v1 a 0 " + source + "\n"), "none") << source;
  }
}

TEST(Circuit, ADeviceMAndAreaMultiplyEachOther) {
  const Circuit c = parsed("title\nv1 a 0 1\nx1 a 0 device m=3 area=2\n.tran 1n 1u\n");
  ASSERT_EQ(c.devices.size(), 1U);
  EXPECT_EQ(c.devices[0].area, 6);
}

TEST(Circuit, NamesLinesOfTheNetlistAsThoseOfTheDeck) {
  const Circuit c = parsed("title\nv1 a 0 1\n* comment\nx1 a 0 device\n.tran 1n 1u\nr1 a 0 1\n");
  const std::string netlist =
      c.netlist(EmittedModel(testing::one_state(), EmittedForm::kSubcircuit), 1e-8);
  EXPECT_EQ(netlist.substr(0, netlist.find(".subckt")).substr(0, 17), "* test\nv1 a 0 1\nv");
  EXPECT_EQ(c.in_lines_of_the_deck("no title in line 1"), "no title in line 1");
  EXPECT_EQ(c.in_lines_of_the_deck("Error on line 3 : x"), "Error on line 4 : x");
  EXPECT_EQ(c.in_lines_of_the_deck("line 5, line 4"), "line 6, line 4");
  EXPECT_EQ(c.in_lines_of_the_deck("on line 60 and a line"),
            "on the model's own definition and a line");
}

// Nothing of a deck may run a command, or read or write a file.
TEST(Circuit, RefusesWhatIsMoreThanACircuit) {
  const std::string frame = ".tran 1n 1u\nx1 a 0 device\n";
  for (const char* line : {".control\nshell touch /tmp/x\n.endc\n",
                           ".include /etc/passwd\n",
                           ".lib a b\n",
                           "v1 a 0 pwl file=\"x\"\n",
                           "v1 a 0 external\n",
                           "a1 a b mycode\n",
                           "n1 a b dev\n",
                           ".print tran v(a)\n",
                           ".csparam x=1\n",
                           "shell ls\n",
                           "write x\n",
                           ".model m1 file_source(file=\"x\")\n",
                           "r1 a 0 `ls`\n",
                           ".func f(x) {x}\n",
                           ".tran 1n\n",
                           ".save all\n",
                           ".options method=euler\n",
                           ".meas tran x max v(a)\n",
                           "v2 b 0 pwl(0 0)\n+ .control\n+ file=x\n",
                           "+ x\n"}) {
    EXPECT_NE(problem_with(frame + line), "none") << line;
  }
}

TEST(Circuit, TakesContinuedAnalyses) {
  const Circuit c = parsed("title\nv1 a 0 1\n.tran 1n\n* comment\n+ 1u 0\n+ 2n\nx1 a 0 device\n");
  EXPECT_DOUBLE_EQ(c.stop_time, 1e-6);
  EXPECT_DOUBLE_EQ(c.max_step, 2e-9);
}

// Whatever stands in a file: a circuit or one sentence.
TEST(Circuit, SurvivesAnyText) {
  const std::vector<std::string> pieces = {
      "x1",     "a",       "0",     "device", "g0",    "=",    "{",   "}",       "(",
      ")",      "\n",      "\n",    "\n+",    ".tran", "1n",   "1u",  ".subckt", ".ends",
      ".param", "params:", "r1",    "v1",     "pulse", "sin",  "pwl", "b1",      "v=",
      "v(",     ",",       "tanh(", ".end",   "uic",   "1e-4", "-",   "*",       "ac",
      "dc",     "e1",      "\t",    "s",      "xs",    ";",    "$ ",  "exp("};
  Rng rng(5);
  int circuits = 0;
  for (int i = 0; i < 20'000; ++i) {
    std::string text = "title\nx0 a 0 device\n.tran 1n 1u\n";
    const int length = static_cast<int>(rng.uniform() * 15);
    for (int k = 0; k < length; ++k) {
      const auto pick =
          static_cast<std::size_t>(rng.uniform() * static_cast<double>(pieces.size()));
      text += pieces[std::min(pick, pieces.size() - 1)] + (rng.uniform() < 0.7 ? " " : "");
    }
    try {
      parsed(text);
      ++circuits;
    } catch (const Error& e) {
      EXPECT_STRNE(e.what(), "");
    }
  }
  EXPECT_GT(circuits, 500);
  EXPECT_LT(circuits, 19'500);
}

TEST(Circuit, AModelThatStartsAtRestHasNoG0) {
  ir::Network network = testing::one_state();
  network.start = ir::Start::kRest;
  try {
    parse_circuit("t\nx1 a 0 device g0=1m\n.tran 1n 1u\n", "test", network);
    ADD_FAILURE();
  } catch (const SpiceError& e) {
    EXPECT_STREQ(e.what(), "netlist line 2: expected a parameter among area, m, got g0");
  }
}

}  // namespace
}  // namespace psi_xlstm
