// psi_trainer: the part of psi that needs LibTorch, as a program of its own. psi starts it; its
// standard output is for psi (jobs/trainer_process.hpp).

#include <fmt/format.h>
#include <malloc.h>
#include <sys/prctl.h>

#include <CLI/CLI.hpp>
#include <csignal>
#include <cstdio>
#include <iostream>
#include <nlohmann/json.hpp>

#include "bench/stream_benchmark.hpp"
#include "bench/train_benchmark.hpp"
#include "core/atomic_file.hpp"
#include "psi_xlstm/core/error.hpp"
#include "studies/networks/torch/training.hpp"
#include "training/blas.hpp"

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
  CLI::App* bench = app.add_subcommand("bench-train", "Measure training and streaming");
  bench->add_option("--json", out)->required();
  CLI::App* stream = app.add_subcommand("bench-stream", "Measure the streaming teachers");
  psi_xlstm::StreamBenchmarkOptions streaming;
  stream->add_option("--json", out)->required();
  stream->add_option("--samples", streaming.samples)->check(CLI::Range(1, 40'000));
  stream->add_option("--passes", streaming.passes)->check(CLI::Range(1, 100));
  CLI11_PARSE(app, argc, argv);

  std::signal(SIGINT, [](int) { interrupted = 1; });
  std::signal(SIGTERM, [](int) { interrupted = 1; });
  prctl(PR_SET_PDEATHSIG, SIGTERM);  // where psi is killed, nobody waits for this
  psi_xlstm::training::use_one_thread();
  // Every step needs the same large arrays again: keep them instead of asking the system each time.
  mallopt(M_MMAP_THRESHOLD, 1 << 30);
  mallopt(M_TRIM_THRESHOLD, 1 << 30);
  try {
    if (bench->parsed()) {
      const auto speeds = psi_xlstm::train_benchmark(report);
      psi_xlstm::write_file(out, psi_xlstm::config_text(speeds));
      return 0;
    }
    if (stream->parsed()) {
      const auto speeds = psi_xlstm::stream_benchmark(streaming, report);
      psi_xlstm::write_file(out, psi_xlstm::config_text(speeds));
      return 0;
    }
    const auto study = psi_xlstm::read_config<psi_xlstm::NetworkStudyConfig>(config);
    const auto outcome = psi_xlstm::train_network(study, index, seed, out, report);
    if (outcome.usable) return 0;
    fmt::print(stderr, "{}\n", outcome.reason);
    return 2;
  } catch (const Interrupted&) {
    return 130;
  } catch (const psi_xlstm::Error& e) {
    fmt::print(stderr, "{}\n", e.what());
    return 1;
  } catch (const std::exception& e) {  // of LibTorch: a training that cannot go on
    const std::string text = e.what();
    fmt::print(stderr, "{}\n", text.substr(0, text.find('\n')));
    return 2;
  }
}
