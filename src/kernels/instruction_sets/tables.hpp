// Instantiates every table of loops for vectors of PSI_VECTOR_BYTES; included in this folder only.
// A table is a function template that is declared where it is used and defined here:
//
//   template <class Real, int Bytes> const Loops<Real>& loops();       // arguments.hpp
//   template const Loops<float>& loops<float, PSI_VECTOR_BYTES>();     // here

#include "kernels/compact/loops.hpp"
#include "kernels/continuous/loops.hpp"
#include "kernels/simd/optimizer_loops.hpp"
#include "kernels/simd/vector_math_loops.hpp"
#include "kernels/xlstm/loops.hpp"

namespace psi_xlstm::kernels {

template const CompactLoops<float>& compact_loops<float, PSI_VECTOR_BYTES>();
template const CompactLoops<double>& compact_loops<double, PSI_VECTOR_BYTES>();
template const ContinuousLoops<float>& continuous_loops<float, PSI_VECTOR_BYTES>();
template const ContinuousLoops<double>& continuous_loops<double, PSI_VECTOR_BYTES>();
template const OptimizerLoops<float>& optimizer_loops<float, PSI_VECTOR_BYTES>();
template const OptimizerLoops<double>& optimizer_loops<double, PSI_VECTOR_BYTES>();
template const VectorMath<float>& vector_math<float, PSI_VECTOR_BYTES>();
template const VectorMath<double>& vector_math<double, PSI_VECTOR_BYTES>();
template const XlstmLoops<float>& xlstm_loops<float, PSI_VECTOR_BYTES>();
template const XlstmLoops<double>& xlstm_loops<double, PSI_VECTOR_BYTES>();

}  // namespace psi_xlstm::kernels
