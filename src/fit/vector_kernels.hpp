#pragma once

/// @file
/// The two inner loops of least squares with forward sensitivities, on plain arrays. Compiled once
/// for each instruction set and chosen when the program starts; the same machine gives the same
/// bytes.

namespace psi_xlstm::fit {

/// out[i] = sum_j coefficients[j] * rows[j][i] for i in 0..width-1; `out` may be one of the rows.
void linear_combination(
    double* out, int width, const double* coefficients, const double* const* rows, int count);

/// Adds sum_j row_j^T row_j to the upper triangle of the row-major `matrix` [width, width];
/// `rows` is [count, width]. `width` must be a multiple of 4.
void add_outer_products(double* matrix, int width, const double* rows, int count);

}  // namespace psi_xlstm::fit
