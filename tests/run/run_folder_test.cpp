#include "run/run_folder.hpp"

#include <gtest/gtest.h>

#include <filesystem>

namespace psi_xlstm {
namespace {

TEST(FitFolder, IsNamedByTheSeedAndTheFit) {
  EXPECT_EQ(fit_folder("a/b", 42, 3), std::filesystem::path("a/b/seed_42/fit_3"));
}

}  // namespace
}  // namespace psi_xlstm
