#pragma once

/// @file
/// How long a step of the teacher takes along a published drive, one sequence, one sample at a
/// time: eagerly in LibTorch and by the fused kernels.

#include <functional>
#include <string>
#include <vector>

namespace psi_xlstm {

/// One teacher. Times are what the thread had of a core, medians over the passes.
struct TeacherSpeed {
  std::string model;     ///< "teacher" (published) or "teacher, known start".
  std::string libtorch;  ///< Version.
  int samples = 0;       ///< Of one pass.
  double libtorch_ns_per_step = 0;
  double kernel_ns_per_step = 0;

  template <class Self, class Visitor>
  static void fields(Self& s, Visitor& visit) {
    visit("model", s.model);
    visit("libtorch", s.libtorch);
    visit("samples", s.samples);
    visit("libtorch_ns_per_step", s.libtorch_ns_per_step);
    visit("kernel_ns_per_step", s.kernel_ns_per_step);
  }
};

/// What the trainer's process stores.
struct StreamBenchmark {
  std::vector<TeacherSpeed> teacher;

  template <class Self, class Visitor>
  static void fields(Self& b, Visitor& visit) {
    visit("teacher", b.teacher);
  }
};

/// How far and how often.
struct StreamBenchmarkOptions {
  int samples = 40'000;  ///< Of the last published drive, from its start.
  int passes = 5;
};

/// Told how far the measurement is (0 to 1), and what comes next. May throw to end it.
using StreamProgress = std::function<void(double done, const std::string& detail)>;

/// Streams untrained teachers (the time does not depend on the numbers), of the published protocol
/// and of the known start. Part of the library that needs LibTorch.
StreamBenchmark stream_benchmark(const StreamBenchmarkOptions& options,
                                 const StreamProgress& progress);

/// What stream_benchmark() gave in a process of its own.
struct StreamOutcome {
  StreamBenchmark benchmark;
  std::string reason;        ///< Why there is none, one sentence; empty where there is one.
  bool interrupted = false;  ///< From the terminal.
};

/// stream_benchmark() in a process of its own (trainer_measurement.hpp), which is what loads
/// LibTorch. Throws as LocalPool::run() does.
StreamOutcome run_stream_benchmark(const StreamBenchmarkOptions& options,
                                   const StreamProgress& progress);

}  // namespace psi_xlstm
