#include "training/known_start_loss.hpp"

#include <torch/types.h>

namespace psi_xlstm::training {
namespace {

using torch::Tensor;

constexpr double kLargestLog = 20;   // of a conductance over gs, so that exp() stays finite
constexpr double kDriftUnit = 0.01;  // of the resistance
constexpr double kSoftening = 0.02;  // of the state, near r_on

}  // namespace

models::Trajectory run(models::TapedRelaxation& network,
                       const Tensor& parameters,
                       const KnownStartBatch& batch) {
  return models::relaxation_trajectory(network, parameters, batch.inputs, batch.rho,
                                       batch.rest_inputs);
}

Tensor log_conductance(const models::Trajectory& trajectory, const KnownStartBatch& batch) {
  const Tensor& y = trajectory.output;
  return y - y.narrow(0, 0, 1) + batch.rest_inputs.select(1, 1).unsqueeze(0);
}

Tensor chi2_per_sample(const Tensor& log_conductance, const KnownStartBatch& batch) {
  const auto steps = batch.rho.size(0);
  const Tensor left = log_conductance.narrow(0, 0, steps);
  const Tensor right = log_conductance.narrow(0, 1, steps);
  const Tensor there = left + batch.position * (right - left);
  const Tensor conductance = there.clamp_max(kLargestLog).exp();
  return (batch.weight * (conductance - batch.target).square()).sum(0) / batch.samples;
}

Tensor law_drift(const Tensor& log_conductance,
                 const KnownStartBatch& batch,
                 const equations::ThresholdDevice& device,
                 double conductance_scale) {
  const Tensor G = conductance_scale * log_conductance.clamp_max(kLargestLog).exp();
  const Tensor x = equations::device_state(G, device);
  const Tensor drift = equations::device_law_residual(x, batch.law, 1).cumsum(0);
  const auto steps = batch.rho.size(0);
  // dx = (r / (r_off - r_on)) dr/r: what one percent of the resistance is in the state
  const Tensor part = 1 / (G.detach().narrow(0, 1, steps) * (device.r_off - device.r_on));
  return (drift / ((part + kSoftening) * kDriftUnit)).square().mean(0);
}

Tensor compressed(const Tensor& losses) {
  constexpr double kTau = 5;
  return kTau * torch::log1p(losses / kTau);
}

equations::Response response(const models::Trajectory& trajectory, const Tensor& log_conductance) {
  constexpr double kOutputUnit = 0.01, kHiddenUnit = 0.1;
  return {log_conductance / kOutputUnit, trajectory.hidden.back() / kHiddenUnit};
}

}  // namespace psi_xlstm::training
