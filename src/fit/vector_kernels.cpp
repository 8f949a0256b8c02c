// Only plain arrays in this file, see core/instruction_sets.hpp.
#include "fit/vector_kernels.hpp"

#include "core/instruction_sets.hpp"

namespace psi_xlstm::fit {

PSI_INSTRUCTION_SETS void linear_combination(
    double* out, int width, const double* coefficients, const double* const* rows, int count) {
  constexpr int kLanes = 8;
  int i = 0;
  for (; i + kLanes <= width; i += kLanes) {
    double sum[kLanes] = {};
    for (int j = 0; j < count; ++j) {
      const double factor = coefficients[j];
      const double* row = rows[j] + i;
      for (int lane = 0; lane < kLanes; ++lane) sum[lane] += factor * row[lane];
    }
    for (int lane = 0; lane < kLanes; ++lane) out[i + lane] = sum[lane];
  }
  for (; i < width; ++i) {
    double sum = 0;
    for (int j = 0; j < count; ++j) sum += coefficients[j] * rows[j][i];
    out[i] = sum;
  }
}

PSI_INSTRUCTION_SETS void add_outer_products(double* matrix,
                                             int width,
                                             const double* rows,
                                             int count) {
  for (int i = 0; i < width; ++i) {
    double* out = matrix + i * width;
    const int first = i / 4 * 4;  // aligned start: a few entries below the diagonal come along
    int j = 0;
    for (; j + 4 <= count; j += 4) {
      const double* r0 = rows + (j + 0) * width;
      const double* r1 = rows + (j + 1) * width;
      const double* r2 = rows + (j + 2) * width;
      const double* r3 = rows + (j + 3) * width;
      const double a0 = r0[i], a1 = r1[i], a2 = r2[i], a3 = r3[i];
      for (int c = first; c < width; ++c) {
        out[c] += a0 * r0[c] + a1 * r1[c] + a2 * r2[c] + a3 * r3[c];
      }
    }
    for (; j < count; ++j) {
      const double* row = rows + j * width;
      const double factor = row[i];
      for (int c = first; c < width; ++c) out[c] += factor * row[c];
    }
  }
}

}  // namespace psi_xlstm::fit
