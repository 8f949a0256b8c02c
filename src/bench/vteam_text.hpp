#pragma once

/// @file
/// A VTEAM memristor as a designer writes it: src/bench/vteam/*, word for word.

namespace psi_xlstm {

extern const char* const kVteamOsdi;        ///< C behind the interface of OSDI: device "vteam".
extern const char* const kVteamSubcircuit;  ///< Subcircuit "vteam p n".

}  // namespace psi_xlstm
