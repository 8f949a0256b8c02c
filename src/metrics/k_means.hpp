#pragma once

/// @file
/// Groups of rows around common centres: S. Lloyd, "Least Squares Quantization in PCM", IEEE Trans.
/// Information Theory 28 (1982), started by D. Arthur and S. Vassilvitskii, "k-means++", SODA 2007.
///
/// Axes: J rows, I numbers in a row, K centres.

#include <Eigen/Core>
#include <vector>

#include "core/rng.hpp"

namespace psi_xlstm {

/// Rows and the centres that they belong to.
struct Clusters {
  Eigen::MatrixXd centres;      ///< [K, I], the means of their rows.
  std::vector<int> assignment;  ///< Centre of each row, [J].
  double inertia = 0;           ///< Sum over rows of |row - its centre|^2.
};

/// How long k_means searches.
struct KMeansEffort {
  int starts = 20;       ///< Random starts; the one of the lowest inertia wins.
  int iterations = 300;  ///< Of one start, at most; one ends when no row changes its centre.
};

/// Splits `rows` [J, I] into K = `clusters` groups of low inertia. Every group has a row, unless
/// there are fewer than K different rows. The same rows and the same state of `rng` give the same
/// groups; centres are sorted by their first number, then the next. Throws ShapeError unless
/// 1 <= K <= J and I >= 1, and DataError if a number is not finite.
Clusters k_means(const Eigen::MatrixXd& rows, int clusters, Rng& rng, KMeansEffort effort = {});

}  // namespace psi_xlstm
