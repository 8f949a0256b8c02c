#include "training/loop.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <limits>
#include <string>
#include <utility>
#include <vector>

namespace psi_xlstm::training {
namespace {

constexpr double kNoLoss = std::numeric_limits<double>::quiet_NaN();

// One number goes down a parabola with a little noise; validation losses are those of a list, or
// the parabola where it is at its end.
class Parabola : public Objective {
 public:
  explicit Parabola(std::vector<double> losses = {}) : losses_(std::move(losses)) {}

  TrainingState begin() const override { return begin_training({2, 7}, 5); }
  CheckpointSizes sizes() const override { return {.parameters = 2}; }
  std::size_t network_numbers() const override { return 1; }
  void enter(const PhaseConfig& phase) override { entered.push_back(phase.steps); }
  void regroup(TrainingState& state) override { regrouped.push_back(state.done); }

  std::string advance(const PhaseConfig& phase, int in_phase, TrainingState& state) override {
    if (state.done == fails_at) return "it fails";
    const auto noise = static_cast<float>(0.1 * state.rng.normal());
    const std::vector<float> gradient = {2 * state.parameters[0] + noise, 0};
    optimizer_step(state, gradient, learning_rate(phase, in_phase), 1e9, 0);
    return "";
  }
  Judgement judge(const TrainingState& state) override {
    judged.push_back(state.done);
    const std::size_t k = judged.size() - 1;
    const double x = static_cast<double>(state.parameters[0]);
    const double loss = k < losses_.size() ? losses_[k] : x * x;
    return {.point = {.validation = loss}, .candidates = {{&state.parameters, loss}}};
  }

  int fails_at = -1;
  std::vector<int> entered, regrouped, judged;

 private:
  std::vector<double> losses_;
};

PhaseConfig phase(int steps) {
  PhaseConfig out;
  out.steps = steps;
  out.learning_rate = 0.05;
  return out;
}

std::filesystem::path no_file(const char* name) {
  const auto file = std::filesystem::path(::testing::TempDir()) / name;
  std::filesystem::remove(file);
  return file;
}

void tell_nobody(double, const std::string&) {}

TrainingOutcome run(Parabola& parabola, const Schedule& schedule) {
  return optimise(parabola, schedule, {no_file("loop.safetensors"), "this"}, tell_nobody);
}

TEST(Optimise, DoesAllPhasesAndLooksAtEveryInterval) {
  Parabola parabola;
  const TrainingOutcome out = run(parabola, {.phases = {phase(25), phase(10)}, .interval = 10});
  EXPECT_TRUE(out.usable) << out.reason;
  EXPECT_EQ(parabola.entered, (std::vector<int>{25, 10}));
  EXPECT_EQ(parabola.regrouped, (std::vector<int>{0, 10, 20, 30}));
  EXPECT_EQ(parabola.judged, (std::vector<int>{10, 20, 25, 30, 35}));
  ASSERT_EQ(out.state.curve.size(), 5u);
  EXPECT_EQ(out.state.curve[2].step, 25);
  EXPECT_EQ(out.parameters.size(), 1u);  // what is behind the network's own is not kept
}

TEST(Optimise, KeepsTheBestThatCounts) {
  Parabola parabola({0.1, 4, 2, 3});
  const TrainingOutcome out = run(parabola, {.phases = {phase(4)}, .judge_after = 0.5});
  EXPECT_EQ(out.state.best_step, 3);
  EXPECT_EQ(out.state.best_validation, 2);
}

TEST(Optimise, ForgetsEarlierPhasesWhereTheirLossesAreOthers) {
  for (const bool fresh : {false, true}) {
    Parabola parabola({1, 5, 4});
    const TrainingOutcome out =
        run(parabola, {.phases = {phase(1), phase(2)}, .fresh_phases = fresh});
    EXPECT_EQ(out.state.best_step, fresh ? 3 : 1);
  }
}

TEST(Optimise, SaysWhyItEnded) {
  Parabola parabola;
  parabola.fails_at = 3;
  const TrainingOutcome failed = run(parabola, {.phases = {phase(3), phase(5)}});
  EXPECT_FALSE(failed.usable);
  EXPECT_EQ(failed.reason, "it fails");
  EXPECT_EQ(failed.state.curve.size(), 3u);
  Parabola blind({kNoLoss, kNoLoss});
  const TrainingOutcome out = run(blind, {.phases = {phase(2)}});
  EXPECT_FALSE(out.usable);
  EXPECT_EQ(out.reason, "no validation loss was finite");
}

struct Stop {};

// Ended at every place where it tells of itself, and started again: the same numbers.
TEST(Optimise, GoesOnWhereItWasEnded) {
  const Schedule schedule{.phases = {phase(25), phase(10)}, .interval = 10};
  Parabola whole;
  const TrainingOutcome wanted = run(whole, schedule);
  for (int place = 1; place <= 4; ++place) {
    const Checkpoint checkpoint{no_file("loop_ended.safetensors"), "this"};
    int told = 0;
    Parabola first, second;
    EXPECT_THROW(optimise(first, schedule, checkpoint,
                          [&](double, const std::string&) {
                            if (++told == place) throw Stop{};
                          }),
                 Stop);
    const TrainingOutcome found = optimise(second, schedule, checkpoint, tell_nobody);
    EXPECT_EQ(second.judged.size() + first.judged.size(), 5u);
    EXPECT_EQ(found.parameters, wanted.parameters);
    EXPECT_EQ(found.state.parameters, wanted.state.parameters);
    EXPECT_EQ(found.state.curve, wanted.state.curve);
    EXPECT_EQ(found.state.best_step, wanted.state.best_step);
  }
}

}  // namespace
}  // namespace psi_xlstm::training
