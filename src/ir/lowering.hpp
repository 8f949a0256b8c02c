#pragma once

#include "psi_xlstm/ir/network.hpp"

namespace psi_xlstm::ir {

/// What a printer has a form for.
enum class GroupSums { kLowered, kKept };

/// `network` without kStandard and, where they are lowered, kGroupSum, for printers that have no
/// form for them: both are made of sums, products and roots of single elements, affine nodes of
/// width 1 and kGather. Computes the same; nodes and parameters behind the first one that is
/// replaced have other numbers. Where there is none a copy.
Network lowered(const Network& network, GroupSums sums = GroupSums::kLowered);

}  // namespace psi_xlstm::ir
