#pragma once

/// @file
/// How the projections and memories of an mLSTM layer lie in the loops' arrays, and its trained
/// numbers as one affine map.

#include <string>
#include <vector>

#include "kernels/simd/buffers.hpp"
#include "kernels/simd/network_shape.hpp"

namespace psi_xlstm::kernels {

/// Projections q, k, v of all heads, then the pre-activations i~ and f~ of all heads. A group is
/// one head in as many vectors as it needs, or as many small heads as one vector holds.
struct MlstmLayout {
  MlstmLayout(const LayerShape& shape, int vector_lanes);

  int heads, dimension;  ///< D, or the rank
  int heads_per_group, groups, lanes;
  int width;                           ///< groups lanes: of q, of k, of v
  int gates;                           ///< Column of the first i~, 3 width.
  int columns;                         ///< Of a row of projections.
  std::vector<int> column_of;          ///< Of q, k, v [heads][D], i~, f~ [heads].
  std::vector<int> head_of, entry_of;  ///< As in HeadLanes.

  /// Of entry i of head h in `width`.
  int column(int head, int i) const {
    return head / heads_per_group * lanes + head % heads_per_group * dimension + i;
  }
  /// Whether C and n lie in the loops' arrays as in XlstmLayerState.
  bool dense() const { return heads_per_group == 1 && lanes == dimension; }
  /// Numbers of C and of n of one sequence in the loops' arrays.
  long memory_size() const { return static_cast<long>(groups) * dimension * lanes; }
  /// Of C[head][j][i] in those of a sequence.
  long memory_at(int head, int j, int i) const {
    return (static_cast<long>(head / heads_per_group) * dimension + j) * lanes +
           head % heads_per_group * dimension + i;
  }
};

/// q, k (over sqrt(H / heads)), v and the gates as one affine map of what is below, those of a
/// low-rank memory through U and V.
template <class Real>
class MlstmProjections {
 public:
  MlstmProjections(int inputs,
                   const LayerShape& shape,
                   const std::vector<ParameterBlock>& blocks,
                   const std::string& name);

  /// From the flat array of the network.
  void set_parameters(const Real* parameters);
  const Real* weight() const { return weight_.data(); }  ///< [outputs, inputs]
  const Real* bias() const { return bias_.data(); }      ///< [outputs]

  Real* d_weight() { return d_weight_.data(); }
  Real* d_bias() { return d_bias_.data(); }
  /// d_weight and d_bias into the flat gradient, that by V and the part of U in v~ included.
  void add_gradient(const Real* parameters, Real* gradient) const;

 private:
  struct Part {
    ParameterBlock weight, bias, factor;  // factor: U or V of a low-rank memory
    Real scale;
  };

  int inputs_;
  LayerShape shape_;
  int rows_;                 // of q: heads D or heads r
  std::vector<Part> parts_;  // q, k, v
  std::vector<Part> gates_;  // i, f
  std::vector<Real> weight_, bias_, d_weight_, d_bias_;
};

}  // namespace psi_xlstm::kernels
