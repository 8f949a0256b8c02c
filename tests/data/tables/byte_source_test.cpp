#include "data/tables/byte_source.hpp"

#include <gtest/gtest.h>
#include <zlib.h>

#include <algorithm>
#include <array>
#include <string>

#include "psi_xlstm/core/error.hpp"
#include "psi_xlstm/data/readers/reading.hpp"
#include "support/data_folder.hpp"

namespace psi_xlstm {
namespace {

std::string gzip_of(const std::string& bytes) {
  z_stream stream{};
  deflateInit2(&stream, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY);
  std::string packed(deflateBound(&stream, bytes.size()), '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
  stream.avail_in = static_cast<uInt>(bytes.size());
  stream.next_out = reinterpret_cast<Bytef*>(packed.data());
  stream.avail_out = static_cast<uInt>(packed.size());
  EXPECT_EQ(deflate(&stream, Z_FINISH), Z_STREAM_END);
  packed.resize(stream.total_out);
  deflateEnd(&stream);
  return packed;
}

// A text longer than every buffer on the way.
std::string long_text() {
  std::string text = "t,v,i\n";
  for (int i = 0; i < 100'000; ++i) {
    text += std::to_string(i) + "," + std::to_string(i * 7919 % 1'000'003) + ",1\n";
  }
  return text;
}

std::string all_of(ByteSource source) { return source.rest(std::uint64_t{1} << 30); }

TEST(ByteSource, GivesThePlainBytes) {
  const testing::DataFolder folder;
  const std::string text = long_text();
  EXPECT_EQ(all_of(ByteSource(folder.write("a", text))), text);
  for (const char* small : {"", "x", "xy", "\x1F", "\xFF\xFD"}) {
    EXPECT_EQ(all_of(ByteSource(folder.write("a", small))), small);
  }
}

TEST(ByteSource, UnpacksGzipAlsoInSeveralMembers) {
  const testing::DataFolder folder;
  const std::string text = long_text();
  ByteSource source(folder.write("a.gz", gzip_of(text)));
  EXPECT_EQ(source.packing(), "gzip");
  EXPECT_TRUE(text.starts_with(source.head()));
  EXPECT_FALSE(source.head_is_all());
  EXPECT_EQ(all_of(std::move(source)), text);
  EXPECT_EQ(all_of(ByteSource(folder.write("b.gz", gzip_of("one\n") + gzip_of("two\n")))),
            "one\ntwo\n");
  EXPECT_EQ(all_of(ByteSource(folder.write("c.gz", gzip_of("one\n") + std::string(512, '\0')))),
            "one\n");
  EXPECT_EQ(all_of(ByteSource(folder.write("d.gz", gzip_of("")))), "");
}

TEST(ByteSource, DecodesUtf16) {
  const testing::DataFolder folder;
  const std::string little(
      "\xFF\xFE"
      "A\0\xB5\0\xAC\x20\x3D\xD8\x00\xDE",
      12);
  const std::string expected = "A\xC2\xB5\xE2\x82\xAC\xF0\x9F\x98\x80";
  EXPECT_EQ(all_of(ByteSource(folder.write("a", little))), expected);
  ByteSource packed(folder.write("b", gzip_of(little)));
  EXPECT_EQ(packed.packing(), "gzip, UTF-16");
  EXPECT_EQ(all_of(std::move(packed)), expected);
}

TEST(ByteSource, RefusesMoreThanItIsToldToTake) {
  const testing::DataFolder folder;
  ByteSource source(folder.write("a", std::string(200'000, 'x')));
  try {
    source.rest(100'000);
    FAIL() << "nothing was thrown";
  } catch (const DataError& e) {
    EXPECT_EQ(folder.without_folder(e.what()),
              "a: expected a file of this kind of at most 100000 bytes, found more");
  }
}

TEST(ReadRecording, ReadsPackedFiles) {
  const testing::DataFolder folder;
  std::string text = "t,v,i\n";
  for (int k = 0; k < 60; ++k) text += std::to_string(k) + ",1," + std::to_string(k) + "\n";
  const Reading reading = read_recording(folder.write("dev.csv.gz", gzip_of(text)));
  ASSERT_EQ(reading.records.size(), 1U);
  EXPECT_EQ(reading.records[0].id, "dev");
  EXPECT_EQ(reading.records[0].current[0][59], 59);
  EXPECT_EQ(reading.details.back(), "gzip");
}

TEST(ReadRecording, RefusesDamagedGzip) {
  const testing::DataFolder folder;
  const std::string packed = gzip_of(long_text());
  const auto refusal = [&](const std::string& bytes) {
    try {
      read_recording(folder.write("a.gz", bytes));
    } catch (const DataError& e) {
      return folder.without_folder(e.what());
    }
    return std::string("nothing was thrown");
  };
  EXPECT_NE(refusal(packed.substr(0, packed.size() / 2)).find("found its end: it is cut off"),
            std::string::npos);
  EXPECT_NE(refusal("\x1F\x8B" + std::string(20, 'x')), "nothing was thrown");
  std::string damaged = packed;
  for (std::size_t i = 200; i < 300; ++i) damaged[i] = 'x';
  EXPECT_NE(refusal(damaged).find("expected a gzip file that can be unpacked, found: "),
            std::string::npos);
}

// As spreadsheets of old Macintoshes end lines; a file larger than its head, so that both ways are
// taken.
TEST(ByteSource, MakesLinesOfCarriageReturnsAlone) {
  std::string text = "time_s,voltage_V\r";
  while (text.size() < (std::size_t{300} << 10)) text += "1e-6,0.5\r";
  std::string wanted = text;
  std::replace(wanted.begin(), wanted.end(), '\r', '\n');
  const testing::DataFolder folder;
  ByteSource source(folder.write("returns.csv", text));
  EXPECT_EQ(source.packing(), "lines ended by CR");
  EXPECT_TRUE(all_of(std::move(source)) == wanted);  // too long to be shown
  EXPECT_EQ(ByteSource(folder.write("both.csv", "a,b\r\n1,2\r\n")).packing(), "");
  const ByteSource packed(folder.write("returns.csv.gz", gzip_of("a,b\r1,2\r")));
  EXPECT_EQ(packed.packing(), "gzip, lines ended by CR");
}

}  // namespace
}  // namespace psi_xlstm
