// psi bench: how fast this machine trains and streams, and what a model costs in a simulator.

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <memory>

#include "bench/train_benchmark.hpp"
#include "bench/trainer_measurement.hpp"
#include "bench_result.hpp"
#include "command.hpp"
#include "core/atomic_file.hpp"
#include "core/json/config_io.hpp"
#include "core/output_target.hpp"
#include "psi_xlstm/core/error.hpp"

namespace psi_xlstm::apps {
namespace {

// Measures in a process of its own, which is the one that loads LibTorch.
int bench_train(const std::filesystem::path& out) {
  check_bench_target(out, "train");
  const Machine machine = this_machine();
  const Progress progress = terminal_progress();
  const TrainerMeasurement measured = measure_in_trainer(
      "bench_train", "benchmark", nlohmann::json::object(),
      [&](double done, const std::string& detail) { progress("bench", done, detail); });
  progress("report", 1, "measured");
  if (measured.interrupted) {
    spdlog::error("interrupted");
    return kInterrupted;
  }
  if (!measured.reason.empty()) {
    spdlog::error("{}", measured.reason);
    return kMissedCriterion;
  }
  const auto benchmark =
      config_from_json<TrainBenchmark>(parse_json(measured.text, "benchmark"), "benchmark");
  publish({.name = "train",
           .command = "psi bench train",
           .machine = machine,
           .numbers = config_tree(benchmark),
           .tables = train_benchmark_tables(benchmark, machine)},
          out);
  const double difference = benchmark.conditions.gradient_difference;
  if (difference <= kGradientTolerance) return kDone;
  spdlog::error(
      "the gradients of kernels and LibTorch: expected a difference of at most {:.0e}, "
      "found {:.1e}",
      kGradientTolerance, difference);
  return kMissedCriterion;
}

}  // namespace

std::shared_ptr<std::string> add_bench_folder(CLI::App& command) {
  auto out = std::make_shared<std::string>("results/bench");
  command.add_option("--out", *out, "Folder of the results, one file for each benchmark")
      ->check(
          [](const std::string& folder) {
            try {
              check_output_folder(folder);
              return std::string();
            } catch (const Error& e) {
              return std::string(e.what());
            }
          },
          "FOLDER");
  add_telling(command);
  return out;
}

void publish(const BenchResult& result, const std::filesystem::path& out) {
  for (const Table& table : result.tables) say("{}\n", to_text(table));
  const std::filesystem::path file = write_bench_result(out, result);
  say("{}\n", file.string());
  if (telling().json) write_output(read_file(file));
}

void add_bench(CLI::App& app, int& exit_code) {
  CLI::App* command = app.add_subcommand("bench", "Measure speed, or how good estimates are");
  command->require_subcommand(1);
  CLI::App* train = command->add_subcommand(
      "train", "Training and streaming by the fused kernels, beside LibTorch and the core's peak");
  const auto out = add_bench_folder(*train);
  add_example(*command, {"psi bench spice --quick --out results/bench"});
  add_example(*train, {"psi bench train --out results/bench"});
  train->callback([out, &exit_code] { exit_code = bench_train(*out); });
  add_bench_tau(*command, exit_code);
  add_bench_spice(*command, exit_code);
  add_bench_forms(*command, exit_code);
  add_bench_runs(*command, exit_code);
}

}  // namespace psi_xlstm::apps
