#pragma once

/// @file
/// Forget gates that become one: the rows of an sLSTM's forget gates (input weights, recurrent
/// weights, bias) are put into K groups, and every group gets the same numbers, so that a layer of
/// H units has exactly K different rates. Psi Eq. (5) pulls the rows towards K centres before.

#include <span>
#include <vector>

#include "core/rng.hpp"
#include "kernels/simd/network_shape.hpp"

namespace psi_xlstm::compression {

/// The cluster (0 .. K - 1) of every unit of every layer with clusters, layer after layer, by
/// k-means on the rows. Throws what k_means throws.
std::vector<int> cluster_forget_gates(const kernels::NetworkShape& shape,
                                      std::span<const float> parameters,
                                      Rng& rng);

/// Gives all rows of a cluster their mean, in `values`: parameters, a gradient, or moments.
void tie_forget_gates(const kernels::NetworkShape& shape,
                      const std::vector<int>& assignment,
                      std::span<float> values);

/// Sets the `centres` blocks of `parameters` to the mean input weights of every cluster.
void set_centres(const kernels::NetworkShape& shape,
                 const std::vector<int>& assignment,
                 std::span<float> parameters);

/// Mean forget-gate bias of every cluster of layer `layer`, [K].
std::vector<double> centre_biases(const kernels::NetworkShape& shape,
                                  const std::vector<int>& assignment,
                                  std::span<const float> parameters,
                                  int layer);

/// Number of different rows of forget gates in layer `layer`.
int distinct_forget_gates(const kernels::NetworkShape& shape,
                          std::span<const double> parameters,
                          int layer);

/// Trained numbers of `shape` that are needed when tied rows are stored once and centres are not
/// stored beside them.
int tied_parameter_count(const kernels::NetworkShape& shape);

}  // namespace psi_xlstm::compression
