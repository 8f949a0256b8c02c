// Instantiates every table of loops for vectors of PSI_VECTOR_BYTES; included by isa_*.cpp only.
// A table is a function template that is declared where it is used and defined here:
//
//   template <class Real, int Bytes> const Loops<Real>& loops();       // <name>_arguments.hpp
//   template const Loops<float>& loops<float, PSI_VECTOR_BYTES>();     // here

#include "kernels/compact/loops.hpp"
#include "kernels/continuous/loops.hpp"
#include "kernels/simd/vector_math_loops.hpp"
#include "kernels/xlstm/loops.hpp"

namespace psi_xlstm::kernels {

template const CompactLoops<float>& compact_loops<float, PSI_VECTOR_BYTES>();
template const CompactLoops<double>& compact_loops<double, PSI_VECTOR_BYTES>();
template const PublishedLoops<float>& published_loops<float, PSI_VECTOR_BYTES>();
template const PublishedLoops<double>& published_loops<double, PSI_VECTOR_BYTES>();
template const RelaxationLoops<float>& relaxation_loops<float, PSI_VECTOR_BYTES>();
template const RelaxationLoops<double>& relaxation_loops<double, PSI_VECTOR_BYTES>();
template const VectorMath<float>& vector_math<float, PSI_VECTOR_BYTES>();
template const VectorMath<double>& vector_math<double, PSI_VECTOR_BYTES>();

}  // namespace psi_xlstm::kernels
