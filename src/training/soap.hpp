#pragma once

/// @file
/// SOAP: Adam in the slowly turning eigenbasis of the gradients' covariances (N. Vyas et al.,
/// "SOAP: Improving and Stabilizing Shampoo using Adam", arXiv:2409.11321, Algorithm 3), for
/// trajectories that have to be right to a percent of the noise, where Adam alone stalls.

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "kernels/simd/network_shape.hpp"
#include "training/optimizer.hpp"

namespace psi_xlstm::training {

/// A matrix of trained numbers: entry (i, j) is number index[i columns + j] of the flat array.
struct ParameterMatrix {
  int rows = 0, columns = 0;
  std::vector<std::int64_t> index;
};

/// The matrices of `shape`, with the numbers that see the same inputs side by side: each gate of an
/// sLSTM [W | b | R], each map of an mLSTM, the input and the output [W | b], the factors of a
/// low-rank memory. Gains, offsets and centres are in none of them.
std::vector<ParameterMatrix> parameter_matrices(const kernels::NetworkShape& shape);

/// The optimizer for a flat array of which `matrices` are parts; numbers in none of them take the
/// steps of AdamW. Bases and covariances are in TrainingState::bases.
class Soap {
 public:
  explicit Soap(std::vector<ParameterMatrix> matrices);

  /// Length of TrainingState::bases after the first step.
  std::size_t remembered() const;

  /// As optimizer_step(), of which it is the form in the eigenbasis: one entry of `gradient` per
  /// parameter of `state`, whose length all indices of the matrices are below; returns the norm of
  /// the gradient, and changes nothing where that is not finite. The first step only finds the
  /// bases: a gradient seen from its own eigenbasis is mostly rounding. Throws ShapeError where the
  /// lengths differ.
  double step(TrainingState& state,
              std::span<const float> gradient,
              double rate,
              double clip,
              double weight_decay) const;

 private:
  void move(TrainingState& state,
            std::span<const float> gradient,
            double scale,
            double rate,
            double weight_decay) const;

  std::vector<ParameterMatrix> matrices_;
};

}  // namespace psi_xlstm::training
