#pragma once

/// @file
/// The table of the published convention's loops, made in isa_*.cpp.

#include "kernels/simd/norm.hpp"
#include "kernels/simd/optimizer.hpp"
#include "kernels/simd/rows.hpp"
#include "kernels/xlstm/arguments.hpp"
#include "kernels/xlstm/gates.hpp"
#include "kernels/xlstm/memory.hpp"
#include "kernels/xlstm/slstm.hpp"

namespace psi_xlstm::kernels {

template <class Real, int Bytes>
struct PublishedTable {
  using Product = Gemm<Real, Bytes>;
  using Slstm = SlstmPublishedLoops<Real, Bytes>;
  using Gates = GatesPublishedLoops<Real, Bytes>;
  using Memory = MemoryPublishedLoops<Real, Bytes>;
  using Rows = RowsPublishedLoops<Real, Bytes>;
  using Norm = NormPublishedLoops<Real, Bytes>;
  using Optimizer = OptimizerLoops<Real, Bytes>;

  static constexpr PublishedLoops<Real> kLoops = {
      .lanes = Product::kLanes,
      .pack = &Product::pack,
      .transpose = &Product::transpose,
      .panels = &Product::panels,
      .panel_begin = &Product::panel_begin,
      .multiply = &Product::multiply,
      .multiply_transposed = &Product::multiply_transposed,
      .slstm_forward = &Slstm::forward,
      .slstm_backward = &Slstm::backward,
      .gates_forward = &Gates::forward,
      .gates_backward = &Gates::backward,
      .memory_scan = &Memory::memory_scan,
      .vector_scan = &Memory::vector_scan,
      .normalise = &Rows::normalise,
      .normalise_backward = &Rows::normalise_backward,
      .gate_gradients = &Rows::gate_gradients,
      .norm_forward = &Norm::norm_forward,
      .norm_backward = &Norm::norm_backward,
      .head_forward = &Norm::head_forward,
      .head_backward = &Norm::head_backward,
      .adamw = &Optimizer::adamw,
      .sum_of_squares = &Optimizer::sum_of_squares,
      .peak = &Optimizer::peak,
      .peak_operations = 2L * Optimizer::kPeakSums * Product::kLanes,
  };
};

template <class Real, int Bytes>
const PublishedLoops<Real>& published_loops() {
  return PublishedTable<Real, Bytes>::kLoops;
}

}  // namespace psi_xlstm::kernels
