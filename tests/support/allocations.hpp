#pragma once

/// @file
/// How often a test program has asked for memory. Link support/allocations.cpp into it.

namespace psi_xlstm::testing {

/// Calls of operator new since the program began.
long allocations();

}  // namespace psi_xlstm::testing
