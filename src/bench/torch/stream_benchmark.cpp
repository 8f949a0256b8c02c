#include "bench/stream_benchmark.hpp"

#include <fmt/format.h>
#include <torch/types.h>
#include <torch/version.h>

#include <utility>

#include "bench/torch/benchmark_subjects.hpp"
#include "core/thread_time.hpp"
#include "devices/published_recipe.hpp"
#include "metrics/statistics.hpp"
#include "model/streaming.hpp"
#include "psi_xlstm/core/error.hpp"

namespace psi_xlstm {
namespace {

// The begin of the last published sequence.
struct Drive {
  std::vector<double> time, voltage;
};

Drive drive(int samples) {
  const PublishedTones tones = published_tones(kPublishedSequences - 1);
  Drive out{.time = published_times()};
  if (samples < 1 || samples > static_cast<int>(out.time.size())) {
    throw ConfigError(fmt::format("stream benchmark: expected 1 to {} samples, found {}",
                                  out.time.size(), samples));
  }
  out.time.resize(static_cast<std::size_t>(samples));
  for (double t : out.time) out.voltage.push_back(published_drive(t, tones.low, tones.high));
  return out;
}

// Nanoseconds per sample of one pass of `step`(time, voltage) along `input`.
template <class Step>
double pass(const Drive& input, Step&& step) {
  [[maybe_unused]] volatile double seen = 0;  // what nobody reads would not be computed
  const double start = thread_seconds();
  for (std::size_t k = 0; k < input.time.size(); ++k) seen = step(input.time[k], input.voltage[k]);
  return 1e9 * (thread_seconds() - start) / static_cast<double>(input.time.size());
}

struct Teacher {
  std::string name;
  LibtorchStep libtorch;
  std::unique_ptr<Streamer> kernels;
  std::vector<double> libtorch_times = {}, kernel_times = {};
};

Teacher teacher(const std::string& name, kernels::Convention convention) {
  const StoredNetwork network = untrained_network(NetworkKind::kTeacher, convention);
  return {.name = name,
          .libtorch = libtorch_step(network),
          .kernels = make_streamer(network, network.conductance_scale)};
}

}  // namespace

StreamBenchmark stream_benchmark(const StreamBenchmarkOptions& options,
                                 const StreamProgress& progress) {
  const Drive input = drive(options.samples);
  std::vector<Teacher> teachers;
  teachers.push_back(teacher("teacher", kernels::Convention::kXlstm));
  teachers.push_back(teacher("teacher, known start", kernels::Convention::kContinuous));
  const torch::NoGradGuard no_derivatives;
  for (int k = 0; k < options.passes; ++k) {
    for (Teacher& t : teachers) {
      progress(static_cast<double>(k) / options.passes, t.name + " in LibTorch");
      t.libtorch_times.push_back(pass(
          input, [&](double, double voltage) { return t.libtorch(static_cast<float>(voltage)); }));
      t.kernel_times.push_back(
          pass(input, [&](double time, double voltage) { return t.kernels->step(time, voltage); }));
    }
  }
  StreamBenchmark result;
  for (const Teacher& t : teachers) {
    result.teacher.push_back({.model = t.name,
                              .libtorch = TORCH_VERSION,
                              .samples = options.samples,
                              .libtorch_ns_per_step = median(t.libtorch_times),
                              .kernel_ns_per_step = median(t.kernel_times)});
  }
  return result;
}

}  // namespace psi_xlstm
