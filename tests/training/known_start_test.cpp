#include "training/known_start.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <limits>
#include <string>
#include <vector>

#include "devices/published_recipe.hpp"
#include "training/initialization.hpp"

namespace psi_xlstm::training {
namespace {

// Whether the training from the start that `seed` draws kept an average: the curve has chi^2 of the
// parameters themselves, so that only an average can be below all of it.
bool kept_an_average(std::uint32_t seed) {
  const Dataset data = published_dataset({.seed = 42});
  kernels::NetworkShape shape = kernels::teacher_shape(kernels::Convention::kContinuous);
  shape.width = 4;
  shape.layers.resize(1);
  shape.layers[0].hidden = 4;
  NetworkConfig config;
  config.phases.resize(1);
  config.phases[0].steps = 300;
  config.phases[0].decimation = 64;
  config.phases[0].samples = 300;
  config.phases[0].learning_rate = 0.03;
  config.phases[0].final_fraction = 1;
  Rng rng(seed);
  const auto file = std::filesystem::path(::testing::TempDir()) / "known_start_test.safetensors";
  std::filesystem::remove(file);
  const TrainingOutcome outcome =
      train_known_start({config, 3, {file, "this"}, [](double, const std::string&) {}}, shape,
                        models::relaxation_start(shape, 50e-9, rng), {.data = &data});
  EXPECT_TRUE(outcome.usable) << outcome.reason;
  double best = std::numeric_limits<double>::infinity();
  for (const CurvePoint& point : outcome.state.curve) best = std::min(best, point.validation);
  EXPECT_LE(outcome.state.best_validation, best);
  return outcome.state.best_validation < best;
}

// Steps that stay long go to and fro around what they look for; their average does not. Which of
// the two is better at a validation is chance, so one start of several is asked for.
TEST(TrainKnownStart, KeepsTheAverageWhereItIsBetterThanTheParameters) {
  const std::vector<std::uint32_t> seeds = {7, 8, 9, 10, 11, 12};
  EXPECT_TRUE(std::any_of(seeds.begin(), seeds.end(), kept_an_average));
}

}  // namespace
}  // namespace psi_xlstm::training
