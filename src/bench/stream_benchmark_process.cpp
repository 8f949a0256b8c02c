#include <fmt/format.h>

#include <filesystem>
#include <system_error>

#include "bench/stream_benchmark.hpp"
#include "core/atomic_file.hpp"
#include "core/config_io.hpp"
#include "jobs/trainer_process.hpp"

namespace psi_xlstm {

StreamOutcome run_stream_benchmark(const StreamBenchmarkOptions& options,
                                   const StreamProgress& progress) {
  namespace fs = std::filesystem;
  const fs::path file =
      fs::temp_directory_path() / fmt::format("psi_bench_stream_{}.json", unforeseeable_name());
  const TrainerReport report = run_trainers(
      {{.name = "teachers",
        .arguments = {"bench-stream", "--json", file.string(), "--samples",
                      std::to_string(options.samples), "--passes",
                      std::to_string(options.passes)}}},
      {.processes = 1},
      [&](std::size_t, double done, const std::string& detail) { progress(done, detail); });
  StreamOutcome outcome{.interrupted = report.interrupted};
  if (report.outcomes.front().done) {
    outcome.benchmark = read_config<StreamBenchmark>(file);
  } else {
    outcome.reason = "teachers: " + report.outcomes.front().reason;
  }
  std::error_code ignored;
  fs::remove(file, ignored);
  return outcome;
}

}  // namespace psi_xlstm
