#pragma once

/// @file
/// Batches of the known-start protocol: windows of the training records with starts of their own,
/// and the same voltages from starts that nobody measured, where only the device's law is known.
///
/// Axes: T steps of a batch, T + 1 edges, B windows. The first step has no duration: before it the
/// network is at rest at 0 V, after it the voltage is that of the window's first sample. So y at
/// edge 0 is the output at rest, and ln(G/g0) = y - y[0] ties every window to its start.

#include <torch/types.h>

#include <vector>

#include "core/rng.hpp"
#include "equations/physics.hpp"
#include "fit/segment.hpp"
#include "psi_xlstm/data/record.hpp"

namespace psi_xlstm::training {

/// One batch as float32 tensors.
struct KnownStartBatch {
  torch::Tensor inputs;       ///< (V, ln(g0/gs)) at the edges, [T + 1, B, 2].
  torch::Tensor rho;          ///< Duration over dt0, [T, B].
  torch::Tensor rest_inputs;  ///< (0, ln(g0/gs)), [B, 2].
  // Of measured windows: chi^2 = sum weight (G/gs - target)^2, see fit/segment.hpp.
  torch::Tensor weight;      ///< [T, B]; 0 where nothing was measured.
  torch::Tensor target;      ///< Conductance over gs, [T, B].
  torch::Tensor position;    ///< Where in the step the residual is taken, 0 to 1, [T, B].
  torch::Tensor samples;     ///< Measured samples of each window, [B].
  double misfit_inside = 0;  ///< chi^2 that no model can remove.
  // Of windows with the device's law: its integrals over each step.
  equations::LawIntegrals law;  ///< [T, B]
};

/// What every batch needs to know.
struct KnownStartScales {
  double conductance = 1;         ///< gs [S].
  double reference_step = 50e-9;  ///< dt0 [s].
};

/// The windows as one batch; shorter ones are padded with steps of no duration.
KnownStartBatch measured_batch(const std::vector<const fit::Segment*>& windows,
                               const KnownStartScales& scales);

/// The training records cut into windows of several lengths, for one decimation.
class WindowPool {
 public:
  /// Whole records (their prefix [s] gives g0 and does not count) and windows of 2/5 to 1/20 of a
  /// record that start at every quarter of their length, each with a g0 from its first samples.
  /// `noise` is that of the current over its standard deviation.
  WindowPool(const Dataset& data,
             const std::vector<int>& records,
             double prefix,
             double noise,
             int decimation);

  /// Random windows of length class `step` mod classes, about `steps` network steps in all.
  std::vector<const fit::Segment*> draw(int step, int steps, Rng& rng) const;

  /// All whole records.
  std::vector<const fit::Segment*> whole() const;

  double log_conductance_max() const { return log_conductance_max_; }  ///< Of any start, re 1 S.

 private:
  std::vector<std::vector<fit::Segment>> classes_;
  double log_conductance_max_;
};

/// Drives of the training records, varied, with the integrals of the device's law.
class LawPool {
 public:
  LawPool(const Dataset& data,
          const std::vector<int>& records,
          const equations::ThresholdDevice& device,
          double log_conductance_max);

  /// Pieces of `samples` samples at random places from random starts between the smallest
  /// conductance of the device and the largest of the training records (+15 %), half of them spread
  /// evenly over ln G, half over the device's state. Each is played slower or faster by up to a
  /// factor of 1.5 and at 0.7 to 1.05 times its amplitude: the law holds for every drive, and a
  /// network that knows it on a few drives alone drifts on others.
  KnownStartBatch draw(
      int samples, int decimation, int windows, const KnownStartScales& scales, Rng& rng) const;

 private:
  struct Drive {
    torch::Tensor time, voltage;  ///< [s], [V], [N].
  };
  double random_start(Rng& rng) const;

  std::vector<Drive> drives_;
  equations::ThresholdDevice device_;
  double log_low_, log_high_;
};

}  // namespace psi_xlstm::training
