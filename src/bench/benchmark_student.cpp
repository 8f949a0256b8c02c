#include "bench/benchmark_student.hpp"

#include <fmt/format.h>

#include <utility>

#include "fit/train.hpp"
#include "model/compact_model.hpp"
#include "psi_xlstm/core/error.hpp"
#include "studies/compact/data_source.hpp"

namespace psi_xlstm {

BenchmarkStudent train_benchmark_student(int seed, int starts, const Progress& progress) {
  progress("fit", 0, fmt::format("a student of 8 features on the published data of seed {}", seed));
  const SourcedData data = load_data({.source = DataSource::kPublished, .prefix = 20e-6}, seed);
  const FitConfig config{.student = {.states = 1, .features = 8}, .starts = starts};
  fit::TrainingResult training =
      fit::train(fit::training_records(data.dataset, data.dataset.split.train, data.starts), config,
                 "student");
  if (!training.usable) {
    throw ConfigError(
        fmt::format("benchmark student, seed {}: expected a training that ends, found: {}", seed,
                    training.reason));
  }
  return {.network = std::move(training.network),
          .origin = fmt::format("trained here on the published data of seed {}, {} starts", seed,
                                starts)};
}

BenchmarkStudent stored_benchmark_student(const std::filesystem::path& file) {
  return {.network = load_model(file).network, .origin = file.string()};
}

}  // namespace psi_xlstm
