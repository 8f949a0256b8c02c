#include "core/identifier.hpp"

#include <gtest/gtest.h>

#include <string>

#include "psi_xlstm/core/error.hpp"

namespace psi_xlstm {
namespace {

TEST(Identifier, IsALetterThenLettersDigitsAndUnderscores) {
  for (const char* good : {"a", "Z", "x1", "my_model_2", "A__"}) EXPECT_TRUE(is_identifier(good));
  for (const char* bad :
       {"", "1x", "_x", "a-b", "a b", "a.b", "a\n", "\xc3\xa9", "a\xc3\xa9", "x)"}) {
    EXPECT_FALSE(is_identifier(bad)) << bad;
  }
}

TEST(Identifier, HasAtMost64Characters) {
  EXPECT_TRUE(is_identifier(std::string(64, 'a')));
  EXPECT_FALSE(is_identifier(std::string(65, 'a')));
  EXPECT_FALSE(is_identifier(std::string_view("a\0b", 3)));
}

TEST(CheckedIdentifier, ReturnsTheNameOrSaysWhereItIsWrong) {
  EXPECT_EQ(checked_identifier("p_1", "port"), "p_1");
  try {
    checked_identifier("p\".control", "port name");
    FAIL() << "nothing was thrown";
  } catch (const ConfigError& e) {
    EXPECT_STREQ(e.what(),
                 "port name: expected a letter followed by letters, digits or underscores (at most "
                 "64 characters), found \"p\".control\"");
  }
}

TEST(IdentifierFrom, KeepsWhatIsAllowedAndReplacesTheRest) {
  EXPECT_EQ(identifier_from("sweep_2"), "sweep_2");
  EXPECT_EQ(identifier_from("my sweep-2.csv"), "my_sweep_2_csv");
  EXPECT_EQ(identifier_from("2 mA"), "device_2_mA");
  EXPECT_EQ(identifier_from(""), "device_");
  EXPECT_EQ(identifier_from("_x"), "device__x");
  EXPECT_EQ(identifier_from("\xc3\xa9"), "device___");
}

TEST(IdentifierFrom, MakesAnIdentifierOfAnyText) {
  for (int first = 0; first < 256; ++first) {
    for (std::size_t length : {0U, 1U, 56U, 57U, 63U, 64U, 200U}) {
      const std::string text = static_cast<char>(first) + std::string(length, '9');
      EXPECT_TRUE(is_identifier(identifier_from(text))) << first << ", " << length;
    }
  }
}

}  // namespace
}  // namespace psi_xlstm
