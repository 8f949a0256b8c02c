// psi cosim: an emitted model in circuit simulators against its network's own equations, alone or
// in a circuit.

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "command.hpp"
#include "core/utf8.hpp"
#include "cosimulation/circuit_cosimulation.hpp"
#include "hdl/text/plan.hpp"
#include "model/model.hpp"
#include "simulators/registry/simulators.hpp"
#include "studies/compact/study.hpp"
#include "studies/networks/cosimulation.hpp"

namespace psi_xlstm::apps {
namespace {

struct CosimOptions {
  std::string model, config, circuit, openvaf;
  std::vector<std::string> paths, simulators, osdi;
  double g0 = 0;
};

CosimReport compare(const CosimOptions& o, const ir::Network& network) {
  const CosimConfig config = o.config.empty() ? CosimConfig{} : read_config<CosimConfig>(o.config);
  const SimulatorOptions simulator{.time_limit_s = config.time_limit_s,
                                   .osdi = {o.osdi.begin(), o.osdi.end()},
                                   .verilog_a_compiler = o.openvaf};
  for (const std::filesystem::path file : o.osdi) {
    if (std::filesystem::is_regular_file(file)) continue;
    throw ConfigError(fmt::format("--osdi: expected a compiled model, found no file {}",
                                  in_quotes(file.string())));
  }
  std::vector<NotRun> missing;
  const Simulators simulators =
      open_simulators(o.simulators.empty() ? config.simulators : o.simulators, simulator, missing);
  if (simulators.empty()) {
    CosimReport report;
    report.not_run = missing;
    return report;
  }
  if (!o.circuit.empty()) {
    // As a subcircuit hundreds of states take minutes: a network of a study is run compiled.
    const bool compiled = network.start == ir::Start::kNode && o.paths.empty();
    CosimReport report =
        cosimulate_circuit(network, read_circuit(o.circuit, network), config, simulators,
                           compiled ? std::vector<std::string>{"osdi"} : o.paths);
    report.not_run.insert(report.not_run.end(), missing.begin(), missing.end());
    return report;
  }
  const double g0 = o.g0 > 0 ? o.g0 : hdl::plan_emission(network).default_conductance;
  const Progress progress = terminal_progress();
  CosimReport report = cosimulate_all(
      network, config, {}, g0, simulators, o.paths,
      [&](double done, const std::string& detail) { progress("co-simulate", done, detail); });
  report.not_run.insert(report.not_run.end(), missing.begin(), missing.end());
  progress("report", 1, "compared");
  return report;
}

int print_report(const CosimReport& report) {
  say("{}", cosimulation_text(report.rows(), report.not_run));
  for (const std::string& warning : report.warnings) spdlog::warn("{}", warning);
  const Judgement verdict = report.verdict();
  answer({{"verdict", verdict_text(verdict.verdict)},
          {"reason", verdict.reason},
          {"rows", config_value(report.rows())},
          {"warnings", report.warnings},
          {"not_run", config_value(report.not_run)}});
  return told(verdict);
}

// A recurrent network, which has a co-simulation of its own: in ngspice where none is named.
int compare_recurrent(const CosimOptions& o, const model::Model& model) {
  CosimConfig config;
  config.limit_training_like = 1e-3;
  if (!o.config.empty()) config = read_config<CosimConfig>(o.config);
  std::vector<NotRun> missing;
  const Simulators simulators = open_simulators(
      o.simulators.empty() ? std::vector<std::string>{"ngspice"} : o.simulators,
      {.time_limit_s = config.time_limit_s, .verilog_a_compiler = o.openvaf}, missing);
  NetworkCosimReport found = cosimulate_network(
      model, config, o.g0 > 0 ? o.g0 : model.starts().middle, simulators, o.paths);
  found.report.not_run.insert(found.report.not_run.end(), missing.begin(), missing.end());
  for (const std::string& cost : found.costs) say("{}\n", cost);
  return print_report(found.report);
}

}  // namespace

void add_cosim(CLI::App& app, int& exit_code) {
  const auto o = std::make_shared<CosimOptions>();
  CLI::App* command =
      app.add_subcommand("cosim", "Compare a model in circuit simulators with its equations");
  command->add_option("model", o->model, "model.safetensors")->required();
  command->add_option("--config", o->config, "JSON file with stimuli and limits");
  CLI::Option* g0 =
      command->add_option("--g0", o->g0, "Conductance at the start [S]")->check(positive());
  CLI::Option* circuit = command
                             ->add_option("--circuit", o->circuit,
                                          "SPICE file with \"x<name> + - device g0=...\" in it")
                             ->excludes(g0);
  command->add_option("--path", o->paths, "Only subcircuit, osdi or verilog_a (repeatable)");
  command->add_option(
      "--simulator", o->simulators,
      "Only ngspice, vacask or neospice (repeatable); all: what is missing is named");
  command->add_option("--osdi", o->osdi, "A compiled model of your own in the circuit (repeatable)")
      ->needs(circuit);
  command->add_option("--openvaf", o->openvaf, "Verilog-A compiler; default PSI_OPENVAF, openvaf");
  add_telling(*command);
  add_example(*command, {"psi cosim results/my_device/model.safetensors",
                         "psi cosim results/my_device/model.safetensors --circuit "
                         "configs/circuits/rc_load.cir --path osdi"});
  command->callback([o, &exit_code] {
    const auto model = model::load(o->model);
    const ir::Network network = model->circuit_network();
    exit_code = model->about().kind == model::Kind::kRecurrent && o->circuit.empty()
                    ? compare_recurrent(*o, *model)
                    : print_report(compare(*o, network));
  });
}

}  // namespace psi_xlstm::apps
