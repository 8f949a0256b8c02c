#include "bench/train_benchmark.hpp"

#include <benchmark/benchmark.h>
#include <fmt/format.h>
#include <torch/types.h>
#include <torch/version.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <memory>

#include "bench/torch/benchmark_subjects.hpp"
#include "fit/compact_student.hpp"
#include "kernels/simd/machine_peak.hpp"
#include "studies/networks/latency.hpp"
#include "training/blas.hpp"
#include "training/initialization.hpp"

namespace psi_xlstm {
namespace {

using kernels::Convention;
using kernels::InstructionSet;

constexpr int kSteps = 256;  // T
constexpr std::array kBatches = {1, 7, 16};
constexpr int kRepetitions = 5;           // of which the best counts
constexpr double kTrainingTime = 0.01;    // of the steps of one repetition, at least [s]
constexpr double kStreamingTime = 0.05;   // the same of LibTorch's streaming steps [s]
constexpr double kReferenceStep = 50e-9;  // dt0 [s]

std::string kernels_name(InstructionSet set, int batch) {
  return fmt::format("{} sequences, kernels, {}", batch, kernels::name(set));
}
std::string peak_name(InstructionSet set) {
  return fmt::format("multiplications and additions, {}", kernels::name(set));
}
std::string loop_name(int batch) { return fmt::format("{} sequences, LibTorch loop", batch); }
std::string batched_name(int batch) { return fmt::format("{} sequences, LibTorch batched", batch); }
std::string stream_name(const std::string& model) { return "LibTorch step of " + model; }

// Keeps the best repetition of every benchmark.
class BestSeconds : public benchmark::BenchmarkReporter {
 public:
  bool ReportContext(const Context&) override { return true; }
  void ReportRuns(const std::vector<Run>& runs) override {
    for (const Run& run : runs) {
      if (run.run_type != Run::RT_Iteration) continue;
      const double seconds = run.cpu_accumulated_time / static_cast<double>(run.iterations);
      const auto [known, is_new] = best_.try_emplace(run.run_name.function_name, seconds);
      if (!is_new) known->second = std::min(known->second, seconds);
    }
  }
  double of(const std::string& name) const { return best_.at(name); }

 private:
  std::map<std::string, double> best_;
};

using Step = std::function<void()>;

// The benchmarks of one run of the library, in turns: their repetitions are shuffled, so that what
// else the machine does meets all of them alike.
class Benchmarks {
 public:
  explicit Benchmarks(const TaskProgress& progress) : progress_(progress) {
    benchmark::ClearRegisteredBenchmarks();
    std::string program = "psi", in_turns = "--benchmark_enable_random_interleaving=true";
    std::array<char*, 3> arguments = {program.data(), in_turns.data(), nullptr};
    int count = 2;
    benchmark::Initialize(&count, arguments.data());
  }

  /// Repeats what `make` gives for at least `seconds`, after one step that does not count. Every
  /// repetition makes its own: speed depends on where memory happens to lie. Time is what this
  /// thread has of its core: on a busy machine a step of 0.1 s would lose more than one of 1 ms.
  void add(const std::string& name, double seconds, const std::function<Step()>& make) {
    ++registered_;
    const auto run = [this, name, make](benchmark::State& state) {
      constexpr int kRuns = kRepetitions + 2;  // with those that find the number of steps
      progress_(std::min(1.0, static_cast<double>(runs_++) / (kRuns * registered_)), name);
      const Step step = make();
      step();
      for (auto _ : state) step();
    };
    benchmark::RegisterBenchmark(name.c_str(), run)->MinTime(seconds)->Repetitions(kRepetitions);
  }

  BestSeconds run() {
    BestSeconds best;
    benchmark::RunSpecifiedBenchmarks(&best);
    benchmark::ClearRegisteredBenchmarks();
    return best;
  }

