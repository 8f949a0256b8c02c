#pragma once

/// @file
/// How fast the fused kernels train and stream, beside LibTorch and beside the arithmetic peak of
/// the core, all measured in one run and in one thread.

#include <string>
#include <vector>

#include "bench/result.hpp"
#include "core/progress.hpp"
#include "report/table.hpp"

namespace psi_xlstm {

/// Training steps of the published teacher (46,409 numbers, T = 256 steps of B sequences, float):
/// forward pass, derivative of the mean squared error, exact reverse, clipping, AdamW.
struct TrainingSpeed {
  int batch = 0;                           ///< B
  double samples_per_s = 0;                ///< B T over the duration of a step, by the kernels.
  double libtorch_loop_samples_per_s = 0;  ///< The same by a plain loop of LibTorch over samples.
  double ratio_to_libtorch_loop = 0;
  /// By a loop of LibTorch over what recurs alone, with the linear maps of all samples in one
  /// product each.
  double libtorch_batched_samples_per_s = 0;
  double ratio_to_libtorch_batched = 0;
  double fraction_of_fma_peak = 0;  ///< Of the core's, with kSampleKiloFlop per sample.
  std::string isa;                  ///< Instruction set of the kernels.

  template <class Self, class Visitor>
  static void fields(Self& s, Visitor& visit) {
    visit("batch", s.batch);
    visit("samples_per_s", s.samples_per_s);
    visit("libtorch_loop_samples_per_s", s.libtorch_loop_samples_per_s);
    visit("ratio_to_libtorch_loop", s.ratio_to_libtorch_loop);
    visit("libtorch_batched_samples_per_s", s.libtorch_batched_samples_per_s);
    visit("ratio_to_libtorch_batched", s.ratio_to_libtorch_batched);
    visit("fraction_of_fma_peak", s.fraction_of_fma_peak);
    visit("isa", s.isa);
  }
};

/// One sequence, one sample at a time, in float (streaming.hpp).
struct StreamingSpeed {
  std::string model;
  double ns_per_step = 0;
  double libtorch_ns_per_step = 0;  ///< The same step in LibTorch without derivatives.

  template <class Self, class Visitor>
  static void fields(Self& s, Visitor& visit) {
    visit("model", s.model);
    visit("ns_per_step", s.ns_per_step);
    visit("libtorch_ns_per_step", s.libtorch_ns_per_step);
  }
};

/// Multiplications and additions of one core with operands in registers.
struct CorePeak {
  std::string isa;
  double gflop_per_s = 0;

  template <class Self, class Visitor>
  static void fields(Self& p, Visitor& visit) {
    visit("isa", p.isa);
    visit("gflop_per_s", p.gflop_per_s);
  }
};

/// What the numbers were measured with.
struct BenchmarkConditions {
  std::string libtorch;       ///< Version.
  std::string libtorch_loop;  ///< The functions that the loops are made of.
  std::string blas_core;      ///< Whose kernels the BLAS of LibTorch uses; empty: not known.
  std::vector<CorePeak> peaks;
  /// Largest difference between the gradients of the kernels and of the loops, over the largest
  /// entry of the block.
  double gradient_difference = 0;

  template <class Self, class Visitor>
  static void fields(Self& c, Visitor& visit) {
    visit("libtorch", c.libtorch);
    visit("libtorch_loop", c.libtorch_loop);
    visit("blas_core", c.blas_core);
    visit("peaks", c.peaks);
    visit("gradient_difference", c.gradient_difference);
  }
};

/// What is stored: config_text() and read_config() of core/json/config_io.hpp write and read it.
struct TrainBenchmark {
  std::vector<TrainingSpeed> teacher_training;
  std::vector<StreamingSpeed> streaming;
  BenchmarkConditions conditions;

  template <class Self, class Visitor>
  static void fields(Self& b, Visitor& visit) {
    visit("teacher_training", b.teacher_training);
    visit("streaming", b.streaming);
    visit("conditions", b.conditions);
  }
};

/// Multiplications and additions that the kernels do for one sample of a training step, in 1e3.
inline constexpr double kSampleKiloFlop = 200.4;

/// Gradients of the kernels and of the loop may differ by so much.
inline constexpr double kGradientTolerance = 1e-4;

/// Measures, which takes about a quarter of a minute. Every speed is the best of five measurements;
/// those of the kernels and of the loop take turns, and count what the thread had of its core. Part
/// of the library that needs LibTorch.
TrainBenchmark train_benchmark(const TaskProgress& progress);

/// One table for training and one for streaming; `machine`: what they were measured on.
std::vector<Table> train_benchmark_tables(const TrainBenchmark& benchmark, const Machine& machine);

}  // namespace psi_xlstm
