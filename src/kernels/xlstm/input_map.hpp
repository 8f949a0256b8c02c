#pragma once

/// @file
/// The affine map from what is below a layer to its pre-activations or projections, in the form of
/// the loops, and its gradient back in the form of the trained numbers.
///
/// Below the first layer nothing but Linear(inputs, width) stands before the map, so that the two
/// are one: W (Win u + bin) + b = (W Win) u + (W bin + b). With E = [Win, bin]:
/// dW = dF E^T and dE = W^T dF, F = W E being what the loops see.

#include <vector>

#include "kernels/simd/buffers.hpp"
#include "kernels/xlstm/arguments.hpp"

namespace psi_xlstm::kernels {

/// Linear(inputs, width) as E = [weight, bias], and the sum of its gradients.
template <class Real>
struct FoldedInput {
  FoldedInput(int input_count, int units, const XlstmLoops<Real>& table);
  /// `weight` is [width, inputs], `bias` is [width].
  void set_parameters(const Real* weight, const Real* bias);
  void unpack(Real* d_weight, Real* d_bias) const;

  int inputs, width;
  int columns, padded_width;     // inputs + 1 and width, rounded up to whole vectors
  AlignedBuffer<Real> e;         // [width][columns]
  AlignedBuffer<Real> e_across;  // [inputs + 1][padded_width]
  AlignedBuffer<Real> d_e;       // [width][columns]
};

/// Outputs first to first + count - 1 that lie side by side in the loops' arrays, from `column` on.
struct ColumnRun {
  int first, column, count;
};

/// The runs of outputs of which output n is column column_of[n].
std::vector<ColumnRun> column_runs(const std::vector<int>& column_of);

/// outputs x inputs, of which output n is column column_of[n] of the loops' arrays.
template <class Real>
class InputMap {
 public:
  /// `fold` is null but in the first layer; `columns` is the width of the loops' arrays.
  InputMap(int inputs,
           int columns,
           std::vector<int> column_of,
           FoldedInput<Real>* fold,
           const XlstmLoops<Real>& loops);

  /// Inputs that the loops see: those of the network in the first layer.
  int depth() const { return fold_ ? fold_->inputs : inputs_; }

  /// `weight` is [outputs, inputs], `bias` is [outputs].
  void set_parameters(const Real* weight, const Real* bias);

  const Real* wide() const { return wide_.data(); }  ///< [depth][columns]
  const Real* bias() const { return bias_.data(); }  ///< [columns]

  void clear_gradient();
  /// Adds rows of inputs (x, in the layout of the loops) against rows of derivatives.
  void add_gradient(const Real* x, long x_stride, const Real* d, long d_stride, int rows);
  /// d_x = d (d by x), [rows][d_x_stride], of which the first inputs rounded up are set or added
  /// to. Not in the first layer.
  void input_gradient(
      Real* d_x, long d_x_stride, const Real* d, long d_stride, int rows, bool accumulate) const;
  /// The sum in the form of the trained numbers, and that of the folded Linear into it.
  void unpack(const Real* weight, Real* d_weight, Real* d_bias);

 private:
  int inputs_, columns_;
  std::vector<int> column_of_;
  int used_;  // columns up to the last one of an output
  std::vector<ColumnRun> runs_;
  FoldedInput<Real>* fold_;
  const XlstmLoops<Real>& loops_;
  AlignedBuffer<Real> wide_, bias_, across_;  // across: [used, inputs] packed
  AlignedBuffer<Real> d_wide_, d_bias_;
  AlignedBuffer<Real> folded_, d_weight_;  // [outputs][fold columns], [outputs][padded width]
};

}  // namespace psi_xlstm::kernels
