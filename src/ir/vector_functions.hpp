#pragma once

namespace psi_xlstm::ir {

/// y[i] = tanh(a[i]) for i = 0..count-1, to 1e-15 absolute and 4e-16 relative near 0. `y` may be
/// `a`. Compiled once for each instruction set and chosen when the program starts; an element's
/// result does not depend on its place or on its neighbours.
void tanh_of(const double* a, double* y, int count);

}  // namespace psi_xlstm::ir
