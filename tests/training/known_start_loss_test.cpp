#include "training/known_start_loss.hpp"

#include <gtest/gtest.h>
#include <torch/types.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "devices/published_recipe.hpp"
#include "fit/evaluation.hpp"
#include "training/known_start.hpp"

namespace psi_xlstm::training {
namespace {

using torch::Tensor;

const Dataset& data() {
  static const Dataset dataset = published_dataset({.seed = 42});
  return dataset;
}

// ln(G/gs) of the device itself at the edges of `batch`, from its law and the starts of the batch.
Tensor device_log_conductance(const KnownStartBatch& batch, double gs) {
  const PublishedDevice device;
  const auto T = batch.rho.size(0), B = batch.rho.size(1);
  Tensor out = torch::zeros({T + 1, B});
  for (std::int64_t b = 0; b < B; ++b) {
    double x = (device.state(gs * std::exp(batch.rest_inputs[b][1].item<double>())) - 1) / 9;
    for (std::int64_t k = 0; k <= T; ++k) {
      out[k][b] = std::log(device.conductance(1 + 9 * x) / gs);
      if (k == T) break;
      const double a = batch.law.gain[k][b].item<double>(), l = batch.law.loss[k][b].item<double>();
      x = (x * (1 - l / 2) + a) / (1 + l / 2);
    }
  }
  return out;
}

TEST(LawDrift, IsNearZeroForTheDeviceAndNotForAnother) {
  const KnownStartScales scales{.conductance = conductance_scale(data())};
  const LawPool pool(data(), data().split.train, equations::ThresholdDevice{}, std::log(2e-3));
  Rng rng(3);
  const KnownStartBatch batch = pool.draw(8000, 8, 4, scales, rng);
  const Tensor truth = device_log_conductance(batch, scales.conductance);
  const auto drift = [&](const Tensor& log_g) {
    return law_drift(log_g, batch, equations::ThresholdDevice{}, scales.conductance);
  };
  EXPECT_LT(drift(truth).max().item<double>(), 1e-3);  // (percent of the resistance)^2
  // frozen at the start; and a state that moves with a third more speed
  EXPECT_GT(drift(truth.narrow(0, 0, 1).expand_as(truth)).mean().item<double>(), 10);
  const Tensor faster = truth.narrow(0, 0, 1) + 1.33 * (truth - truth.narrow(0, 0, 1));
  EXPECT_GT(drift(faster).mean().item<double>(), 1);
}

// The smallest of the largest voltages in windows of `samples` samples of the training records.
double smallest_peak(std::int64_t samples) {
  double smallest = std::numeric_limits<double>::infinity();
  for (const std::size_t index : data().split.train) {
    const std::vector<double>& voltage = data().records[index].voltage[0];
    const Tensor all = torch::tensor(voltage).abs();
    for (std::int64_t first = 0; first + samples <= all.size(0); first += 100) {
      smallest = std::min(smallest, all.narrow(0, first, samples).max().item<double>());
    }
  }
  return smallest;
}

TEST(LawPool, PlaysTheDrivesAtManySpeedsAmplitudesAndStarts) {
  const KnownStartScales scales{.conductance = conductance_scale(data())};
  const double log_max = std::log(2e-3);
  const LawPool pool(data(), data().split.train, equations::ThresholdDevice{}, log_max);
  Rng rng(3);
  const KnownStartBatch batch = pool.draw(8000, 8, 40, scales, rng);
  const Tensor duration = batch.rho.sum(0) / 8000;  // 1: as measured
  EXPECT_LT(duration.min().item<double>(), 0.75);
  EXPECT_GT(duration.max().item<double>(), 1.35);
  EXPECT_LT(duration.max().item<double>(), 1.5);
  const Tensor peak = std::get<0>(batch.inputs.select(2, 0).abs().max(0));
  EXPECT_LT(peak.min().item<double>(), 0.85 * smallest_peak(8000));
  const Tensor start =
      batch.rest_inputs.select(1, 1).to(torch::kFloat64).exp() * scales.conductance;
  EXPECT_GT(start.min().item<double>(), 1e-4);
  EXPECT_LT(start.max().item<double>(), std::exp(log_max + 0.15));
  EXPECT_GT((start < 2e-4).sum().item<int>(), 10);  // of 40
  EXPECT_GT((start > 5e-4).sum().item<int>(), 5);
}

// The device's own trajectory on the measured windows has a chi^2 of one per sample.
TEST(Chi2PerSample, OfTheDeviceItselfIsOne) {
  const KnownStartScales scales{.conductance = conductance_scale(data())};
  const WindowPool pool(data(), data().split.validation, 20e-6, kPublishedNoise, 4);
  const KnownStartBatch batch = measured_batch(pool.whole(), scales);
  const Record& record = data().records[7];
  const std::vector<double> clean =
      published_current(record.voltage[0], *record.initial_conductance);
  Tensor log_g = torch::zeros({batch.rho.size(0) + 1, 1});
  double g = *record.initial_conductance;
  for (std::int64_t k = 0; k + 1 < log_g.size(0); ++k) {
    const auto sample = static_cast<std::size_t>(std::min<std::int64_t>(4 * k, 39999));
    if (std::abs(record.voltage[0][sample]) > 0.05) g = clean[sample] / record.voltage[0][sample];
    log_g[k + 1][0] = std::log(g / scales.conductance);
  }
  log_g[0][0] = log_g[1][0];
  const double inside = batch.misfit_inside / batch.samples.sum().item<double>();
  EXPECT_NEAR(chi2_per_sample(log_g, batch).item<double>() + inside, 1, 0.03);
  EXPECT_GT(chi2_per_sample(log_g + 0.02, batch).item<double>() + inside, 1.2);
}

// What the first edge of every window is for.
TEST(LogConductance, StartsAtTheStartWhateverTheNetworkSays) {
  const KnownStartScales scales{.conductance = conductance_scale(data())};
  const WindowPool pool(data(), data().split.train, 20e-6, kPublishedNoise, 32);
  Rng rng(1);
  const KnownStartBatch batch = measured_batch(pool.draw(2, 1000, rng), scales);
  const auto shape = clustering_student_shape(kernels::Convention::kContinuous);
  models::TapedRelaxation network(shape);
  torch::manual_seed(1);
  const Tensor p = 0.3 * torch::randn({static_cast<std::int64_t>(parameter_count(shape))});
  const Tensor log_g = log_conductance(run(network, p, batch), batch);
  EXPECT_LT((log_g[0] - batch.rest_inputs.select(1, 1)).abs().max().item<double>(), 1e-6);
  EXPECT_GT((log_g[5] - log_g[0]).abs().max().item<double>(), 1e-4);
}

TEST(Compressed, IsTheLossItselfWhileItIsSmall) {
  EXPECT_NEAR(compressed(torch::tensor({0.01})).item<double>(), 0.01, 2e-5);
  EXPECT_LT(compressed(torch::tensor({1e4})).item<double>(), 40);
}

}  // namespace
}  // namespace psi_xlstm::training
