#include "simulators/ngspice/forms.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "support/needs_osdi.hpp"

namespace psi_xlstm {
namespace {

// Every ngspice with OSDI loads 0.3; from 44 on 0.4 as well. It is asked, whatever its number.
TEST(OsdiReleases, AreThoseWhoseSmallestDeviceIsLoaded) {
  if (const std::string problem = problem_with_osdi({}); !problem.empty()) GTEST_SKIP() << problem;
  const std::vector<hdl::OsdiRelease> releases = loaded_releases({});
  EXPECT_NE(std::count(releases.begin(), releases.end(), hdl::OsdiRelease::k03), 0);
}

TEST(OsdiReleases, AreNoneWhereTheMachinesOwnLibraryHasNoOsdi) {
  const SimulatorOptions own{.library = "libngspice.so.0"};
  if (problem_with_osdi(own).empty()) GTEST_SKIP() << "the installed one has OSDI";
  EXPECT_TRUE(loaded_releases(own).empty());
}

}  // namespace
}  // namespace psi_xlstm
