#include "compression/forget_gate_clusters.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

namespace psi_xlstm::compression {
namespace {

using kernels::Convention;
using kernels::NetworkShape;

std::vector<float> random_parameters(const NetworkShape& shape, std::uint32_t seed) {
  Rng rng(seed);
  std::vector<float> out(parameter_count(shape));
  for (float& x : out) x = static_cast<float>(rng.normal());
  return out;
}

std::vector<double> in_double(const std::vector<float>& x) { return {x.begin(), x.end()}; }

TEST(ForgetGateClusters, TyingLeavesExactlyKDifferentGates) {
  const NetworkShape shape = clustering_student_shape(Convention::kContinuous, 3);
  std::vector<float> parameters = random_parameters(shape, 1);
  EXPECT_EQ(distinct_forget_gates(shape, in_double(parameters), 0), 32);
  Rng rng(2);
  const std::vector<int> assignment = cluster_forget_gates(shape, parameters, rng);
  ASSERT_EQ(assignment.size(), 64u);
  tie_forget_gates(shape, assignment, parameters);
  for (int layer : {0, 1}) EXPECT_EQ(distinct_forget_gates(shape, in_double(parameters), layer), 3);
}

TEST(ForgetGateClusters, TyingTouchesForgetGatesOnly) {
  const NetworkShape shape = clustering_student_shape(Convention::kContinuous, 2);
  const std::vector<float> before = random_parameters(shape, 3);
  std::vector<float> after = before;
  Rng rng(2);
  tie_forget_gates(shape, cluster_forget_gates(shape, after, rng), after);
  const auto blocks = parameter_blocks(shape);
  const auto& weight = block(blocks, "layers.0.weight");
  const std::size_t first = weight.offset + 32 * 32, last = first + 32 * 32;
  for (std::size_t i = weight.offset; i < weight.offset + weight.size(); ++i) {
    if (i < first || i >= last) {
      EXPECT_EQ(before[i], after[i]) << i;
    }
  }
  EXPECT_NE(std::vector<float>(before.begin() + static_cast<std::ptrdiff_t>(first),
                               before.begin() + static_cast<std::ptrdiff_t>(last)),
            std::vector<float>(after.begin() + static_cast<std::ptrdiff_t>(first),
                               after.begin() + static_cast<std::ptrdiff_t>(last)));
}

TEST(ForgetGateClusters, FindsGatesThatAreAlikeAlready) {
  const NetworkShape shape = clustering_student_shape(Convention::kContinuous, 3);
  std::vector<float> parameters = random_parameters(shape, 4);
  std::vector<int> wanted;
  for (int j = 0; j < 64; ++j) wanted.push_back(j % 3);
  tie_forget_gates(shape, wanted, parameters);
  Rng rng(5);
  const std::vector<int> found = cluster_forget_gates(shape, parameters, rng);
  for (int j = 0; j < 32; ++j) {
    for (int i = 0; i < 32; ++i) {
      EXPECT_EQ(found[static_cast<std::size_t>(i)] == found[static_cast<std::size_t>(j)],
                wanted[static_cast<std::size_t>(i)] == wanted[static_cast<std::size_t>(j)]);
    }
  }
}

TEST(ForgetGateClusters, CentresAreTheMeansOfTheirRows) {
  const NetworkShape shape = clustering_student_shape(Convention::kContinuous, 2);
  std::vector<float> parameters = random_parameters(shape, 6);
  std::vector<int> halves(64, 0);
  for (std::size_t j = 16; j < 32; ++j) halves[j] = 1;
  set_centres(shape, halves, parameters);
  const auto blocks = parameter_blocks(shape);
  const float* weight = parameters.data() + block(blocks, "layers.0.weight").offset + 32 * 32;
  double mean = 0;
  for (int j = 16; j < 32; ++j) mean += weight[j * 32 + 7] / 16.0;
  EXPECT_NEAR(parameters[block(blocks, "layers.0.centres").offset + 32 + 7], mean, 1e-6);
  // The second layer has an assignment of its own: all of it is one cluster.
  const float* second = parameters.data() + block(blocks, "layers.1.weight").offset + 32 * 32;
  double all = 0;
  for (int j = 0; j < 32; ++j) all += second[j * 32 + 7] / 32.0;
  EXPECT_NEAR(parameters[block(blocks, "layers.1.centres").offset + 7], all, 1e-6);
  const float* bias = parameters.data() + block(blocks, "layers.0.bias").offset + 32;
  double bias_mean = 0;
  for (int j = 0; j < 16; ++j) bias_mean += bias[j] / 16.0;
  EXPECT_NEAR(centre_biases(shape, halves, parameters, 0)[0], bias_mean, 1e-6);
}

// Two layers: 32 rows become 3, of 32 + 32 + 1 numbers each; the 3 x 32 centres are those rows.
TEST(ForgetGateClusters, CountsTiedRowsOnce) {
  EXPECT_EQ(tied_parameter_count(clustering_student_shape(Convention::kXlstm, 3)),
            16961 - 2 * (29 * 65 + 96));
}

}  // namespace
}  // namespace psi_xlstm::compression
