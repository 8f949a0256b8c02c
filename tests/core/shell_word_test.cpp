#include "core/shell_word.hpp"

#include <gtest/gtest.h>

namespace psi_xlstm {
namespace {

TEST(ShellWord, QuotesOnlyWhereItMust) {
  EXPECT_EQ(shell_word("results/a_1.csv"), "results/a_1.csv");
  EXPECT_EQ(shell_word("2-1"), "2-1");
  EXPECT_EQ(shell_word("my file.csv"), "'my file.csv'");
  EXPECT_EQ(shell_word("V(out)"), "'V(out)'");
  EXPECT_EQ(shell_word("it's $HOME"), "'it'\\''s $HOME'");
  EXPECT_EQ(shell_word(""), "''");
}

}  // namespace
}  // namespace psi_xlstm
