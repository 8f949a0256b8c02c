// Symbols for drawings: the netlist that a drawing program makes of them, in ngspice.

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <regex>
#include <string>
#include <vector>

#include "hdl/schematic_symbols.hpp"
#include "hdl/subcircuit.hpp"
#include "hdl/usage.hpp"
#include "hdl/verilog_a.hpp"
#include "simulators/ngspice/analysis.hpp"
#include "simulators/ngspice/simulator.hpp"
#include "support/networks.hpp"
#include "support/static_devices.hpp"

namespace psi_xlstm {
namespace {

std::vector<std::string> all_of(const std::string& text, const char* pattern) {
  const std::regex what(pattern);
  std::vector<std::string> found;
  for (auto at = std::sregex_iterator(text.begin(), text.end(), what); at != std::sregex_iterator();
       ++at) {
    found.push_back((*at)[1]);
  }
  return found;
}

std::string replaced(std::string text, const std::string& word, const std::string& by) {
  for (std::size_t at = 0; (at = text.find(word, at)) != text.npos; at += by.size()) {
    text.replace(at, word.size(), by);
  }
  return text;
}

// What stands in the .subckt line before "params:", without the name.
std::vector<std::string> terminals_of(const std::string& subcircuit) {
  const std::string line = all_of(subcircuit, "\\.subckt ([^\n]*) params:").at(0);
  std::vector<std::string> words = all_of(line, "([^ ]+)");
  words.erase(words.begin());
  return words;
}

// An instance of an xschem symbol: "@name @pinlist @symname ..." of its format, with the pins in
// the order of the symbol's records, on `nodes` by name, and attributes from its template.
std::string xschem_line(const std::string& symbol,
                        const std::string& name,
                        const std::vector<std::pair<std::string, std::string>>& nodes) {
  std::vector<std::string> pins;
  for (const std::string& pin : all_of(symbol, "\nB 5 [^{]*\\{name=([^ ]+) dir=")) {
    pins.push_back(std::find_if(nodes.begin(), nodes.end(), [&](const auto& n) {
                     return n.first == pin;
                   })->second);
  }
  std::string line = replaced(all_of(symbol, "format=\"([^\"]*)\"").at(0), "@pinlist",
                              fmt::format("{}", fmt::join(pins, " ")));
  line = replaced(replaced(line, "@symname", name), "@name", "x1");
  for (const std::string& given :
       all_of(all_of(symbol, "template=\"([^\"]*)\"").at(0), "([^ ]+)")) {
    line =
        replaced(line, "@" + given.substr(0, given.find('=')), given.substr(given.find('=') + 1));
  }
  return line + "\n";
}

std::string field(const std::string& symbol, const std::string& name) {
  const auto found = all_of(symbol, ("\"" + name + "\" \"([^\"]*)\"").c_str());
  return found.empty() ? "" : found.front();
}

std::vector<double> currents(const std::string& definition,
                             const std::string& element,
                             const std::string& node = "a") {
  const TransientResult run =
      transient(fmt::format("v1 {} 0 sin(0 1 1e5)\n", node) + definition + element,
                {.stop_time = 2e-5, .max_step = 1e-7, .vectors = {"i(v1)"}}, {});
  EXPECT_EQ(run.reason, "") << element;
  return run.vectors.contains("i(v1)") ? run.vectors.at("i(v1)") : std::vector<double>{};
}

// The largest difference over the largest value; infinite where the lengths differ.
double difference(const std::vector<double>& found, const std::vector<double>& expected) {
  if (found.size() != expected.size()) return std::numeric_limits<double>::infinity();
  double most = 0, scale = 0;
  for (std::size_t k = 0; k < expected.size(); ++k) {
    most = std::max(most, std::abs(found[k] - expected[k]));
    scale = std::max(scale, std::abs(expected[k]));
  }
  return most / scale;
}

// The pins in the subcircuit's order, also where there are more than two of them.
TEST(SchematicSymbols, HaveThePinsOfTheSubcircuitInItsOrder) {
  for (const ir::Network& network :
       {testing::one_state(), testing::static_curve(), testing::transistor()}) {
    const std::vector<std::string> terminals = terminals_of(hdl::subcircuit(network));
    EXPECT_EQ(all_of(hdl::xschem_symbol(network, ""), "\nB 5 [^{]*\\{name=([^ ]+) dir="),
              terminals);
    const std::string kicad = hdl::kicad_symbol(network, "");
    EXPECT_EQ(all_of(kicad, "\\(name \"([^\"]*)\""), terminals);
    EXPECT_EQ(all_of(field(kicad, "Sim.Pins"), "=([^ ]+)"), terminals);
    EXPECT_EQ(std::count(kicad.begin(), kicad.end(), '('),
              std::count(kicad.begin(), kicad.end(), ')'));
  }
}

// A pin that is drawn upside down would show here: the device is not symmetric.
TEST(SchematicSymbols, GiveNetlistsThatRun) {
  const ir::Network network = testing::one_state();
  const std::string definition = hdl::subcircuit(network);
  const std::string xschem = hdl::xschem_symbol(network, "");
  const std::string kicad = hdl::kicad_symbol(network, "");
  const std::string plain = fmt::format("x1 a 0 {} {}\n", network.name, field(kicad, "Sim.Params"));
  const std::vector<double> expected = currents(definition, plain);
  ASSERT_FALSE(expected.empty());
  const std::string drawn = xschem_line(xschem, network.name, {{"p", "a"}, {"n", "0"}});
  EXPECT_EQ(drawn.find('@'), drawn.npos) << drawn;
  EXPECT_NE(xschem.find("spice_sym_def=\"tcleval(.include [abs_sym_path one_state.sp])\""),
            xschem.npos);
  EXPECT_EQ(field(kicad, "Sim.Library"), "one_state.sp");
  EXPECT_LT(difference(currents(definition, drawn), expected), 1e-9);
  const std::string turned = xschem_line(xschem, network.name, {{"p", "0"}, {"n", "a"}});
  EXPECT_GT(difference(currents(definition, turned), expected), 0.01);
  // KiCad: "X" before the reference, "/" before a net of the sheet, parameters behind the model.
  const std::string element =
      fmt::format("XU1 /a 0 {} {}\n", field(kicad, "Sim.Name"), field(kicad, "Sim.Params"));
  EXPECT_LT(difference(currents(definition, element, "/a"), expected), 1e-9);
}

TEST(SchematicSymbols, AModelWithoutAStartHasNoG0) {
  const ir::Network network = testing::static_curve();
  EXPECT_EQ(hdl::xschem_symbol(network, "").find("g0"), std::string::npos);
  EXPECT_EQ(field(hdl::kicad_symbol(network, ""), "Sim.Params"), "");
  for (const hdl::UsageRecipe& recipe : hdl::usage_recipes(network, "", true)) {
    EXPECT_EQ(recipe.text.find("g0"), std::string::npos) << recipe.simulator;
  }
}

// The decks as they are written down, for the simulator that is here.
TEST(UsagePage, TheDeckOfTheSubcircuitRuns) {
  const ir::Network network = testing::one_state();
  std::string element;
  for (const hdl::UsageRecipe& recipe : hdl::usage_recipes(network, "hdl/", false)) {
    EXPECT_NE(recipe.simulator, "ngspice, compiled (OSDI)");
    if (recipe.simulator != "ngspice, subcircuit") continue;
    EXPECT_TRUE(recipe.text.starts_with(".include hdl/one_state.sp\n")) << recipe.text;
    element = all_of(recipe.text, "\n(X1 [^\n]*)\n").at(0) + "\nvp a p 0\nvn n 0 0\n";
  }
  EXPECT_FALSE(currents(hdl::subcircuit(network), element).empty());
  const std::string page = hdl::usage_page(network, true);
  EXPECT_NE(page.find("pre_osdi one_state.osdi"), page.npos);
  EXPECT_NE(page.find("one_state.kicad_sym"), page.npos);
}

// A compiler takes minutes for what is not worth it: the page says so, where it is so.
TEST(UsagePage, SaysHowTheVerilogAOfALargeNetworkIsCompiled) {
  ir::Network network = testing::one_state();
  EXPECT_EQ(hdl::usage_page(network, true).find("-O 0"), std::string::npos);
  const int spare = hdl::kMostInExpressions;
  network.blocks.push_back(
      {.name = "spare", .offset = network.parameter_count(), .rows = 1, .columns = spare});
  network.parameters.resize(network.parameters.size() + static_cast<std::size_t>(spare), 0.0);
  EXPECT_NE(hdl::usage_page(network, true).find("openvaf-r -O 0"), std::string::npos);
}

}  // namespace
}  // namespace psi_xlstm
