// What fuzzers began with and what they found, for every compiler: corpus/<target>/<file>.

#include <gtest/gtest.h>

#include <filesystem>
#include <set>
#include <string>

#include "core/atomic_file.hpp"
#include "fuzz/targets.hpp"
#include "support/paths.hpp"

namespace psi_xlstm::testing {
namespace {

namespace fs = std::filesystem;

TEST(FuzzCorpus, IsReadOrRefused) {
  for (const FuzzTarget& target : fuzz_targets()) {
    int files = 0;
    for (const auto& entry :
         fs::directory_iterator(fs::path(kTestDir) / "fuzz/corpus" / target.name)) {
      SCOPED_TRACE(entry.path().string());
      ++files;
      EXPECT_NO_THROW(run_fuzz_target(target, read_file(entry.path())));
    }
    EXPECT_GT(files, 0) << target.name;
  }
}

TEST(FuzzCorpus, IsOfTheTargetsThereAre) {
  std::set<std::string> names;
  for (const FuzzTarget& target : fuzz_targets()) names.insert(target.name);
  for (const auto& entry : fs::directory_iterator(fs::path(kTestDir) / "fuzz/corpus")) {
    EXPECT_TRUE(names.contains(entry.path().filename().string())) << entry.path();
  }
}

}  // namespace
}  // namespace psi_xlstm::testing
