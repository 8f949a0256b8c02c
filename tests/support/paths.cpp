#include "support/paths.hpp"

namespace psi_xlstm::testing {

const char* const kTestDir = PSI_TEST_DIR;
const char* const kSourceDir = PSI_SOURCE_DIR;

}  // namespace psi_xlstm::testing
