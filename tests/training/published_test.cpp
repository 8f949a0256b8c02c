#include "training/published.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>
#include <string>
#include <vector>

#include "devices/published_recipe.hpp"
#include "training/initialization.hpp"

namespace psi_xlstm::training {
namespace {

void silent(double, const std::string&) {}

// A student so small that an epoch takes a moment.
kernels::NetworkShape shape_of(int hidden) {
  kernels::NetworkShape shape = kernels::low_rank_student_shape(kernels::Convention::kXlstm);
  shape.width = 4;
  shape.layers.resize(1);
  shape.layers[0].hidden = hidden;
  shape.layers[0].heads = 1;
  return shape;
}

NetworkConfig student(int epochs) {
  NetworkConfig config;
  config.kind = NetworkKind::kLowRank;
  config.phases.resize(1);
  config.phases[0].steps = epochs;
  config.phases[0].samples = 4000;
  return config;
}

class TrainPublished : public ::testing::Test {
 protected:
  static TrainingOutcome train(const NetworkConfig& config,
                               const Dataset& data,
                               const PublishedTeacher* teacher) {
    const kernels::NetworkShape shape = shape_of(4);
    Rng rng(7);
    const auto file = std::filesystem::path(::testing::TempDir()) / "published_test.safetensors";
    std::filesystem::remove(file);
    return train_published({config, 3, {file, "this"}, silent}, shape,
                           models::published_start(shape, rng), data, {}, teacher);
  }

  static inline const Dataset data_ = published_dataset({.seed = 123});
};

// Whatever the records of the test are, the same epoch is kept, with the same losses.
TEST_F(TrainPublished, DoesNotLookAtTheRecordsOfTheTest) {
  Dataset other = data_;
  for (int r : other.split.test) {
    for (double& i : other.records[static_cast<std::size_t>(r)].current[0]) i = 1;
  }
  const TrainingOutcome found = train(student(2), other, nullptr);
  const TrainingOutcome wanted = train(student(2), data_, nullptr);
  ASSERT_TRUE(found.usable) << found.reason;
  EXPECT_EQ(found.state.curve, wanted.state.curve);
  EXPECT_EQ(found.parameters, wanted.parameters);
}

// The loss of a network that says 0 is the mean square of the validation record, and that alone.
TEST_F(TrainPublished, ChoosesOnTheValidationRecord) {
  NetworkConfig config = student(1);
  config.phases[0].learning_rate = 1e-30;
  const kernels::NetworkShape shape = shape_of(4);
  const std::vector<double> nothing(parameter_count(shape), 0.0);
  const auto file = std::filesystem::path(::testing::TempDir()) / "published_zero.safetensors";
  std::filesystem::remove(file);
  const PublishedScales scales{.current = current_scale(data_)};
  const TrainingOutcome found =
      train_published({config, 3, {file, "this"}, silent}, shape, nothing, data_, scales, nullptr);
  double sum = 0;
  const Record& record = data_.records[7];
  for (double i : record.current[0]) sum += i * i / (scales.current * scales.current);
  ASSERT_EQ(found.state.curve.size(), 1u);
  EXPECT_NEAR(found.state.curve[0].validation / (sum / static_cast<double>(record.size())), 1,
              1e-4);
}

// Nothing moves, so an epoch only adds up the loss of the network it was given: the same however
// the sequences are cut into windows, because each goes on where the last one ended. Their second
// half from the start of a network is something else.
TEST_F(TrainPublished, CarriesTheStateFromWindowToWindow) {
  const auto loss = [](const Dataset& data, int samples) {
    NetworkConfig config = student(1);
    config.phases[0].samples = samples;
    config.phases[0].learning_rate = 1e-30;
    const TrainingOutcome out = train(config, data, nullptr);
    EXPECT_TRUE(out.usable) << out.reason;
    return out.state.curve.at(0).training;
  };
  const auto part = [](std::size_t from, std::size_t to) {
    Dataset cut = data_;
    const auto between = [&](std::vector<double>& x) {
      x = std::vector<double>(x.begin() + static_cast<std::ptrdiff_t>(from),
                              x.begin() + static_cast<std::ptrdiff_t>(to));
    };
    for (Record& record : cut.records) {
      between(record.time);
      between(record.voltage[0]);
      between(record.current[0]);
    }
    return cut;
  };
  const Dataset whole = part(0, 2000);
  const double uncut = loss(whole, 2000);
  EXPECT_NEAR(loss(whole, 1000) / uncut, 1, 1e-5);
  EXPECT_NEAR(loss(whole, 300) / uncut, 1, 1e-5);  // the last window is shorter
  const double from_the_start = (loss(part(0, 1000), 1000) + loss(part(1000, 2000), 1000)) / 2;
  EXPECT_GT(std::abs(from_the_start / uncut - 1), 1e-3);
}

TEST_F(TrainPublished, DoesNotRunATeacherWithoutWeight) {
  const kernels::NetworkShape shape = shape_of(6);
  Rng rng(5);
  const PublishedTeacher teacher{shape, models::published_start(shape, rng)};
  NetworkConfig config = student(1);
  const TrainingOutcome alone = train(config, data_, nullptr);
  const TrainingOutcome without = train(config, data_, &teacher);
  EXPECT_EQ(without.state.curve, alone.state.curve);
  EXPECT_EQ(without.state.parameters, alone.state.parameters);  // no projection behind them
  config.distillation.alpha = 1;
  const TrainingOutcome with = train(config, data_, &teacher);
  EXPECT_GT(with.state.curve[0].hidden, 0);
  EXPECT_GT(with.state.parameters.size(), alone.state.parameters.size());
}

}  // namespace
}  // namespace psi_xlstm::training
