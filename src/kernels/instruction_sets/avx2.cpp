// The kernels for AVX2 and FMA: this file alone is compiled with those flags.
//
// It and everything it includes hold plain arrays and templates on the vector length only, nothing
// of std or Eigen: the linker keeps one copy of an inline function for the whole program, and that
// must not be one compiled here.
#define PSI_VECTOR_BYTES 32
#include "kernels/instruction_sets/tables.hpp"
