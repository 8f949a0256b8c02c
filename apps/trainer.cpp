// psi_trainer: the part of psi that needs LibTorch, as a program of its own. psi starts it; its
// standard output is for psi (experiments/trainer_process.hpp).

#include <fmt/format.h>
#include <torch/torch.h>

#include <CLI/CLI.hpp>
#include <csignal>
#include <cstdio>
#include <iostream>
#include <nlohmann/json.hpp>

#include "psi_xlstm/core/error.hpp"
#include "psi_xlstm/experiments/network_training.hpp"

namespace {

volatile std::sig_atomic_t interrupted = 0;

struct Interrupted {};

// One line of progress; ends the training where it was asked to, at a place it can go on from.
void report(double done, const std::string& detail) {
  const nlohmann::json line = {{"done", done}, {"detail", detail}};
  std::cout << line.dump() << std::endl;
  if (interrupted) throw Interrupted{};
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("The training side of psi; psi starts it");
  app.require_subcommand(1);
  std::string config, out;
  int seed = 0, index = 0;
  CLI::App* network = app.add_subcommand("network", "Train one model of one seed of a study");
  network->add_option("config", config)->required();
  network->add_option("--seed", seed)->required();
  network->add_option("--network", index)->required();
  network->add_option("--out", out)->required();
  CLI11_PARSE(app, argc, argv);

  std::signal(SIGINT, [](int) { interrupted = 1; });
  std::signal(SIGTERM, [](int) { interrupted = 1; });
  torch::set_num_threads(1);
  try {
    const auto study = psi_xlstm::read_config<psi_xlstm::NetworkStudyConfig>(config);
    const auto outcome = psi_xlstm::experiments::train_network(study, index, seed, out, report);
    if (outcome.usable) return 0;
    fmt::print(stderr, "{}\n", outcome.reason);
    return 2;
  } catch (const Interrupted&) {
    return 130;
  } catch (const psi_xlstm::Error& e) {
    fmt::print(stderr, "{}\n", e.what());
    return 1;
  }
}
