// Only plain arrays in this file, see core/instruction_sets.hpp.
#include "model/streaming_loops.hpp"

#include "core/instruction_sets.hpp"

namespace psi_xlstm {

PSI_INSTRUCTION_SETS void weighted_rows(
    float* out, const float* rows, const float* in, int inputs, int width) {
  for (int first = 0; first < width; first += kStreamingGroup) {
    float sum[kStreamingGroup] = {};
    for (int i = 0; i < inputs; ++i) {
      const float factor = in[i];
      const float* row = rows + i * width + first;
      for (int o = 0; o < kStreamingGroup; ++o) sum[o] += factor * row[o];
    }
    for (int o = 0; o < kStreamingGroup; ++o) out[first + o] = sum[o];
  }
}

// The quotient of polynomials that Eigen uses (Eigen/src/Core/MathFunctionsImpl.h, MPL 2.0).
PSI_INSTRUCTION_SETS void tanh_in_place(float* x, int width) {
  constexpr float kLargest = 7.90531110763549805f;  // tanh is 1 in single precision
  for (int i = 0; i < width; ++i) {
    float a = x[i] < kLargest ? x[i] : kLargest;
    a = a > -kLargest ? a : -kLargest;
    const float s = a * a;
    float p = -2.76076847742355e-16f;
    p = p * s + 2.00018790482477e-13f;
    p = p * s + -8.60467152213735e-11f;
    p = p * s + 5.12229709037114e-08f;
    p = p * s + 1.48572235717979e-05f;
    p = p * s + 6.37261928875436e-04f;
    p = p * s + 4.89352455891786e-03f;
    float q = 1.19825839466702e-06f;
    q = q * s + 1.18534705686654e-04f;
    q = q * s + 2.26843463243900e-03f;
    q = q * s + 4.89352518554385e-03f;
    x[i] = a * p / q;
  }
}

}  // namespace psi_xlstm
