#include "training/trajectory.hpp"

#include <gtest/gtest.h>
#include <torch/types.h>

#include <limits>
#include <memory>
#include <vector>

#include "equations/network.hpp"
#include "psi_xlstm/core/error.hpp"
#include "support/tensors.hpp"

namespace psi_xlstm::models {
namespace {

using kernels::Convention;
using torch::Tensor;

Tensor random_parameters(const kernels::NetworkShape& shape) {
  torch::manual_seed(3);
  return 0.2 * torch::randn({static_cast<std::int64_t>(parameter_count(shape))});
}

double largest_difference(const Tensor& a, const Tensor& b) {
  return ((a - b).abs().max() / b.abs().max()).item<double>();
}

// A loss of outputs and hidden states through the kernels, and through the equations: equal values
// and equal gradients, so losses can be written in plain LibTorch.
TEST(PublishedTrajectory, IsTheNetworkOfTheEquationsForAutograd) {
  const auto shape = teacher_shape(Convention::kXlstm);
  const Tensor inputs = torch::randn({9, 3, 2});
  const auto loss = [](const Tensor& y, const Tensor& hidden) {
    return y.square().sum() + (hidden * hidden.cos()).sum();
  };
  TapedPublished network(shape);
  auto state = network->initial_state(3);
  const Tensor fused = random_parameters(shape).requires_grad_(true);
  const Trajectory found = published_trajectory(network, fused, inputs, state);
  loss(found.output, found.hidden[0]).backward();
  const Tensor plain = random_parameters(shape).to(torch::kFloat64).requires_grad_(true);
  const auto wanted = equations::published_network(
      shape, plain, inputs.to(torch::kFloat64), {},
      equations::empty_state(shape, 3, torch::TensorOptions(torch::kFloat64)));
  loss(wanted.output, wanted.hidden[0]).backward();
  EXPECT_LT(largest_difference(found.output, wanted.output), 1e-5);
  EXPECT_LT(largest_difference(fused.grad(), plain.grad()), 1e-5);
}

TEST(RelaxationTrajectory, IsTheNetworkOfTheEquationsForAutograd) {
  const auto shape = clustering_student_shape(Convention::kContinuous);
  const Tensor inputs = torch::randn({7, 2, 2}), rest = torch::randn({2, 2});
  const Tensor rho = 3 * torch::rand({6, 2});
  const auto loss = [](const Tensor& y, const Tensor& hidden) {
    return y.sin().sum() + hidden.square().sum();
  };
  TapedRelaxation network(shape);
  const Tensor fused = random_parameters(shape).requires_grad_(true);
  const Trajectory found = relaxation_trajectory(network, fused, inputs, rho, rest);
  loss(found.output, found.hidden[1]).backward();
  const Tensor plain = random_parameters(shape).to(torch::kFloat64).requires_grad_(true);
  const auto wanted = equations::relaxation_network(
      shape, plain, inputs.to(torch::kFloat64), rho.to(torch::kFloat64), 1.0,
      equations::rest_state(shape, plain, rest.to(torch::kFloat64)));
  loss(wanted.output, wanted.hidden[1]).backward();
  EXPECT_LT(largest_difference(found.output, wanted.output), 1e-5);
  EXPECT_LT(largest_difference(fused.grad(), plain.grad()), 2e-5);
}

TEST(RelaxationTrajectory, RefusesSizesThatDoNotFit) {
  const auto shape = clustering_student_shape(Convention::kContinuous);
  TapedRelaxation network(shape);
  const Tensor p = random_parameters(shape);
  EXPECT_THROW(relaxation_trajectory(network, p, torch::zeros({5, 2, 2}), torch::zeros({5, 2}),
                                     torch::zeros({2, 2})),
               ShapeError);
  EXPECT_THROW(relaxation_trajectory(network, p, torch::zeros({6, 2, 2}, torch::kFloat64),
                                     torch::zeros({5, 2}), torch::zeros({2, 2})),
               ShapeError);
}

// The gradient of a loss of a network that the caller has dropped since is that of one that lives.
TEST(PublishedTrajectory, KeepsItsNetworkForTheBackwardPass) {
  const auto shape = clustering_student_shape(Convention::kXlstm);
  const Tensor inputs = torch::randn({9, 3, 2});
  const auto gradient = [&](bool dropped) {
    auto network = std::make_unique<TapedPublished>(shape);
    auto state = (*network)->initial_state(3);
    const Tensor p = random_parameters(shape).requires_grad_(true);
    const Tensor loss = published_trajectory(*network, p, inputs, state).output.square().sum();
    if (dropped) {
      network.reset();
      TapedPublished other(shape);  // where the dropped one was
      other.use().set_parameters(std::vector<float>(parameter_count(shape), 1.0F));
    }
    loss.backward();
    return p.grad();
  };
  EXPECT_TRUE(torch::equal(gradient(true), gradient(false)));
}

// What the caller does with the inputs and the durations of the steps after the forward pass does
// not reach the reverse pass.
TEST(RelaxationTrajectory, KeepsWhatTheBackwardPassReads) {
  const auto shape = clustering_student_shape(Convention::kContinuous);
  const auto gradient = [&](bool overwritten) {
    TapedRelaxation network(shape);
    const Tensor p = random_parameters(shape).requires_grad_(true);
    Tensor inputs = torch::ones({6, 2, 2}), rho = torch::ones({5, 2}), rest = torch::zeros({2, 2});
    const Tensor loss = relaxation_trajectory(network, p, inputs, rho, rest).output.square().sum();
    if (overwritten) {
      for (Tensor* x : {&inputs, &rho, &rest}) x->fill_(std::numeric_limits<float>::quiet_NaN());
    }
    loss.backward();
    return p.grad();
  };
  EXPECT_TRUE(torch::equal(gradient(true), gradient(false)));
}

TEST(RelaxationTrajectory, RefusesTheBackwardPassOfAnEarlierUse) {
  const auto shape = clustering_student_shape(Convention::kContinuous);
  TapedRelaxation network(shape);
  const Tensor p = random_parameters(shape).requires_grad_(true);
  const auto loss = [&](double scale) {
    const Tensor inputs = scale * torch::ones({6, 2, 2});
    return relaxation_trajectory(network, p, inputs, torch::ones({5, 2}), torch::zeros({2, 2}))
        .output.square()
        .sum();
  };
  const Tensor first = loss(1), second = loss(2);
  EXPECT_EQ(testing::message_of<ShapeError>([&] { first.backward(); }),
            "backward pass: expected that of the last use of the network, found 1 uses behind it");
  second.backward();
  EXPECT_TRUE(p.grad().isfinite().all().item<bool>());
  EXPECT_GT(p.grad().abs().max().item<double>(), 0);
  const Tensor third = loss(1);
  network.use();
  EXPECT_THROW(third.backward(), ShapeError);
}

}  // namespace
}  // namespace psi_xlstm::models
