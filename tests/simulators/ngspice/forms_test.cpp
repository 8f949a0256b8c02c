#include "simulators/ngspice/forms.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "psi_xlstm/core/error.hpp"
#include "simulators/ngspice/ngspice.hpp"
#include "support/message_of.hpp"
#include "support/needs_osdi.hpp"
#include "support/networks.hpp"

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

// A compiled model of the user's that this ngspice does not take: no form is run beside it.
TEST(OwnLibraries, ThatAreRefusedAreASentence) {
  if (const std::string problem = problem_with_osdi({}); !problem.empty()) GTEST_SKIP() << problem;
  const std::vector<hdl::OsdiRelease> releases = loaded_releases({});
  if (std::count(releases.begin(), releases.end(), hdl::OsdiRelease::k04) != 0) {
    GTEST_SKIP() << "this ngspice loads OSDI 0.4";
  }
  const EmittedModel later(testing::one_state(), EmittedForm::kOsdi, {}, hdl::OsdiRelease::k04);
  SimulatorOptions options;
  options.osdi = {later.library()};
  const std::string problem = testing::message_of<SpiceError>(
      [&] { Ngspice(options).prepared(testing::three_states(), EmittedForm::kSubcircuit); });
  EXPECT_TRUE(problem.starts_with("ngspice cannot load one_state.osdi, which is of OSDI 0.4: "))
      << problem;
}

}  // namespace
}  // namespace psi_xlstm
