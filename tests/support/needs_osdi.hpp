#pragma once

/// @file
/// Tests that run compiled models in ngspice.

#include <gtest/gtest.h>

#include <cstdlib>
#include <string>

#include "simulators/ngspice/forms.hpp"

namespace psi_xlstm::testing {

/// Why no compiled model can be run here, "" where it can. With PSI_REQUIRE_OSDI=1 that it cannot
/// is a failure.
inline std::string missing_osdi() {
  const std::string problem = problem_with_osdi({});
  const char* required = std::getenv("PSI_REQUIRE_OSDI");
  if (required != nullptr && std::string(required) == "1") {
    EXPECT_EQ(problem, "");
  }
  return problem;
}

/// Left out where the ngspice in use has no OSDI.
class NeedsOsdi : public ::testing::Test {
 protected:
  void SetUp() override {
    const std::string problem = missing_osdi();
    if (!problem.empty()) GTEST_SKIP() << problem;
  }
};

}  // namespace psi_xlstm::testing
