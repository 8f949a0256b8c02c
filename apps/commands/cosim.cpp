// psi cosim: an emitted model in ngspice against its network's own equations.

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <memory>

#include "command.hpp"
#include "psi_xlstm/experiments/circuit_network.hpp"
#include "psi_xlstm/experiments/network_cosimulation.hpp"
#include "psi_xlstm/hdl/emission.hpp"

namespace psi_xlstm::apps {
namespace {

// A recurrent network, which has a co-simulation of its own.
int compare_recurrent(const experiments::StoredNetwork& stored,
                      const std::string& config_file,
                      double g0) {
  CosimConfig config;
  config.limit_training_like = 1e-3;
  if (!config_file.empty()) config = read_config<CosimConfig>(config_file);
  const experiments::NetworkCosimReport found =
      experiments::cosimulate_network(stored, config, g0 > 0 ? g0 : stored.conductance_scale,
                                      {.time_limit_s = config.time_limit_s});
  fmt::print("{}", experiments::cosimulation_text(found.report.rows()));
  for (const std::string& cost : found.costs) fmt::print("{}\n", cost);
  for (const std::string& warning : found.report.warnings) spdlog::warn("{}", warning);
  if (!found.report.left_out.empty()) spdlog::info("{}", found.report.left_out);
  return found.report.passed() ? kDone : kMissedCriterion;
}

}  // namespace

void add_cosim(CLI::App& app, int& exit_code) {
  struct Options {
    std::string model, config;
    double g0 = 0;
  };
  const auto o = std::make_shared<Options>();
  CLI::App* command = app.add_subcommand("cosim", "Compare a model in ngspice with its equations");
  command->add_option("model", o->model, "model.safetensors")->required();
  command->add_option("--config", o->config, "JSON file with stimuli and limits");
  command->add_option("--g0", o->g0, "Conductance at the start [S]")->check(positive());
  command->callback([o, &exit_code] {
    if (const auto stored = experiments::load_recurrent(o->model)) {
      exit_code = compare_recurrent(*stored, o->config, o->g0);
      return;
    }
    experiments::StudyResult result;
    result.fits.resize(1);
    result.fits.front().model = experiments::load_model(o->model);
    const ir::Network& network = result.fits.front().model.network;
    const CosimConfig config =
        o->config.empty() ? CosimConfig{} : read_config<CosimConfig>(o->config);
    const double g0 = o->g0 > 0 ? o->g0 : hdl::plan_emission(network).default_conductance;
    const CosimReport report =
        cosimulate_all(network, config, {}, g0, {.time_limit_s = config.time_limit_s});
    fmt::print("{}", experiments::cosimulation_text(report.rows()));
    for (const std::string& warning : report.warnings) spdlog::warn("{}", warning);
    if (!report.left_out.empty()) spdlog::info("{}", report.left_out);
    exit_code = report.passed() ? kDone : kMissedCriterion;
  });
}

}  // namespace psi_xlstm::apps
