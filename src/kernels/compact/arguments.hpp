#pragma once

/// @file
/// What the loops of a compact student work on. Axes and names as in step.hpp; m, S and L
/// are padded to whole vectors, and what is beyond has weight zero.

namespace psi_xlstm::kernels {

/// Features whose products with the gates are summed side by side.
inline constexpr int kCompactGroup = 4;

/// Rates and targets of every state, [S].
template <class Real>
struct CompactGates {
  Real *rate = nullptr, *target = nullptr;
};

template <class Real>
struct CompactArguments {
  int feature_vectors = 0, state_vectors = 0, curve_vectors = 0;
  int states = 0;         ///< S, not padded. A single state stands in every lane.
  int features = 0;       ///< m, a multiple of kCompactGroup.
  bool feedback = false;  ///< The gates see the states.
  int head = 0;           ///< CompactHead
  const Real *by_voltage = nullptr, *bias = nullptr;  ///< [m]
  const Real* by_state = nullptr;                     ///< R transposed, [S][m].
  const Real *rate = nullptr, *rate_bias = nullptr;   ///< A transposed, [m][S]; [S].
  const Real *target = nullptr, *target_bias = nullptr;
  const Real* readout = nullptr;  ///< [S]; a single state: in lane 0 only.
  Real readout_bias = 0;
  const Real *curve_by_voltage = nullptr, *curve_bias = nullptr, *curve_gain = nullptr;  ///< [L]
  // Written.
  Real* c = nullptr;                     ///< States at the last sample, [S].
  Real* rest = nullptr;                  ///< What c lacks in digits, [S]; zero in double.
  CompactGates<Real> left;               ///< At the last sample.
  CompactGates<Real> right;              ///< Scratch.
  Real *base = nullptr, *phi = nullptr;  ///< w v + b and features, scratch, [m].
  Real* predicted = nullptr;             ///< Scratch, [S].
};

/// The loops for one instruction set.
template <class Real>
struct CompactLoops {
  int lanes;
  /// Gates at the states that are there; returns head(y).
  Real (*start)(const CompactArguments<Real>&, Real voltage);
  /// One step; returns head(y) at its end.
  Real (*step)(const CompactArguments<Real>&, Real rho, Real voltage);
};

/// The loops for vectors of `Bytes`, defined where they are compiled for one instruction set.
template <class Real, int Bytes>
const CompactLoops<Real>& compact_loops();

}  // namespace psi_xlstm::kernels
