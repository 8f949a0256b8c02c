#pragma once

/// @file
/// The terms of the known-start loss as functions of one network's trajectory on a batch.
///
/// Axes: T steps, T + 1 edges, B windows, H hidden units of the last layer.

#include <torch/types.h>

#include "equations/distillation.hpp"
#include "equations/physics.hpp"
#include "training/known_start_batch.hpp"
#include "training/trajectory.hpp"

namespace psi_xlstm::training {

/// Runs `network` along `batch`.
models::Trajectory run(models::TapedRelaxation& network,
                       const torch::Tensor& parameters,
                       const KnownStartBatch& batch);

/// ln(G/gs) at the edges, y - y[0] + ln(g0/gs), [T + 1, B].
torch::Tensor log_conductance(const models::Trajectory& trajectory, const KnownStartBatch& batch);

/// chi^2 per sample of each window of a measured batch, [B].
torch::Tensor chi2_per_sample(const torch::Tensor& log_conductance, const KnownStartBatch& batch);

/// Mean squared drift of each window from the device's law integrated from the start, [B], in units
/// of one percent of the resistance (softened near r_on):
///
///     x_k - x_0 - sum over j < k of (A_j - B_j (x_j + x_{j+1})/2)
torch::Tensor law_drift(const torch::Tensor& log_conductance,
                        const KnownStartBatch& batch,
                        const equations::ThresholdDevice& device,
                        double conductance_scale);

/// tau ln(1 + l/tau), tau = 5: l while it is small, and windows far off do not drown the others.
torch::Tensor compressed(const torch::Tensor& losses);

/// What the distillation terms see: outputs in units of one percent, hidden states of the last
/// layer in units of a tenth.
equations::Response response(const models::Trajectory& trajectory,
                             const torch::Tensor& log_conductance);

}  // namespace psi_xlstm::training
