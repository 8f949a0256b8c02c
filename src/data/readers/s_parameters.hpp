#pragma once

/// @file
/// Waves into admittances.
///
/// Axis: P ports, 1 or 2.

#include <complex>
#include <vector>

namespace psi_xlstm {

/// The admittances Y = (1 - S) (1 + S)^-1 / Z0 [S] of the scattering parameters `s` against `z0`
/// [ohm], both row-major [P, P]. Nothing is there (an empty list) where 1 + S has no inverse.
std::vector<std::complex<double>> admittances(const std::vector<std::complex<double>>& s,
                                              double z0);

/// The inverse of the row-major matrix `m`, [P, P]; empty where there is none.
std::vector<std::complex<double>> inverse(const std::vector<std::complex<double>>& m);

}  // namespace psi_xlstm
