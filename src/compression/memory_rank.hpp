#pragma once

/// @file
/// How many dimensions the matrix memory of a trained network uses: singular values of C along its
/// trajectories, and a low-rank student that starts with what they say.

#include <Eigen/Core>
#include <vector>

#include "core/rng.hpp"
#include "kernels/simd/network_shape.hpp"

namespace psi_xlstm::compression {

/// Singular values of the memories of every head, mean over their snapshots.
struct MemorySpectrum {
  std::vector<double> energy;  ///< Part of sum sigma^2 in the first 1, 2, ... values; all heads.
  std::vector<Eigen::VectorXd> profile;  ///< Of each head: mean sigma_k / sigma_1.
};

/// The spectrum of `snapshots`, one list of matrices [D, D] per head. Throws ShapeError where there
/// is none, or a matrix that is zero only.
MemorySpectrum memory_spectrum(const std::vector<std::vector<Eigen::MatrixXd>>& snapshots);

/// Sets `left` and `right` of every low-rank layer in `parameters`: column k of a head is unit
/// vector k, as long as sqrt(sigma_k / sigma_1) of the teacher's head says, and a little noise.
void start_low_rank(const kernels::NetworkShape& shape,
                    const MemorySpectrum& spectrum,
                    Rng& rng,
                    std::vector<double>& parameters);

}  // namespace psi_xlstm::compression
