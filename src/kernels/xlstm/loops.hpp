#pragma once

/// @file
/// The table of the loops of the xLSTM cells, made in instruction_sets/.

#include "kernels/simd/gemm.hpp"
#include "kernels/xlstm/arguments.hpp"
#include "kernels/xlstm/gates.hpp"
#include "kernels/xlstm/memory.hpp"
#include "kernels/xlstm/norm.hpp"
#include "kernels/xlstm/rows.hpp"
#include "kernels/xlstm/slstm.hpp"

namespace psi_xlstm::kernels {

template <class Real, int Bytes>
struct XlstmTable {
  using Product = Gemm<Real, Bytes>;
  using Slstm = SlstmLoops<Real, Bytes>;
  using Gates = GateLoops<Real, Bytes>;
  using Memory = MemoryLoops<Real, Bytes>;
  using Rows = RowLoops<Real, Bytes>;
  using Norm = NormLoops<Real, Bytes>;

  static constexpr XlstmLoops<Real> kLoops = {
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
  };
};

template <class Real, int Bytes>
const XlstmLoops<Real>& xlstm_loops() {
  return XlstmTable<Real, Bytes>::kLoops;
}

}  // namespace psi_xlstm::kernels
