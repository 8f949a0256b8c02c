#include <fmt/format.h>

#include "bench/train_benchmark.hpp"

namespace psi_xlstm {
namespace {

std::string nanoseconds(double value) { return fmt::format("{:.0f}", value); }

Table training_table(const TrainBenchmark& benchmark, const Machine& machine) {
  const BenchmarkConditions& conditions = benchmark.conditions;
  Table table;
  table.caption = "Training steps of the published teacher, T = 256, float, one thread";
  table.header = {
      "sequences", "instruction set",     "kernels [samples/s]", "LibTorch loop [samples/s]",
      "ratio",     "batched [samples/s]", "ratio to batched",    "of the FMA peak"};
  for (const TrainingSpeed& s : benchmark.teacher_training) {
    table.rows.push_back({fmt::format("{}", s.batch), s.isa, fmt::format("{:.0f}", s.samples_per_s),
                          fmt::format("{:.0f}", s.libtorch_loop_samples_per_s),
                          fmt::format("{:.1f}", s.ratio_to_libtorch_loop),
                          fmt::format("{:.0f}", s.libtorch_batched_samples_per_s),
                          fmt::format("{:.1f}", s.ratio_to_libtorch_batched),
                          fmt::format("{:.1f} %", 100 * s.fraction_of_fma_peak)});
  }
  std::string peaks;
  for (const CorePeak& peak : conditions.peaks) {
    peaks += fmt::format("{}{:.1f} GFLOP/s with {}", peaks.empty() ? "" : ", ", peak.gflop_per_s,
                         peak.isa);
  }
  table.note = fmt::format(
      "Best of five each, taking turns, every one with a network and memory of its own, time of "
      "the thread on its core. A sample costs {:.1f} "
      "kFLOP; peak of this core: {}. The loops: {}; torch::optim::AdamW of LibTorch {}, BLAS "
      "kernels: {}. Largest difference between "
      "the gradients: {:.1e} of the largest entry of a block (at most {:.0e} is allowed). {}",
      kSampleKiloFlop, peaks, conditions.libtorch_loop, conditions.libtorch,
      conditions.blas_core.empty() ? "unknown" : conditions.blas_core,
      conditions.gradient_difference, kGradientTolerance, sentence(machine));
  return table;
}

Table streaming_table(const TrainBenchmark& benchmark) {
  Table table;
  table.caption = "Streaming: one sequence, one sample at a time, float, one thread";
  table.header = {"model", "step [ns]", "LibTorch [ns]", "ratio"};
  for (const StreamingSpeed& s : benchmark.streaming) {
    table.rows.push_back({s.model, nanoseconds(s.ns_per_step), nanoseconds(s.libtorch_ns_per_step),
                          fmt::format("{:.0f}", s.libtorch_ns_per_step / s.ns_per_step)});
  }
  table.note =
      "Best of five passes over the last published drive; LibTorch runs the same equations eagerly "
      "and without derivatives.";
  return table;
}

}  // namespace

std::vector<Table> train_benchmark_tables(const TrainBenchmark& benchmark, const Machine& machine) {
  return {training_table(benchmark, machine), streaming_table(benchmark)};
}

}  // namespace psi_xlstm
