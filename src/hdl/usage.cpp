#include "hdl/usage.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "core/identifier.hpp"
#include "core/number_text.hpp"
#include "hdl/text/plan.hpp"
#include "hdl/verilog_a.hpp"

namespace psi_xlstm::hdl {
namespace {

// What the recipes are made of.
struct Parts {
  Parts(const ir::Network& network, const std::string& folder)
      : plan(plan_emission(network)),
        name(network.name),
        file(folder + network.name),
        nodes(fmt::format("{} {}", fmt::join(network.ports, " "), network.reference_terminal)),
        step(fmt::format("{:.3g}", plan.max_step)),
        stop(fmt::format("{:.3g}", network.box.duration)),
        transient(fmt::format(".tran {0} {1} 0 {0}", step, stop)) {
    if (network.is_told_its_start()) start = fmt::format("g0={:.3g}", plan.default_conductance);
    spaced = start.empty() ? "" : " " + start;
  }

  EmissionPlan plan;
  std::string name, file, nodes, step, stop, transient, start, spaced;
};

UsageRecipe compiled_ngspice(const Parts& p) {
  return {"ngspice, compiled (OSDI)",
          fmt::format(".control\npre_osdi {0}.osdi\n.endc\n.model dev {1}\nN1 {2} dev{3}\n"
                      ".tran {4} {5}\n",
                      p.file, p.name, p.nodes, p.spaced, p.step, p.stop),
          "Needs an ngspice with OSDI, 39 or later: psi runs the library that "
          "scripts/ngspice_osdi.sh builds, the program ngspice of Debian 12 has none, that of "
          "Debian 13 has. Asks for its longest step itself. The file belongs to the kind of "
          "processor it was compiled on; the C text beside it compiles elsewhere.",
          {".osdi", ".c"}};
}

UsageRecipe vacask(const Parts& p) {
  return {
      "VACASK",
      fmt::format("load \"{0}_0.4.osdi\"\nmodel dev {1}\nn1 ({2}) dev{3}\ncontrol\n"
                  "  analysis tran1 tran step={4} stop={5} maxstep={4}\nendc\n",
                  p.file, lower_case(p.name), p.nodes, p.spaced, p.step, p.stop),
      fmt::format("Behind the first line of a netlist, which is its title. psi emit --osdi both "
                  "writes {0}_0.4.osdi; openvaf-r makes another one of {0}.va.",
                  p.name),
      {".va"}};
}

// In ngspice and LTspice alike.
UsageRecipe subcircuit_in(const std::string& simulator, const Parts& p) {
  return {simulator,
          fmt::format(".include {0}.sp\nX1 {1} {2}{3}\n{4}\n", p.file, p.nodes, p.name, p.spaced,
                      p.transient),
          "",
          {".sp"}};
}

UsageRecipe xyce(const Parts& p) {
  return {"Xyce",
          fmt::format(".include \"{0}.sp\"\nX1 {1} {2}{3}\n{4}\n", p.file, p.nodes, p.name,
                      p.start.empty() ? "" : " PARAMS: " + p.start, p.transient),
          "",
          {".sp"}};
}

std::vector<UsageRecipe> of_verilog_a(const Parts& p) {
  return {{"Spectre",
           fmt::format("simulator lang=spectre\nahdl_include \"{0}.va\"\nX1 ({1}) {2}{3}\n"
                       "tran tran stop={5} maxstep={4}\n",
                       p.file, p.nodes, p.name, p.spaced, p.step, p.stop),
           "",
           {".va"}},
          {"HSPICE",
           fmt::format(".hdl \"{0}.va\"\nX1 {1} {2}{3}\n.tran {4} {5}\n.option delmax={4}\n",
                       p.file, p.nodes, p.name, p.spaced, p.step, p.stop),
           "",
           {".va"}},
          {"ADS",
           fmt::format("#load \"veriloga\",\"{0}.va\"\n{2}:X1 {1}{3}\n"
                       "Tran:Tran1 StopTime={5} MaxTimeStep={4}\n",
                       p.file, p.nodes, p.name, p.spaced, p.step, p.stop),
           "",
           {".va"}}};
}

// How the symbols get into a drawing.
std::string drawing_text(const Parts& p) {
  return fmt::format(
      "## In a drawing\n\n"
      "- **xschem**: `{0}.sym` and `{0}.sp` in a folder of XSCHEM_LIBRARY_PATH; place the symbol "
      "(Insert), netlist: its line and the `.include` come along.\n"
      "- **KiCad** (7 or later): Preferences, Manage Symbol Libraries, add `{0}.kicad_sym`; its "
      "simulation fields name `{0}.sp`, which lies beside the schematic.\n"
      "- **Qucs-S**: Components, SPICE netlist devices, *SPICE library device*; File `{0}.sp`, "
      "Device `{0}`{1}. The pins are those of the subcircuit, in its order: {2}.\n",
      p.name, p.start.empty() ? "" : ", Params `" + p.start + "`", p.nodes);
}

}  // namespace

std::vector<UsageRecipe> usage_recipes(const ir::Network& network,
                                       const std::string& folder,
                                       bool compiled) {
  const Parts parts(network, folder);
  std::vector<UsageRecipe> recipes = {subcircuit_in("ngspice, subcircuit", parts)};
  if (compiled) recipes.push_back(compiled_ngspice(parts));
  for (auto& recipe : {vacask(parts), subcircuit_in("LTspice", parts), xyce(parts)}) {
    recipes.push_back(recipe);
  }
  for (UsageRecipe& recipe : of_verilog_a(parts)) recipes.push_back(std::move(recipe));
  return recipes;
}

std::vector<std::string> usage_remarks(const ir::Network& network) {
  std::vector<std::string> remarks = {
      fmt::format("{}A transient needs steps of at most {}: no tolerance replaces it.",
                  network.is_told_its_start()
                      ? "g0 is the conductance at the start of the simulation [S]. "
                      : "",
                  engineering(longest_step(network), "s")),
      "psi runs ngspice, VACASK and neospice (psi cosim). The decks for the other simulators "
      "follow their manuals and were not run."};
  if (is_in_nodes(network, VerilogAShape::kBySize)) {
    remarks.emplace_back(
        "The Verilog-A has a node for every sum: compile it without optimisation (openvaf-r -O 0), "
        "which takes seconds where it takes minutes with it.");
  }
  return remarks;
}

std::string usage_page(const ir::Network& network, bool compiled) {
  const Parts parts(network, "");
  std::string page = fmt::format("# How to use {}\n\n", network.name);
  for (const std::string& fact : model_facts(network, parts.plan)) page += "- " + fact + "\n";
  for (const std::string& remark : usage_remarks(network)) page += "\n" + remark + "\n";
  for (const UsageRecipe& recipe : usage_recipes(network, "", compiled)) {
    page += fmt::format("\n## {}\n\n```\n{}```\n", recipe.simulator, recipe.text);
    if (!recipe.note.empty()) page += "\n" + recipe.note + "\n";
  }
  return page + "\n" + drawing_text(parts);
}

}  // namespace psi_xlstm::hdl
