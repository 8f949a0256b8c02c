#include "training/optimizer.hpp"

#include <gtest/gtest.h>
#include <torch/nn/utils/clip_grad.h>
#include <torch/optim/adamw.h>
#include <torch/types.h>

#include <cmath>
#include <limits>

namespace psi_xlstm::training {
namespace {

// Ten steps of LibTorch's AdamW with the same clipped gradients.
TEST(OptimizerStep, IsAdamWOfLibTorch) {
  const std::vector<double> start = {0.5, -1, 2};
  TrainingState state = begin_training(start, 1);
  torch::Tensor reference = torch::tensor(start, torch::kFloat32).requires_grad_(true);
  torch::optim::AdamW optimizer({reference}, torch::optim::AdamWOptions(0.01).weight_decay(0.1));
  for (int k = 0; k < 10; ++k) {
    const std::vector<float> gradient = {static_cast<float>(std::sin(k)), 3, 0.1f};
    optimizer_step(state, gradient, 0.01, /*clip=*/1, /*weight_decay=*/0.1);
    reference.mutable_grad() = torch::tensor(gradient);
    torch::nn::utils::clip_grad_norm_(reference, 1);
    optimizer.step();
  }
  EXPECT_EQ(state.step, 10);
  for (int i = 0; i < 3; ++i) {
    EXPECT_NEAR(state.parameters[static_cast<std::size_t>(i)], reference[i].item<float>(), 1e-6);
  }
}

TEST(OptimizerStep, LeavesEverythingWhereTheGradientIsNotFinite) {
  TrainingState state = begin_training({1, 2}, 1);
  const std::vector<float> gradient = {std::numeric_limits<float>::quiet_NaN(), 0};
  EXPECT_FALSE(std::isfinite(optimizer_step(state, gradient, 0.1, 1, 0)));
  EXPECT_EQ(state.step, 0);
  EXPECT_EQ(state.parameters, (std::vector<float>{1, 2}));
}

TEST(LearningRate, RisesThenFallsAlongACosine) {
  PhaseConfig phase;
  phase.steps = 1000;
  phase.learning_rate = 2;
  phase.final_fraction = 0.1;
  EXPECT_NEAR(learning_rate(phase, 0), 2.0 / 20, 1e-12);
  EXPECT_NEAR(learning_rate(phase, 500), 2 * 0.55, 1e-12);
  EXPECT_NEAR(learning_rate(phase, 1000), 2 * 0.1, 1e-12);
}

}  // namespace
}  // namespace psi_xlstm::training
