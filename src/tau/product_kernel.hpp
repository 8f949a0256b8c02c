#pragma once

/// @file
/// The inner loop of tau/moments.hpp on plain arrays. Compiled once for each instruction set and
/// chosen when the program starts; the same machine gives the same bytes.

namespace psi_xlstm::tau {

/// Rows and columns of a matrix of sums come in tiles of so many.
inline constexpr int kTile = 8;

/// Adds sum_j row_j^T row_j to the tiles on and above the diagonal of the row-major `matrix`
/// [width, width]; `rows` is [count, width]. `width` must be a multiple of kTile.
void add_products(double* matrix, int width, const double* rows, int count);

}  // namespace psi_xlstm::tau
