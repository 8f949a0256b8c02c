/// @file
/// What the benchmark compares computes the same.

#include "bench/torch/benchmark_subjects.hpp"

#include <gtest/gtest.h>
#include <torch/types.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "ir/streaming.hpp"
#include "model/streaming.hpp"
#include "support/network_stock.hpp"
#include "support/networks.hpp"

namespace psi_xlstm {
namespace {

TEST(Trainers, HaveTheSameGradientsStepAfterStep) {
  const TrainingProblem problem = training_problem(24, 3);
  for (const kernels::InstructionSet set : kernels::available_instruction_sets()) {
    const auto fused = kernel_trainer(problem, set);
    const auto plain = plain_libtorch_trainer(problem);
    const auto batched = batched_libtorch_trainer(problem);
    for (int step = 0; step < 4; ++step) {  // the states are carried, the parameters move
      for (TrainingSubject* trainer : {fused.get(), plain.get(), batched.get()}) trainer->step();
      EXPECT_LT(gradient_difference(problem.shape, fused->gradient(), plain->gradient()), 1e-3)
          << kernels::name(set) << ", step " << step;
      EXPECT_LT(gradient_difference(problem.shape, batched->gradient(), plain->gradient()), 1e-3)
          << "step " << step;
    }
  }
}

TEST(Trainers, LearnFromTheStart) {
  const TrainingProblem problem = training_problem(24, 2);
  const auto trainer = kernel_trainer(problem, kernels::best_instruction_set());
  trainer->step();
  const std::vector<float> first = trainer->gradient();
  trainer->step();
  EXPECT_GT(gradient_difference(problem.shape, first, trainer->gradient()), 1e-3);
}

TEST(GradientDifference, IsRelativeToTheBlock) {
  const kernels::NetworkShape shape = kernels::teacher_shape(kernels::Convention::kXlstm);
  std::vector<float> wanted(kernels::parameter_count(shape), 0.5F);
  const auto blocks = kernels::parameter_blocks(shape);
  const kernels::ParameterBlock& block = kernels::block(blocks, "layers.0.bias");
  wanted[block.offset] = 4;
  std::vector<float> found = wanted;
  EXPECT_EQ(gradient_difference(shape, found, wanted), 0);
  found[block.offset + 3] += 0.04F;
  EXPECT_NEAR(gradient_difference(shape, found, wanted), 0.01, 1e-6);
}

std::vector<float> voltages() {
  std::vector<float> out;
  for (int k = 0; k < 60; ++k) out.push_back(0.9F * static_cast<float>(std::sin(0.3 * k)));
  return out;
}

void expect_same(const std::vector<double>& found, const std::vector<double>& wanted) {
  double size = 0;
  for (const double y : wanted) size = std::max(size, std::abs(y));
  EXPECT_GT(size, 1e-3);
  for (std::size_t k = 0; k < wanted.size(); ++k) {
    EXPECT_NEAR(found[k], wanted[k], 1e-4 * size) << k;
  }
}

StoredNetwork drawn(const std::string& model, const char* protocol) {
  NetworkConfig config;
  config.kind = *value_named<NetworkKind>(model);
  return testing::drawn_network(config, protocol, 5);
}

void expect_published_steps(const std::string& model) {
  const torch::NoGradGuard no_derivatives;
  StoredNetwork stored = drawn(model, "published");
  stored.time_scale = 1;
  const LibtorchStep step = libtorch_step(stored);
  const auto streamer = make_streamer(stored, 0);
  std::vector<double> found, wanted;
  for (const float v : voltages()) {
    wanted.push_back(static_cast<double>(step(v)));
    found.push_back(streamer->step(0.1, static_cast<double>(v)));  // t / time_scale of the step
  }
  expect_same(found, wanted);
}

class LibtorchSteps : public ::testing::TestWithParam<const char*> {};

TEST_P(LibtorchSteps, AreThoseOfThePublishedKernels) { expect_published_steps(GetParam()); }

TEST_P(LibtorchSteps, AreThoseOfTheRelaxationKernels) {
  const torch::NoGradGuard no_derivatives;
  const StoredNetwork stored = drawn(GetParam(), "known_start");
  const LibtorchStep step = libtorch_step(stored);
  const double start = 0.1;  // ln(g0 / gs) of the step
  const auto streamer = make_streamer(stored, stored.conductance_scale * std::exp(start));
  double time = 0;
  streamer->step(time, 0);
  std::vector<double> found, wanted;
  for (const float voltage : voltages()) {
    const double v = static_cast<double>(voltage) + 1.5;  // no current says nothing
    wanted.push_back(static_cast<double>(step(static_cast<float>(v))));
    time += stored.reference_step;
    found.push_back(std::log(streamer->step(time, v) / (v * stored.conductance_scale)));
  }
  const double tie = found[0] - wanted[0];
  for (double& y : found) y -= tie;
  expect_same(found, wanted);
}

INSTANTIATE_TEST_SUITE_P(OfEveryKind,
                         LibtorchSteps,
                         ::testing::Values("teacher", "clustering", "low_rank"));

TEST(LibtorchStepOfAnMlp, IsThatOfTheKernels) { expect_published_steps("mlp"); }

TEST(LibtorchStepOfACompactStudent, IsThatOfTheKernels) {
  const torch::NoGradGuard no_derivatives;
  for (const ir::Network& network : {testing::one_state(), testing::three_states()}) {
    const LibtorchStep step = libtorch_step(network);
    ir::CompactStream<double> stream(network);
    const std::vector<double> zero(static_cast<std::size_t>(network.state_count()), 0.0);
    stream.start(zero, 0);
    std::vector<double> found, wanted;
    for (const float v : voltages()) {
      wanted.push_back(static_cast<double>(step(v)));
      stream.step(network.reference_step, static_cast<double>(v));
      found.push_back(stream.conductance() / network.conductance().scale);
    }
    expect_same(found, wanted);
  }
}

}  // namespace
}  // namespace psi_xlstm
