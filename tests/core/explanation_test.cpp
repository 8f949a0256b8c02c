#include "core/explanation.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <new>
#include <stdexcept>
#include <system_error>

#include "psi_xlstm/core/error.hpp"

namespace psi_xlstm {
namespace {

TEST(Explanation, IsOneSentenceWhateverWasThrown) {
  EXPECT_EQ(explanation(DataError("a.csv: expected x, found y")), "a.csv: expected x, found y");
  EXPECT_EQ(explanation(std::filesystem::filesystem_error(
                "stat", "/some/file", std::make_error_code(std::errc::permission_denied))),
            "/some/file: expected a file or folder that can be used, found: Permission denied");
  EXPECT_EQ(explanation(std::bad_alloc()),
            "memory: expected enough for the work, found the end of it");
  EXPECT_EQ(explanation(std::runtime_error("odd")), "unexpected: odd");
}

}  // namespace
}  // namespace psi_xlstm
