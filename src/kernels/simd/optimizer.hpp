#pragma once

/// @file
/// What the loops of the optimizer and of the machine's peak work on. Aggregates without functions:
/// files for one instruction set include them.

namespace psi_xlstm::kernels {

/// A step of AdamW, see adamw.hpp.
template <class Real>
struct AdamW {
  long count;
  Real *parameters, *first, *second;
  const Real* gradient;
  Real scale, keep, beta1, beta2, rest1, rest2, rate, inverse_root2, epsilon;
};

/// The loops for one instruction set.
template <class Real>
struct OptimizerLoops {
  void (*adamw)(const AdamW<Real>&);
  double (*sum_of_squares)(const Real* x, long count);
  /// `rounds` times peak_operations multiplications and additions.
  Real (*peak)(long rounds);
  long peak_operations;
};

/// The loops for vectors of `Bytes`, defined where they are compiled for one instruction set.
template <class Real, int Bytes>
const OptimizerLoops<Real>& optimizer_loops();

}  // namespace psi_xlstm::kernels
