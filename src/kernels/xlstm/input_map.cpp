#include "kernels/xlstm/input_map.hpp"

#include <algorithm>

namespace psi_xlstm::kernels {

std::vector<ColumnRun> column_runs(const std::vector<int>& column_of) {
  std::vector<ColumnRun> runs;
  for (int n = 0; n < static_cast<int>(column_of.size()); ++n) {
    const bool goes_on = !runs.empty() && column_of[n] == runs.back().column + runs.back().count;
    if (!goes_on) runs.push_back({n, column_of[n], 0});
    ++runs.back().count;
  }
  return runs;
}

template <class Real>
FoldedInput<Real>::FoldedInput(int input_count, int units, const XlstmLoops<Real>& table)
    : inputs(input_count),
      width(units),
      columns(rounded_up(input_count + 1, table.lanes)),
      padded_width(rounded_up(units, table.lanes)),
      e(static_cast<std::size_t>(width) * columns),
      e_across(static_cast<std::size_t>(inputs + 1) * padded_width),
      d_e(static_cast<std::size_t>(width) * columns) {}

template <class Real>
void FoldedInput<Real>::set_parameters(const Real* weight, const Real* bias) {
  for (int w = 0; w < width; ++w) {
    Real* row = e.data() + static_cast<long>(w) * columns;
    std::copy_n(weight + static_cast<long>(w) * inputs, inputs, row);
    row[inputs] = bias[w];
    for (int i = 0; i <= inputs; ++i) {
      e_across.data()[static_cast<long>(i) * padded_width + w] = row[i];
    }
  }
}

template <class Real>
void FoldedInput<Real>::unpack(Real* d_weight, Real* d_bias) const {
  for (int w = 0; w < width; ++w) {
    const Real* row = d_e.data() + static_cast<long>(w) * columns;
    std::copy_n(row, inputs, d_weight + static_cast<long>(w) * inputs);
    d_bias[w] = row[inputs];
  }
}

template <class Real>
InputMap<Real>::InputMap(int inputs,
                         int columns,
                         std::vector<int> column_of,
                         FoldedInput<Real>* fold,
                         const XlstmLoops<Real>& loops)
    : inputs_(inputs),
      columns_(columns),
      column_of_(std::move(column_of)),
      used_(1 + *std::max_element(column_of_.begin(), column_of_.end())),
      runs_(column_runs(column_of_)),
      fold_(fold),
      loops_(loops),
      wide_(static_cast<std::size_t>(depth()) * columns),
      bias_(static_cast<std::size_t>(columns)),
      d_wide_(static_cast<std::size_t>(depth()) * columns),
      d_bias_(static_cast<std::size_t>(columns)) {
  if (fold_) {
    folded_.reserve(column_of_.size() * fold_->columns);
    d_weight_.reserve(column_of_.size() * fold_->padded_width);
  } else {
    across_.reserve(static_cast<std::size_t>(used_) * rounded_up(inputs, loops.lanes));
  }
}

template <class Real>
void InputMap<Real>::set_parameters(const Real* weight, const Real* bias) {
  const int outputs = static_cast<int>(column_of_.size());
  const Real* from = weight;
  long stride = inputs_;
  if (fold_) {
    loops_.multiply({.c = folded_.data(),
                     .c_stride = fold_->columns,
                     .a = weight,
                     .a_stride = inputs_,
                     .b = fold_->e.data(),
                     .b_stride = fold_->columns,
                     .m = outputs,
                     .k = inputs_,
                     .n = fold_->columns});
    from = folded_.data();
    stride = fold_->columns;
  }
  for (const ColumnRun& run : runs_) {
    loops_.transpose(wide_.data() + run.column, columns_, from + run.first * stride, stride,
                     run.count, depth());
  }
  for (int n = 0; n < outputs; ++n) {
    bias_.data()[column_of_[n]] = bias[n] + (fold_ ? from[n * stride + fold_->inputs] : Real(0));
  }
  if (fold_) return;
  // b [used columns, inputs] of input_gradient(), straight into its panels
  const int padded = rounded_up(inputs_, loops_.lanes);
  for (int panel = 0; panel < loops_.panels(padded); ++panel) {
    const int first = loops_.panel_begin(padded, panel);
    const int width = loops_.panel_begin(padded, panel + 1) - first;
    Real* to = across_.data() + static_cast<long>(first) * used_;
    for (int n = 0; n < outputs; ++n) {
      std::copy_n(weight + static_cast<long>(n) * inputs_ + first, std::min(width, inputs_ - first),
                  to + static_cast<long>(column_of_[n]) * width);
    }
  }
}

template <class Real>
void InputMap<Real>::clear_gradient() {
  d_wide_.clear(static_cast<std::size_t>(depth()) * columns_);
  d_bias_.clear(static_cast<std::size_t>(columns_));
}

template <class Real>
void InputMap<Real>::add_gradient(
    const Real* x, long x_stride, const Real* d, long d_stride, int rows) {
  loops_.multiply_transposed({.c = d_wide_.data(),
                              .c_stride = columns_,
                              .a = x,
                              .a_stride = x_stride,
                              .b = d,
                              .b_stride = d_stride,
                              .sums = d_bias_.data(),
                              .m = rows,
                              .k = depth(),
                              .n = columns_});
}

template <class Real>
void InputMap<Real>::input_gradient(
    Real* d_x, long d_x_stride, const Real* d, long d_stride, int rows, bool accumulate) const {
  loops_.multiply({.c = d_x,
                   .c_stride = d_x_stride,
                   .a = d,
                   .a_stride = d_stride,
                   .b = across_.data(),
                   .accumulate = accumulate,
                   .m = rows,
                   .k = used_,
                   .n = rounded_up(inputs_, loops_.lanes)});
}

template <class Real>
void InputMap<Real>::unpack(const Real* weight, Real* d_weight, Real* d_bias) {
  const int outputs = static_cast<int>(column_of_.size());
  Real* rows = fold_ ? folded_.data() : d_weight;
  const long stride = fold_ ? fold_->columns : inputs_;
  for (const ColumnRun& run : runs_) {
    loops_.transpose(rows + run.first * stride, stride, d_wide_.data() + run.column, columns_,
                     depth(), run.count);
  }
  for (int n = 0; n < outputs; ++n) {
    d_bias[n] = d_bias_.data()[column_of_[n]];
    if (fold_) rows[n * stride + fold_->inputs] = d_bias[n];
  }
  if (!fold_) return;
  const int columns = fold_->columns, padded = fold_->padded_width;
  loops_.multiply_transposed({.c = fold_->d_e.data(),
                              .c_stride = columns,
                              .a = weight,
                              .a_stride = inputs_,
                              .b = folded_.data(),
                              .b_stride = columns,
                              .m = outputs,
                              .k = inputs_,
                              .n = columns});
  const bool direct = padded == inputs_;
  Real* to = direct ? d_weight : d_weight_.data();
  loops_.multiply({.c = to,
                   .c_stride = padded,
                   .a = folded_.data(),
                   .a_stride = columns,
                   .b = fold_->e_across.data(),
                   .b_stride = padded,
                   .m = outputs,
                   .k = fold_->inputs + 1,
                   .n = padded});
  if (direct) return;
  for (int n = 0; n < outputs; ++n) {
    std::copy_n(to + static_cast<long>(n) * padded, inputs_,
                d_weight + static_cast<long>(n) * inputs_);
  }
}

template struct FoldedInput<float>;
template struct FoldedInput<double>;
template class InputMap<float>;
template class InputMap<double>;

}  // namespace psi_xlstm::kernels
