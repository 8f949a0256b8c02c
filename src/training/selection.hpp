#pragma once

/// @file
/// Which numbers of a training are kept.

#include <vector>

#include "training/optimizer.hpp"

namespace psi_xlstm::training {

/// Keeps the numbers of the lowest validation loss, of those that come late enough: in the first
/// part of a training a network that says almost nothing can look good on a record that happens to
/// be quiet.
class Selection {
 public:
  /// Of a training of `total` units; what comes before `judge_after` of them (0 to 1) counts for
  /// nothing. The last unit always counts.
  Selection(double judge_after, int total) : first_(judge_after * total) {}

  /// Whether what is found after `done` units may be kept.
  bool counts(int done) const { return done >= first_; }

  /// Keeps `parameters` in `state` where their validation `loss` counts, is finite and is lower
  /// than that of what is kept; of equal ones the first stays.
  void offer(const std::vector<float>& parameters,
             double loss,
             int done,
             TrainingState& state) const;

 private:
  double first_;
};

}  // namespace psi_xlstm::training
