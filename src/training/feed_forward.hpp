#pragma once

/// @file
/// The feed-forward baseline ("pinn"): widths 2, 64, 64, 64, 1 with tanh between, 8,577 numbers,
/// trained on single samples. It has no memory.

#include <filesystem>
#include <string>
#include <vector>

#include "training/known_start.hpp"

namespace psi_xlstm::training {

/// Samples as the baseline sees them, all of one length.
struct SampleSet {
  std::vector<float> first, second;  ///< The two inputs, in their scales.
  std::vector<float> factor;         ///< With a head: I = factor exp(y); empty: I = y.
  std::vector<float> wanted;         ///< In the scale of the output.
};

/// Trains `widths` from `start` (layer after layer, weight row-major [out, in], then bias) on
/// random batches of a phase's `samples`; validation decides. Resumes like train_known_start.
TrainingOutcome train_feed_forward(const NetworkConfig& config,
                                   const std::vector<int>& widths,
                                   const SampleSet& training,
                                   const SampleSet& validation,
                                   int seed,
                                   const std::filesystem::path& file,
                                   const std::string& fingerprint,
                                   const Report& report);

}  // namespace psi_xlstm::training
