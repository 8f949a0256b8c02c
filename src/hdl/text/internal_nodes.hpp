#pragma once

/// @file
/// Which sums of a wide network become nodes of the circuit, so that every equation is short and
/// the Jacobian sparse.

#include <vector>

#include "hdl/text/plan.hpp"
#include "psi_xlstm/ir/network.hpp"

namespace psi_xlstm::hdl {

/// `network` with more unknowns, behind which every element depends on few numbers:
///
///   - what would depend on more than four ports, states and unknowns: the sums in front of a bend,
///     and those over a row of a memory;
///   - what a matrix multiplies, where it is bent: so the equations of the sums are linear.
///
/// No number whose root or logarithm is taken is one, nor a term of it, since an iterate of a
/// simulator may be anything: the root is. `network` is without kStandard (ir::lowered).
ir::Network with_internal_nodes(ir::Network network);

/// What the elements of the unknowns of `network` are at 0 V and at the start that `plan` takes
/// without another: where a simulator begins. [unknowns][width]
std::vector<std::vector<double>> unknowns_at_start(const ir::Network& network,
                                                   const EmissionPlan& plan);

}  // namespace psi_xlstm::hdl
