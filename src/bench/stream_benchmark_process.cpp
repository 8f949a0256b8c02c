#include "bench/stream_benchmark.hpp"
#include "bench/trainer_measurement.hpp"
#include "core/json/config_io.hpp"

namespace psi_xlstm {

StreamOutcome run_stream_benchmark(const StreamBenchmarkOptions& options,
                                   const StreamProgress& progress) {
  const TrainerMeasurement measured =
      measure_in_trainer("bench_stream", "teachers",
                         {{"samples", options.samples}, {"passes", options.passes}}, progress);
  StreamOutcome outcome{.reason = measured.reason, .interrupted = measured.interrupted};
  if (!measured.text.empty()) {
    outcome.benchmark =
        config_from_json<StreamBenchmark>(parse_json(measured.text, "teachers"), "teachers");
  }
  return outcome;
}

}  // namespace psi_xlstm
