// psi bench: how fast this machine trains and streams, and what a model costs in a simulator.

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <filesystem>
#include <memory>
#include <system_error>

#include "bench/train_benchmark.hpp"
#include "command.hpp"
#include "core/atomic_file.hpp"
#include "core/config_io.hpp"
#include "jobs/trainer_process.hpp"

namespace psi_xlstm::apps {
namespace {

// Removes the file it names, unless the user asked for it.
class ResultFile {
 public:
  explicit ResultFile(const std::string& wanted)
      : temporary_(wanted.empty()),
        path_(temporary_ ? std::filesystem::temp_directory_path() /
                               fmt::format("psi_bench_{}.json", unforeseeable_name())
                         : std::filesystem::absolute(wanted)) {}
  ResultFile(const ResultFile&) = delete;
  ResultFile& operator=(const ResultFile&) = delete;
  ~ResultFile() {
    std::error_code ignored;
    if (temporary_) std::filesystem::remove(path_, ignored);
  }
  const std::filesystem::path& path() const { return path_; }

 private:
  bool temporary_;
  std::filesystem::path path_;
};

// Measures in a process of its own, which is the one that loads LibTorch.
int bench_train(const std::string& json) {
  const ResultFile file(json);
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
  for (const Table& table : train_benchmark_tables(benchmark)) {
    print("{}\n", to_text(table));
  }
  const double difference = benchmark.conditions.gradient_difference;
  if (difference <= kGradientTolerance) return kDone;
  spdlog::error(
      "the gradients of kernels and LibTorch: expected a difference of at most {:.0e}, "
      "found {:.1e}",
      kGradientTolerance, difference);
  return kMissedCriterion;
}

}  // namespace

void add_bench(CLI::App& app, int& exit_code) {
  CLI::App* command = app.add_subcommand("bench", "Measure speed, or how good estimates are");
  command->require_subcommand(1);
  const auto json = std::make_shared<std::string>();
  CLI::App* train = command->add_subcommand(
      "train", "Training and streaming by the fused kernels, beside LibTorch and the core's peak");
  train->add_option("--json", *json, "Also store the numbers in this file");
  train->callback([json, &exit_code] { exit_code = bench_train(*json); });
  add_bench_tau(*command, exit_code);
  add_bench_spice(*command, exit_code);
}

}  // namespace psi_xlstm::apps
