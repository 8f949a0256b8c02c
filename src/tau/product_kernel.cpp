// Only plain arrays in this file, see core/instruction_sets.hpp.
#include "tau/product_kernel.hpp"

#include "core/instruction_sets.hpp"

namespace psi_xlstm::tau {
namespace {

// One row of a tile; loads and stores need no alignment beyond that of a double.
typedef double Lanes __attribute__((vector_size(kTile * sizeof(double)), aligned(8)));

}  // namespace

PSI_INSTRUCTION_SETS void add_products(double* matrix, int width, const double* rows, int count) {
  for (int i = 0; i < width; i += kTile) {
    for (int c = i; c < width; c += kTile) {
      Lanes sum[kTile];
      for (int a = 0; a < kTile; ++a) {
        sum[a] = *reinterpret_cast<const Lanes*>(matrix + (i + a) * width + c);
      }
      for (int j = 0; j < count; ++j) {
        const double* row = rows + j * width;
        const Lanes right = *reinterpret_cast<const Lanes*>(row + c);
        for (int a = 0; a < kTile; ++a) sum[a] += row[i + a] * right;
      }
      for (int a = 0; a < kTile; ++a) {
        *reinterpret_cast<Lanes*>(matrix + (i + a) * width + c) = sum[a];
      }
    }
  }
}

}  // namespace psi_xlstm::tau
