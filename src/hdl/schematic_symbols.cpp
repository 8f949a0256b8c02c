#include "hdl/schematic_symbols.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <vector>

#include "hdl/text/plan.hpp"

namespace psi_xlstm::hdl {
namespace {

// What both kinds of symbols say.
struct Symbol {
  explicit Symbol(const ir::Network& network) : name(network.name), pins(network.ports) {
    const EmissionPlan plan = plan_emission(network);
    pins.push_back(network.reference_terminal);
    facts = model_facts(network, plan);
    if (network.is_told_its_start()) {
      start = fmt::format("{:.3g}", plan.default_conductance);
    }
  }

  std::string name;
  std::vector<std::string> pins;   ///< In the subcircuit's order, the reference last.
  std::vector<std::string> facts;  ///< Of the model, a line each.
  std::string start;               ///< Default of g0 [S]; empty: no such parameter.
};

// The first pin above, the last one below the box, the others on its left from the top.
struct Place {
  double x = 0, y = 0;  ///< Of the pin, y upwards.
  int turn = 0;         ///< Where its wire goes from the pin to the box [degrees], 0: right.
};

// For pins `pitch` apart.
Place place_of(std::size_t pin, std::size_t pins, double pitch) {
  if (pin == 0) return {0, 3 * pitch, 270};
  if (pin + 1 == pins) return {0, -3 * pitch, 90};
  return {-3 * pitch, (static_cast<double>(pins - 2) / 2 - static_cast<double>(pin)) * pitch, 0};
}

}  // namespace

std::string xschem_symbol(const ir::Network& network, const std::string& origin) {
  const Symbol symbol(network);
  constexpr double kPitch = 10, kHalf = 2.5, kBox = 2 * kPitch;  // xschem's units, ten to a grid
  std::string text = "v {xschem version=3.4.4 file_version=1.2\n" + origin;
  for (const std::string& fact : symbol.facts) text += "* " + fact + "\n";
  const std::string shown = symbol.start.empty() ? "" : " g0=@g0";
  text += fmt::format(
      "}}\nG {{}}\nK {{type=subcircuit\nformat=\"@name @pinlist @symname{} area=@area\"\n"
      "template=\"name=x1{} area=1\"\n"
      "spice_sym_def=\"tcleval(.include [abs_sym_path {}.sp])\"\n"
      "}}\nV {{}}\nS {{}}\nE {{}}\n",
      shown, symbol.start.empty() ? "" : " g0=" + symbol.start, symbol.name);
  for (std::size_t i = 0; i < symbol.pins.size(); ++i) {
    const Place at = place_of(i, symbol.pins.size(), kPitch);
    const double y = -at.y;  // xschem's goes down
    text += fmt::format("B 5 {} {} {} {} {{name={} dir=inout}}\n", at.x - kHalf, y - kHalf,
                        at.x + kHalf, y + kHalf, symbol.pins[i]);
    const double end_x = at.turn == 0 ? -kBox : 0, end_y = at.turn == 0 ? y : y > 0 ? kBox : -kBox;
    text += fmt::format("L 4 {} {} {} {} {{}}\n", at.x, y, end_x, end_y);
    text += fmt::format("T {{{}}} {} {} 0 0 0.15 0.15 {{}}\n", symbol.pins[i], at.x + 3, y + 3);
  }
  return text + fmt::format(
                    "P 4 5 -{0} -{0} {0} -{0} {0} {0} -{0} {0} -{0} -{0} {{}}\n"
                    "T {{@symname}} 25 -12 0 0 0.2 0.2 {{}}\nT {{@name}} 25 2 0 0 0.2 0.2 {{}}\n",
                    kBox);
}

std::string kicad_symbol(const ir::Network& network, const std::string& origin) {
  const Symbol symbol(network);
  constexpr double kPitch = 2.54, kBox = 2 * kPitch;  // [mm]
  const std::string font = "(effects (font (size 1.27 1.27)))",
                    hidden = "(effects (font (size 1.27 1.27)) hide)";
  std::vector<std::string> mapping;
  for (std::size_t i = 0; i < symbol.pins.size(); ++i) {
    mapping.push_back(fmt::format("{}={}", i + 1, symbol.pins[i]));
  }
  std::string text = fmt::format(
      "(kicad_symbol_lib (version 20211014) (generator psi_xlstm)\n"
      "  (symbol \"{}\" (pin_names (offset 0.254)) (in_bom yes) (on_board no)\n",
      symbol.name);
  int id = 0;
  const auto property = [&](const char* name, const std::string& value, const std::string& effects,
                            double y) {
    text += fmt::format("    (property \"{}\" \"{}\" (id {}) (at {} {} 0)\n      {})\n", name,
                        value, id++, y == 0 ? 0.0 : 3 * kPitch, y, effects);
  };
  property("Reference", "U", font, kPitch);
  property("Value", symbol.name, font, -kPitch);
  property("Footprint", "", hidden, 0);
  property("Datasheet", "", hidden, 0);
  std::string about = origin;
  std::replace(about.begin(), about.end(), '\n', ' ');
  property("ki_description", fmt::format("{}{}", about, fmt::join(symbol.facts, "; ")), hidden, 0);
  property("Sim.Device", "SUBCKT", hidden, 0);
  property("Sim.Library", symbol.name + ".sp", hidden, 0);
  property("Sim.Name", symbol.name, hidden, 0);
  property("Sim.Pins", fmt::format("{}", fmt::join(mapping, " ")), hidden, 0);
  if (!symbol.start.empty()) property("Sim.Params", "g0=" + symbol.start, hidden, 0);
  text += fmt::format(
      "    (symbol \"{0}_0_1\"\n      (rectangle (start -{1} {1}) (end {1} -{1})\n"
      "        (stroke (width 0.254) (type default)) (fill (type background))))\n"
      "    (symbol \"{0}_1_1\"\n",
      symbol.name, kBox);
  for (std::size_t i = 0; i < symbol.pins.size(); ++i) {
    const Place at = place_of(i, symbol.pins.size(), kPitch);
    text += fmt::format(
        "      (pin passive line (at {:.6g} {:.6g} {}) (length {})\n"
        "        (name \"{}\" {}) (number \"{}\" {}))\n",
        at.x, at.y, at.turn, kPitch, symbol.pins[i], font, i + 1, font);
  }
  return text + "    )\n  )\n)\n";
}

}  // namespace psi_xlstm::hdl
