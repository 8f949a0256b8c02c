#pragma once

namespace psi_xlstm::testing {

extern const char* const kTestDir;    ///< The folder tests/ of the source tree.
extern const char* const kSourceDir;  ///< The root of the source tree.

}  // namespace psi_xlstm::testing