 private:
  const TaskProgress& progress_;
  int registered_ = 0, runs_ = 0;
};

// A model and what it takes to stream it.
struct StreamingSubject {
  std::string model;
  std::function<double()> nanoseconds;  // by the kernels
  LibtorchStep libtorch;
};

template <class Network>
StreamingSubject subject(const std::string& model, const Network& network) {
  return {model, [network] { return streaming_nanoseconds(network); }, libtorch_step(network)};
}

StoredNetwork feed_forward() {
  StoredNetwork network;
  network.model = NetworkKind::kMlp;
  network.layer_widths = {2, 64, 64, 64, 1};
  Rng rng(7);
  const auto blocks = stored_blocks(network);
  for (const kernels::ParameterBlock& block : blocks) {
    for (std::size_t i = 0; i < block.size(); ++i) {
      network.parameters.push_back(rng.normal() / std::sqrt(block.columns));
    }
  }
  return network;
}

// 44 numbers.
ir::Network compact() {
  const StudentShape shape{.states = 1, .features = 8};
  ir::Network network = fit::build_compact_student(
      shape, {.conductance = 2e-4, .voltage = 1.2, .step = kReferenceStep}, "compact");
  Rng rng(7);
  fit::randomise(network, shape, {.time_constant = 1e-3}, rng);
  return network;
}

std::vector<StreamingSubject> streaming_subjects() {
  constexpr std::array kinds = {NetworkKind::kTeacher, NetworkKind::kClustering,
                                NetworkKind::kLowRank};
  std::vector<StreamingSubject> subjects;
  for (const NetworkKind kind : kinds) {
    subjects.push_back(subject(name_of(kind), untrained_network(kind, Convention::kXlstm)));
  }
  subjects.push_back(subject("compact", compact()));
  subjects.push_back(subject("mlp", feed_forward()));
  for (const NetworkKind kind : kinds) {
    subjects.push_back(
        subject(name_of(kind) + ", known start", untrained_network(kind, Convention::kContinuous)));
  }
  return subjects;
}

// The best set, and AVX2 beside it.
std::vector<InstructionSet> measured_sets() {
  std::vector<InstructionSet> sets = {kernels::best_instruction_set()};
  if (sets[0] != InstructionSet::kAvx2 && kernels::available(InstructionSet::kAvx2)) {
    sets.push_back(InstructionSet::kAvx2);
  }
  return sets;
}

double measured_gradient_difference(const std::vector<InstructionSet>& sets) {
  const TrainingProblem problem = training_problem(kSteps, kBatches[1]);
  const auto loop = plain_libtorch_trainer(problem), batched = batched_libtorch_trainer(problem);
  loop->step();
  batched->step();
  double worst = gradient_difference(problem.shape, batched->gradient(), loop->gradient());
  for (const InstructionSet set : sets) {
    const auto fused = kernel_trainer(problem, set);
    fused->step();
    worst =
        std::max(worst, gradient_difference(problem.shape, fused->gradient(), loop->gradient()));
  }
  return worst;
}

void add_training(Benchmarks& benchmarks, const std::vector<InstructionSet>& sets) {
  for (const int batch : kBatches) {
    const TrainingProblem problem = training_problem(kSteps, batch);
    const auto add = [&](const std::string& name, const auto& make) {
      benchmarks.add(name, kTrainingTime, [make]() -> Step {
        return [trainer = std::shared_ptr<TrainingSubject>(make())] { trainer->step(); };
      });
    };
    add(loop_name(batch), [problem] { return plain_libtorch_trainer(problem); });
    add(batched_name(batch), [problem] { return batched_libtorch_trainer(problem); });
    for (const InstructionSet set : sets) {
      add(kernels_name(set, batch), [problem, set] { return kernel_trainer(problem, set); });
    }
  }
}

// In turns with what is compared with it: the clock of a core changes in time.
void add_peaks(Benchmarks& benchmarks, const std::vector<InstructionSet>& sets) {
  for (const InstructionSet set : sets) {
    benchmarks.add(peak_name(set), kTrainingTime,
                   [set]() -> Step { return [set] { kernels::peak_operations<float>(set); }; });
  }
}

void add_streaming(Benchmarks& benchmarks, const std::vector<StreamingSubject>& subjects) {
  for (const StreamingSubject& subject : subjects) {
    benchmarks.add(stream_name(subject.model), kStreamingTime, [step = subject.libtorch]() -> Step {
      return [step, voltage = std::make_shared<float>(0.9F)] {
        const torch::NoGradGuard no_derivatives;
        *voltage = -*voltage;
        benchmark::DoNotOptimize(step(*voltage));
      };
    });
  }
}

}  // namespace

TrainBenchmark train_benchmark(const TaskProgress& progress) {
  const std::vector<InstructionSet> sets = measured_sets();
  TrainBenchmark result;
  BenchmarkConditions& conditions = result.conditions;
  conditions.libtorch = TORCH_VERSION;
  conditions.libtorch_loop =
      "slstm_step, mlstm_update and mlstm_readout of equations/cells.hpp, sample by sample; "
      "batched: equations::published_network";
  conditions.blas_core = training::blas_core();
  progress(0, "gradients");
  conditions.gradient_difference = measured_gradient_difference(sets);

  const std::vector<StreamingSubject> subjects = streaming_subjects();
  Benchmarks benchmarks(progress);
  add_training(benchmarks, sets);
  add_streaming(benchmarks, subjects);
  add_peaks(benchmarks, sets);
  const BestSeconds best = benchmarks.run();
  for (const InstructionSet set : sets) {
    const double operations = kernels::peak_operations<float>(set);
    conditions.peaks.push_back(
        {std::string(kernels::name(set)), operations / best.of(peak_name(set)) * 1e-9});
  }

  for (const int batch : kBatches) {
    for (std::size_t i = 0; i < sets.size(); ++i) {
      TrainingSpeed speed{.batch = batch, .isa = conditions.peaks[i].isa};
      speed.samples_per_s = kSteps * batch / best.of(kernels_name(sets[i], batch));
      speed.libtorch_loop_samples_per_s = kSteps * batch / best.of(loop_name(batch));
      speed.ratio_to_libtorch_loop = speed.samples_per_s / speed.libtorch_loop_samples_per_s;
      speed.libtorch_batched_samples_per_s = kSteps * batch / best.of(batched_name(batch));
      speed.ratio_to_libtorch_batched = speed.samples_per_s / speed.libtorch_batched_samples_per_s;
      speed.fraction_of_fma_peak =
          speed.samples_per_s * kSampleKiloFlop * 1e-6 / conditions.peaks[i].gflop_per_s;
      result.teacher_training.push_back(speed);
    }
  }
  for (const StreamingSubject& subject : subjects) {
    progress(1, "step of " + subject.model);
    result.streaming.push_back(
        {subject.model, subject.nanoseconds(), 1e9 * best.of(stream_name(subject.model))});
  }
  return result;
}

}  // namespace psi_xlstm
