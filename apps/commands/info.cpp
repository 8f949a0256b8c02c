// psi info: versions and abilities, or the facts about a model.

#include <fmt/format.h>

#include <memory>

#include "command.hpp"
#include "core/number_text.hpp"
#include "core/plural.hpp"
#include "core/process.hpp"
#include "core/utf8.hpp"
#include "hdl/osdi/library.hpp"
#include "hdl/text/names.hpp"
#include "hdl/text/plan.hpp"
#include "hdl/verilog_a_compiler.hpp"
#include "model/model.hpp"
#include "psi_xlstm/core/error.hpp"
#include "psi_xlstm/core/version.hpp"
#include "report/gnuplot.hpp"
#include "report/table.hpp"
#include "simulators/ngspice/simulator.hpp"
#include "simulators/registry/simulators.hpp"

namespace psi_xlstm::apps {
namespace {

void print_program() {
  print("psi {} (commit {})\n", version(), git_commit());
  for (const auto& [name, number] : library_versions()) print("{:<14} {}\n", name, number);
  try {
    const SimulatorInfo simulator = simulator_info({});
    print("{:<14} {}, {}, compiled models (OSDI): {}\n", "ngspice", simulator.version,
          simulator.library,
          simulator.has_osdi ? "yes" : "no; scripts/ngspice_osdi.sh builds one that has");
    for (const std::string& other : simulator.passed_over) {
      print("{:<14} not used: {}\n", "ngspice", other);
    }
    if (simulator.has_osdi && !simulator.has_osdi_noise) {
      print(
          "{:<14} not of compiled models in this ngspice (it asks for it from release 42 on); "
          "the subcircuit and the Verilog-A form have it\n",
          "noise");
    }
  } catch (const SpiceError& e) {
    print("{:<14} none: {}\n", "ngspice", e.what());
  }
  const auto compiler = hdl::c_compiler();
  print("{:<14} {}\n", "C compiler", compiler ? compiler->string() : "none: no .osdi");
  const auto openvaf = hdl::verilog_a_compiler({});
  print("{:<14} {}\n", "Verilog-A",
        openvaf ? openvaf->string() : "no compiler: openvaf or openvaf-r on PATH, PSI_OPENVAF");
  const GnuplotResult gnuplot = run_gnuplot("print GPVAL_VERSION");
  print("{:<14} {}\n", "gnuplot", gnuplot.usable() ? "yes" : "none: " + gnuplot.reason);
}

// What other programs there are to run the emitted forms, and how to get them.
void print_tools() {
  Table table{.caption = "Simulators",
              .header = {"simulator", "reads", "here"},
              .note = "Files for Xyce, LTspice, Spectre, HSPICE and ADS are written and not run."};
  for (const SimulatorState& state : simulator_states({})) {
    table.rows.push_back(
        {state.name, state.reads, state.problem.empty() ? state.version : state.problem});
  }
  Table compilers{.caption = "Compilers", .header = {"compiler", "makes", "here"}};
  const auto c = hdl::c_compiler();
  compilers.rows.push_back({"C", "osdi", c ? c->string() : "none: CC, cc, gcc or clang"});
  const auto openvaf = hdl::verilog_a_compiler({});
  std::string version = "none; scripts/simulators.sh installs openvaf-r";
  if (openvaf) {
    const ProgramOutcome said = run_program({openvaf->string(), "--version"}, "", 10);
    const std::string words = printable(said.output);
    version = said.succeeded() ? words.substr(0, words.find_last_not_of(' ') + 1) : said.problem();
    version += ", " + openvaf->string();
  }
  compilers.rows.push_back({"Verilog-A", "compiled Verilog-A", version});
  print("{}\n{}", to_text(table), to_text(compilers));
}

const char* words_for(model::SecondInput input) {
  if (input == model::SecondInput::kNone) return "the voltage";
  return input == model::SecondInput::kTime ? "the voltage and the time"
                                            : "the voltage and the conductance at the start";
}

// What every model has, whatever its kind.
void print_description(const model::Description& about) {
  print("{}\n", printable(about.name));
  print("  {} model{}, {}, sees {}\n", model::name_of(about.kind),
        about.protocol.empty() ? "" : " of the protocol " + about.protocol,
        count_of(about.ports.size(), "port"), words_for(about.sees));
  print("  {}, {}, {} needed afterwards, at steps of {}\n", count_of(about.states, "state"),
        count_of(about.trained_parameters, "trained number"), about.deployed_parameters,
        engineering(about.reference_step, "s"));
}

void print_model(const std::string& file) {
  const auto model = model::load(file);
  const model::Description& about = model->about();
  print_description(about);
  if (about.no_circuit.empty()) {
    const ir::Network network = hdl::with_usable_names(model->circuit_network()).network;
    for (const std::string& fact : hdl::model_facts(network, hdl::plan_emission(network))) {
      print("  {}\n", fact);
    }
  } else {
    print("  no circuit: {}\n", printable(about.no_circuit));
  }
  for (const NamedNumber& fact : about.facts) {
    print("  {}: {}\n", printable(fact.name),
          fact.value ? fmt::format("{:.6g}", *fact.value) : "unknown");
  }
  for (const kernels::ParameterBlock& block : about.blocks) {
    print("  {:<22} {} x {}\n", printable(block.name), block.rows, block.columns);
  }
}

}  // namespace

void add_info(CLI::App& app, int& exit_code) {
  const auto model = std::make_shared<std::string>();
  const auto tools = std::make_shared<bool>(false);
  CLI::App* command =
      app.add_subcommand("info", "What this program can do, or facts about a model");
  CLI::Option* file = command->add_option("model", *model, "model.safetensors");
  command
      ->add_flag("--tools", *tools, "Simulators and compilers: what is here, how to get the rest")
      ->excludes(file);
  add_example(*command, {"psi info results/my_device/model.safetensors"});
  command->callback([model, tools, &exit_code] {
    *tools ? print_tools() : model->empty() ? print_program() : print_model(*model);
    exit_code = kDone;
  });
}

}  // namespace psi_xlstm::apps
