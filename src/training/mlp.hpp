#pragma once

/// @file
/// The feed-forward baseline, a multilayer perceptron without memory: widths 2, 64, 64, 64, 1 with
/// tanh between, 8,577 numbers, trained on single samples. No physics enters.

#include <vector>

#include "config/networks.hpp"
#include "training/loop.hpp"

namespace psi_xlstm::training {

/// Samples as the baseline sees them, all of one length.
struct SampleSet {
  std::vector<float> first, second;  ///< The two inputs, in their scales.
  std::vector<float> factor;         ///< With a head: I = factor exp(y); empty: I = y.
  std::vector<float> wanted;         ///< In the scale of the output.
};

/// Trains a network of `widths` (layer after layer, weight row-major [out, in], then bias) from a
/// random start on random batches of a phase's `samples`; `validation` decides what is kept.
TrainingOutcome train_mlp(const TrainingRun& run,
                          const std::vector<int>& widths,
                          const SampleSet& training,
                          const SampleSet& validation);

}  // namespace psi_xlstm::training
