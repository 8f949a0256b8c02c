#pragma once

/// @file
/// The parts of an emitted C file that are the same for every model: src/hdl/osdi/runtime/*.h, word
/// for word but for what stands in "#if CHARGES", which only a network with charges has.

namespace psi_xlstm::hdl {

extern const char* const kOsdiAbi;         ///< The interface of OSDI 0.3, and of 0.4.
extern const char* const kOsdiVectorMath;  ///< exp, tanh, ... on four doubles at once.
extern const char* const kOsdiLoops;       ///< Dense layers as loops, where there are any.
extern const char* const kOsdiTables;      ///< Residuals and matrix of such a device.
extern const char* const kOsdiDevice;      ///< What one instance holds.
extern const char* const kOsdiInterface;   ///< The functions that the simulator calls.
extern const char* const kOsdiRelease4;    ///< Those that 0.4 has besides.
extern const char* const kOsdiDescriptor;  ///< What a library shows to the simulator.

}  // namespace psi_xlstm::hdl
