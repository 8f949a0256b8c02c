#include "training/initialization.hpp"

#include <gtest/gtest.h>
#include <torch/types.h>

#include <algorithm>
#include <cmath>

#include "equations/network.hpp"

namespace psi_xlstm::models {
namespace {

using kernels::Convention;

constexpr double kStep = 50e-9;

TEST(PublishedStart, ForgetBiasesAreThoseOfTheStudy) {
  Rng rng(1);
  const auto shape = teacher_shape(Convention::kXlstm);
  const std::vector<double> start = published_start(shape, rng);
  const auto blocks = parameter_blocks(shape);
  const double* bias = start.data() + block(blocks, "layers.0.bias").offset + 64;
  EXPECT_DOUBLE_EQ(bias[0], 3);
  EXPECT_DOUBLE_EQ(bias[63], 6);
  const double* recurrent = start.data() + block(blocks, "layers.0.recurrent").offset;
  EXPECT_EQ(*std::max_element(recurrent, recurrent + 256 * 64), 0);
  const double* memory = start.data() + block(blocks, "layers.1.forget_gate.bias").offset;
  EXPECT_DOUBLE_EQ(memory[0], 3);
  EXPECT_DOUBLE_EQ(memory[3], 6);
}

// tau = dt0 / softplus(-bias), from a microsecond to ten milliseconds, evenly over the logarithm.
TEST(RelaxationStart, TimeConstantsAreSpreadOverTheLogarithm) {
  Rng rng(1);
  const auto shape = clustering_student_shape(Convention::kContinuous);
  const std::vector<double> start = relaxation_start(shape, kStep, rng);
  const double* bias = start.data() + block(parameter_blocks(shape), "layers.1.bias").offset + 32;
  const auto tau = [&](int j) { return kStep / std::log1p(std::exp(-bias[j])); };
  EXPECT_NEAR(std::log10(tau(0)), -6 + 4 * 0.5 / 32, 1e-6);
  EXPECT_NEAR(std::log10(tau(31)), -6 + 4 * 31.5 / 32, 1e-6);
  EXPECT_NEAR(std::log10(tau(16)) - std::log10(tau(15)), 4.0 / 32, 1e-6);
}

// A start that is finite, moves under a voltage, and is the same for the same seed.
TEST(RelaxationStart, GivesNetworksThatMove) {
  for (const auto& shape :
       {teacher_shape(Convention::kContinuous), clustering_student_shape(Convention::kContinuous),
        low_rank_student_shape(Convention::kContinuous, 4)}) {
    Rng rng(5), again(5);
    const std::vector<double> start = relaxation_start(shape, kStep, rng);
    EXPECT_EQ(start, relaxation_start(shape, kStep, again));
    const auto p = torch::tensor(start, torch::kFloat64);
    auto inputs = torch::full({40, 1, 2}, 0.3, torch::kFloat64);
    inputs.select(2, 0).fill_(1.0);
    auto rest = torch::tensor({{0.0, 0.3}}, torch::kFloat64);
    const auto run =
        equations::relaxation_network(shape, p, inputs, torch::full({39, 1}, 1e-6, torch::kFloat64),
                                      kStep, equations::rest_state(shape, p, rest));
    const auto y = run.output.squeeze(1);
    EXPECT_TRUE(torch::isfinite(y).all().item<bool>());
    EXPECT_GT((y[39] - y[0]).abs().item<double>(), 1e-4);
  }
}

}  // namespace
}  // namespace psi_xlstm::models
