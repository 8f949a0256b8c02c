#include "core/utf8.hpp"

#include <gtest/gtest.h>

namespace psi_xlstm {
namespace {

TEST(Printable, KeepsValidText) {
  const std::string text = "a \xc2\xb5s \xce\xa9 \xe4\xb8\xad \xf0\x9f\x98\x80 <&>'\"";
  EXPECT_EQ(printable(text), text);
}

TEST(Printable, PutsEverythingOnOneLineAndDropsEscapeSequences) {
  EXPECT_EQ(printable("a\r\n\tb"), "a b");
  EXPECT_EQ(printable("red \x1b[31m"), "red  [31m");
  EXPECT_EQ(printable("a\xe2\x80\xae"
                      "b"),
            "a b");  // U+202E turns the text around.
}

TEST(Printable, MarksBytesThatAreNotUtf8) {
  EXPECT_EQ(printable("\xff"), "?");
  EXPECT_EQ(printable("\xc3"), "?");                 // Cut off.
  EXPECT_EQ(printable("\xc0\xaf"), "??");            // An overlong slash.
  EXPECT_EQ(printable("\xed\xa0\x80"), "???");       // A surrogate.
  EXPECT_EQ(printable("\xf4\x90\x80\x80"), "????");  // Above U+10FFFF.
}

TEST(Printable, KeepsLineEndsWhereTextHasLines) {
  EXPECT_EQ(printable_lines("a\x1b[2J\nb\r\n\nc"), "a [2J\nb \n\nc");
  EXPECT_EQ(printable_lines(""), "");
  EXPECT_EQ(printable_lines("\n"), "\n");
}

TEST(Cut, LeavesWholeCharacters) {
  EXPECT_EQ(cut("abc", 3), "abc");
  EXPECT_EQ(cut("abcd", 3), "abc...");
  EXPECT_EQ(cut("a\xe4\xb8\xad", 3), "a...");
  EXPECT_EQ(in_quotes("a\x07"
                      "b"),
            "\"a b\"");
  EXPECT_EQ(in_quotes("abcd", 2), "\"ab...\"");
}

TEST(DisplayWidth, CountsColumnsRatherThanBytes) {
  EXPECT_EQ(display_width("abc"), 3);
  EXPECT_EQ(display_width("\xc2\xb5s"), 2);
  EXPECT_EQ(display_width("\xe4\xb8\xad"), 2);
  EXPECT_EQ(display_width("e\xcc\x81"), 1);
}

}  // namespace
}  // namespace psi_xlstm
