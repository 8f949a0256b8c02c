// psi bench: how fast this machine trains and streams, and what a model costs in a simulator.

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <filesystem>
#include <memory>
#include <system_error>

#include "bench/train_benchmark.hpp"
#include "bench_result.hpp"
#include "command.hpp"
#include "core/atomic_file.hpp"
#include "core/config_io.hpp"
#include "jobs/trainer_process.hpp"

namespace psi_xlstm::apps {
namespace {

// Removes the file it names.
class ResultFile {
 public:
  ResultFile()
      : path_(std::filesystem::temp_directory_path() /
              fmt::format("psi_bench_{}.json", unforeseeable_name())) {}
  ResultFile(const ResultFile&) = delete;
  ResultFile& operator=(const ResultFile&) = delete;
  ~ResultFile() {
    std::error_code ignored;
    std::filesystem::remove(path_, ignored);
  }
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

// Measures in a process of its own, which is the one that loads LibTorch.
int bench_train(const std::filesystem::path& out) {
  const ResultFile file;
  const Machine machine = this_machine();
  const Progress progress = terminal_progress();
  const TrainerReport report = run_trainers(
      {{.name = "benchmark", .arguments = {"bench-train", "--json", file.path().string()}}},
      {.processes = 1}, [&](std::size_t, double done, const std::string& detail) {
        progress("bench", done, detail);
      });
  progress("report", 1, "measured");
  if (report.interrupted) return kInterrupted;
  if (!report.outcomes.front().done) {
    spdlog::error("{}", report.outcomes.front().reason);
    return kMissedCriterion;
  }
  const auto benchmark = read_config<TrainBenchmark>(file.path());
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
  command.add_option("--out", *out, "Folder of the results, one file for each benchmark");
  return out;
}

void publish(const BenchResult& result, const std::filesystem::path& out) {
  for (const Table& table : result.tables) print("{}\n", to_text(table));
  print("{}\n", write_bench_result(out, result).string());
}

void add_bench(CLI::App& app, int& exit_code) {
  CLI::App* command = app.add_subcommand("bench", "Measure speed, or how good estimates are");
  command->require_subcommand(1);
  CLI::App* train = command->add_subcommand(
      "train", "Training and streaming by the fused kernels, beside LibTorch and the core's peak");
  const auto out = add_bench_folder(*train);
  train->callback([out, &exit_code] { exit_code = bench_train(*out); });
  add_bench_tau(*command, exit_code);
  add_bench_spice(*command, exit_code);
  add_bench_runs(*command, exit_code);
}

}  // namespace psi_xlstm::apps
