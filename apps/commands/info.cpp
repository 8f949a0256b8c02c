// psi info: versions and abilities, or the facts about a model.

#include <fmt/format.h>

#include <memory>

#include "command.hpp"
#include "hdl/osdi/library.hpp"
#include "hdl/text/plan.hpp"
#include "hdl/verilog_a_compiler.hpp"
#include "psi_xlstm/core/error.hpp"
#include "psi_xlstm/core/version.hpp"
#include "report/gnuplot.hpp"
#include "simulators/ngspice/simulator.hpp"

namespace psi_xlstm::apps {
namespace {

void print_program() {
  fmt::print("psi {} (commit {})\n", version(), git_commit());
  for (const auto& [name, number] : library_versions()) fmt::print("{:<14} {}\n", name, number);
  try {
    const SimulatorInfo simulator = simulator_info({});
    fmt::print("{:<14} {}, {}, compiled models (OSDI): {}\n", "ngspice", simulator.version,
               simulator.library,
               simulator.has_osdi ? "yes" : "no; scripts/ngspice_osdi.sh builds one that has");
  } catch (const SpiceError& e) {
    fmt::print("{:<14} none: {}\n", "ngspice", e.what());
  }
  const auto compiler = hdl::c_compiler();
  fmt::print("{:<14} {}\n", "C compiler", compiler ? compiler->string() : "none: no .osdi");
  const auto openvaf = hdl::verilog_a_compiler({});
  fmt::print(
      "{:<14} {}\n", "Verilog-A",
      openvaf ? openvaf->string() : "no compiler: openvaf or openvaf-r on PATH, PSI_OPENVAF");
  const GnuplotResult gnuplot = run_gnuplot("print GPVAL_VERSION");
  fmt::print("{:<14} {}\n", "gnuplot", gnuplot.usable() ? "yes" : "none: " + gnuplot.reason);
}

void print_model(const std::string& file) {
  const StoredModel model = load_model(file);
  fmt::print("{}\n", model.network.name);
  for (const std::string& fact :
       hdl::model_facts(model.network, hdl::plan_emission(model.network))) {
    fmt::print("  {}\n", fact);
  }
  for (const ir::ParameterBlock& block : model.network.blocks) {
    fmt::print("  {:<22} {} x {}\n", block.name, block.rows, block.columns);
  }
}

}  // namespace

void add_info(CLI::App& app, int& exit_code) {
  const auto model = std::make_shared<std::string>();
  CLI::App* command =
      app.add_subcommand("info", "What this program can do, or facts about a model");
  command->add_option("model", *model, "model.safetensors");
  command->callback([model, &exit_code] {
    model->empty() ? print_program() : print_model(*model);
    exit_code = kDone;
  });
}

}  // namespace psi_xlstm::apps
