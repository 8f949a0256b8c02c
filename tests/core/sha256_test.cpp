#include "core/sha256.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace psi_xlstm {
namespace {

// The examples of FIPS 180-4 (NIST, "SHA256.pdf").
TEST(Sha256Hex, MatchesThePublishedExamples) {
  EXPECT_EQ(sha256_hex(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(sha256_hex("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(sha256_hex(std::string(1000000, 'a')),
            "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

TEST(Sha256, DoesNotDependOnThePieces) {
  Sha256 checksum;
  checksum.add("a");
  checksum.add("");
  EXPECT_EQ(checksum.hex(), sha256_hex("a"));
  checksum.add("bc");
  EXPECT_EQ(checksum.hex(), sha256_hex("abc"));
}

// 1.0 is 3ff0000000000000, -2.0 is c000000000000000; the least significant byte comes first.
TEST(Sha256, TakesDoublesAsLittleEndianBytes) {
  const std::vector<double> values = {1.0, -2.0};
  Sha256 checksum;
  checksum.add(values);
  EXPECT_EQ(checksum.hex(), sha256_hex(std::string("\0\0\0\0\0\0\xf0\x3f\0\0\0\0\0\0\0\xc0", 16)));
}

}  // namespace
}  // namespace psi_xlstm
