#include "equations/physics.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "psi_xlstm/core/error.hpp"
#include "support/tensors.hpp"

namespace psi_xlstm::equations {
namespace {

using testing::full;
using testing::in_double;
using testing::message_of;
using testing::relative_error;
using testing::row;
using torch::Tensor;

const ThresholdDevice kDevice;
constexpr double kFine = 1e-7;  // [s]
constexpr std::int64_t kSamples = 4000, kBlock = 10, kBlocks = kSamples / kBlock;

// What the published device does under V = A sin(2 pi 5 kHz t), A = 1 and 1.2 V, from x = 0.3.
struct Trajectory {
  Tensor x;                // At the edges of blocks [T + 1, B].
  LawIntegrals integrals;  // [T, B]

  Tensor G() const { return conductance(x); }               // [S]
  Tensor mirrored() const { return conductance(0.6 - x); }  // moves the wrong way

  static Tensor conductance(const Tensor& state) {
    return 1 / (kDevice.r_on * state + kDevice.r_off * (1 - state));
  }
};

// The integrals of `law` [F, B] over blocks of kBlock samples of kFine.
LawIntegrals integrals_of(const StateLaw& law) {
  const auto over_blocks = [](const Tensor& x) {
    return kFine * x.unflatten(0, {-1, kBlock}).sum(1);
  };
  return {.gain = over_blocks(law.rate * law.target), .loss = over_blocks(law.rate)};
}

// How far a residual is from zero, in tenths of the state.
Tensor size_of(const Tensor& residual) { return (residual / 0.1).square().mean(); }

Trajectory simulate() {
  const auto t = torch::arange(kSamples, in_double()) * kFine;
  const auto V = torch::sin(2 * M_PI * 5e3 * t).unsqueeze(1) * row({1, 1.2});
  const auto law = threshold_law(V, kDevice);
  auto x = full({2}, 0.3);
  std::vector<Tensor> edges = {x};
  for (std::int64_t k = 0; k < kSamples; ++k) {
    x = x - torch::expm1(-law.rate[k] * kFine) * (law.target[k] - x);  // exact for a held V
    if ((k + 1) % kBlock == 0) edges.push_back(x);
  }
  return {.x = torch::stack(edges), .integrals = integrals_of(law)};
}

// w in 1 .. 10 nm, x = (w - 1)/9: at V = 1, w = 4: dw/dt = 8000 (10 - 4) 1^3; at V = -1, w = 4:
// dw/dt = -8000 4 1^3; nothing between the thresholds.
TEST(ThresholdLaw, IsThePublishedDeviceInX) {
  const auto law = threshold_law(row({1, -1, 0.4, -0.5, 0, 1.5}), kDevice);
  const double x = (4 - 1) / 9.0;
  const auto dw = 9 * law.rate * (law.target - x);
  EXPECT_LE(relative_error(dw, row({48e3, -32e3, 0, 0, 0, 8 * 48e3})), 1e-14);
}

TEST(DeviceState, InvertsTheResistance) {
  const auto x = row({0, 0.25, 1, -0.1});
  const auto G = 1 / row({10e3, 7525, 100, 10990});
  EXPECT_LE(relative_error(device_state(G, kDevice), x), 1e-14);
}

// By hand: x = 1, 2, 4, A = 3, 5, B = 1, 2: 2 - 1 - (3 - 1.5) = -0.5 and 4 - 2 - (5 - 6) = 3.
TEST(DeviceLawResidual, MatchesTwoBlocksByHand) {
  const auto x = row({1, 2, 4}).view({3, 1});
  const LawIntegrals integrals{.gain = row({3, 5}).view({2, 1}), .loss = row({1, 2}).view({2, 1})};
  EXPECT_LE(relative_error(device_law_residual(x, integrals, 1), row({-0.5, 3}).view({2, 1})),
            1e-15);
  EXPECT_LE(relative_error(device_law_residual(x, integrals, 2), row({2.5}).view({1, 1})), 1e-15);
}

// The trajectory moves x by some tenths; its own residual is the curvature inside a block.
TEST(DeviceLawResidual, IsNearZeroForTheDeviceAndNotForOthers) {
  const auto true_one = simulate();
  const double moved = (true_one.x.amax() - true_one.x.amin()).item<double>();
  EXPECT_GT(moved, 0.3);
  const auto loss = [&](const Tensor& G, std::int64_t window) {
    const auto x = device_state(G, kDevice);
    return size_of(device_law_residual(x, true_one.integrals, window)).item<double>();
  };
  const auto held = true_one.G().slice(0, 0, 1).expand({kBlocks + 1, 2});
  for (const std::int64_t window : {1, 7, 50}) {
    SCOPED_TRACE("windows of " + std::to_string(window));
    EXPECT_LE(loss(true_one.G(), window), 1e-8);
    EXPECT_GE(loss(held, window), 1e-4);  // does not move at all
    EXPECT_GE(loss(true_one.mirrored(), window), 1e-4);
    EXPECT_GE(loss(true_one.G() * 2, window), 1e-4);
  }
}

TEST(DeviceLawResidual, HasAShorterLastWindow) {
  const auto true_one = simulate();
  const auto residual = device_law_residual(true_one.x, true_one.integrals, 150);  // 400 blocks
  ASSERT_EQ(residual.sizes(), (std::vector<std::int64_t>{3, 2}));
  const auto single = device_law_residual(true_one.x, true_one.integrals, 1);
  EXPECT_LE(relative_error(residual[2], single.slice(0, 300).sum(0)), 1e-9);
}

TEST(DeviceLawResidual, GradientMatchesFiniteDifferences) {
  const auto true_one = simulate();
  Rng rng(1);
  const LawIntegrals integrals{.gain = true_one.integrals.gain.slice(0, 0, 20),
                               .loss = true_one.integrals.loss.slice(0, 0, 20)};
  testing::expect_gradient(
      [&](const Tensor& log_G) {
        const auto x = device_state(log_G.exp(), kDevice);
        return size_of(device_law_residual(x, integrals, 6));
      },
      true_one.G().slice(0, 0, 21).log() + testing::normal(rng, {21, 2}, 0.1));
}

TEST(DeviceLawResidual, NamesWhatDoesNotFit) {
  const LawIntegrals integrals{.gain = full({2, 1}, 0), .loss = full({2, 1}, 0)};
  EXPECT_EQ(message_of<ShapeError>([&] {
              device_law_residual(full({4, 1}, 0), integrals, 1);
            }),
            "law, gain: expected [3, 1], found [2, 1]");
  EXPECT_EQ(message_of<ShapeError>([&] {
              device_law_residual(full({3, 1}, 0), integrals, 0);
            }),
            "law: expected at least one block and windows of at least one, found 2 and 0");
}

}  // namespace
}  // namespace psi_xlstm::equations
